"""The output of a command."""
import shlex
import subprocess

from ..launch_context import LaunchContext
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['Command']

_STDERR_CHOICES = ('fail', 'ignore', 'warn', 'capture')


class Command(Substitution):
    """
    The standard output of a command, which is run without a shell.

    `on_stderr` says what output on standard error means: 'fail', 'ignore', 'warn', or 'capture'
    to add it to the text.
    """

    def __init__(
        self, command: SomeSubstitutionsType, *, on_stderr: SomeSubstitutionsType = 'fail',
    ) -> None:
        self.__command = normalize_to_list_of_substitutions(command)
        self.__on_stderr = normalize_to_list_of_substitutions(on_stderr)

    @property
    def command(self) -> list[Substitution]:
        """The command line."""
        return self.__command

    @property
    def on_stderr(self) -> list[Substitution]:
        """What output on standard error means."""
        return self.__on_stderr

    def describe(self) -> str:
        """Return the command line as in a launch file."""
        return f'Command({" + ".join(part.describe() for part in self.command)})'

    def perform(self, context: LaunchContext) -> str:
        """Run the command and return its output; raise SubstitutionFailure when it fails."""
        line = perform_substitutions(context, self.command)
        on_stderr = perform_substitutions(context, self.on_stderr)
        if on_stderr not in _STDERR_CHOICES:
            raise SubstitutionFailure(
                f'Command {line!r}: on_stderr is {on_stderr!r}, not one of {_STDERR_CHOICES}')
        result = self.__run(line, context, merge=on_stderr == 'capture')
        self.__judge(line, result, on_stderr)
        return result.stdout

    def __run(
        self, line: str, context: LaunchContext, *, merge: bool,
    ) -> subprocess.CompletedProcess:
        try:
            return subprocess.run(
                shlex.split(line), stdout=subprocess.PIPE, text=True, env=dict(context.environment),
                stderr=subprocess.STDOUT if merge else subprocess.PIPE, check=False)
        except (OSError, ValueError) as error:
            raise SubstitutionFailure(f'Command {line!r}: {error}') from error

    def __judge(self, line: str, result: subprocess.CompletedProcess, on_stderr: str) -> None:
        complaint = (result.stderr or '').strip()
        if result.returncode != 0:
            said = complaint or (result.stdout or '').strip() or 'no output'
            raise SubstitutionFailure(
                f'Command {line!r} ended with exit code {result.returncode}: {said}')
        if complaint and on_stderr == 'fail':
            raise SubstitutionFailure(f'Command {line!r} wrote to standard error: {complaint}')
        if complaint and on_stderr == 'warn':
            get_logger('launch').warning(f'Command {line!r} wrote to standard error: {complaint}')
