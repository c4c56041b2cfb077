"""Run a process."""
from __future__ import annotations

import asyncio
import itertools
import os
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import logging
from ..action import Action
from ..conditions import evaluate_condition_expression
from ..event_handler import BaseEventHandler
from ..event_handlers.on_process_exit import OnProcessExit
from ..event_handlers.on_shutdown import OnShutdown
from ..events.hurry_shutdown import HurryShutdown
from ..events.process import (
    ProcessExited,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
    ProcessTargetedEvent,
    ShutdownProcess,
    SignalProcess,
)
from ..events.shutdown import Shutdown
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..process import OutputLines, ProcessDetails, RunningProcess, wait_first
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..substitutions.launch_configuration import LaunchConfiguration
from ..utilities import (
    TypedValue,
    normalize_to_list_of_entities,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)

if TYPE_CHECKING:
    from ..some_entities_type import SomeEntitiesType

__all__ = ['ExecuteProcess']

_numbers = itertools.count(1)


class ExecuteProcess(Action):
    """
    Runs a process, hands on its output and, when the launch ends, ends it and all it started.

    - `cmd`: the words of the command line, each a text or substitutions to be concatenated.
    - `prefix`: words put before them, by default the launch configuration `launch-prefix`, which
      `launch-prefix-filter` may limit to executables whose name matches.
    - `name`: what the process is called, with a number added; the executable's name by default.
    - `cwd`: the working folder. `env`: the whole environment. `additional_env`: added to it.
    - `shell`: whether a shell reads the command line.
    - `sigterm_timeout`, `sigkill_timeout`: seconds from SIGINT to SIGTERM and on to SIGKILL.
    - `emulate_tty`: whether the process writes to a terminal instead of pipes.
    - `output`: see `launch.logging.get_output_loggers`; the environment variable
      OVERRIDE_LAUNCH_PROCESS_OUTPUT comes first.
    - `output_format`: layout of a line of output, from `line` and `this` (this action).
    - `cached_output`: whether `get_stdout()` and `get_stderr()` can be asked for.
    - `log_cmd`: whether the command line is logged before it is run.
    - `on_exit`: what to visit when the process has ended, entities or a callable.
    - `respawn`, `respawn_delay` (seconds), `respawn_max_retries`: whether, after how long and how
      often at most the process is started again; negative for as often as needed.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: dict[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        additional_env: dict[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType = LaunchConfiguration(  # noqa: B008
            'sigterm_timeout', default=5),
        sigkill_timeout: SomeSubstitutionsType = LaunchConfiguration(  # noqa: B008
            'sigkill_timeout', default=5),
        emulate_tty: bool = False,
        output: SomeSubstitutionsType | dict[str, str | Iterable[str]] = 'log',
        output_format: str = '[{this.process_name}] {line}',
        cached_output: bool = False,
        log_cmd: bool = False,
        on_exit: (
            SomeEntitiesType
            | Callable[[ProcessExited, LaunchContext], SomeEntitiesType | None] | None) = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__cmd = [normalize_to_list_of_substitutions(word) for word in cmd]
        if not self.__cmd:
            raise ValueError('ExecuteProcess: cmd is empty')
        self.__prefix = prefix
        self.__name = name
        self.__cwd = cwd
        self.__env = env
        self.__additional_env = additional_env or {}
        self.__shell = shell
        self.__timeouts = (
            _seconds(sigterm_timeout, 'sigterm_timeout'),
            _seconds(sigkill_timeout, 'sigkill_timeout'))
        self.__emulate_tty = emulate_tty
        self.__output = output
        self.__output_format = output_format
        self.__cached_output = cached_output
        self.__log_cmd = log_cmd
        self.__on_exit = on_exit
        self.__respawn = TypedValue(respawn, bool, 'respawn')
        self.__respawn_delay = respawn_delay or 0.0
        self.__respawn_max_retries = respawn_max_retries
        self.__details: ProcessDetails | None = None
        self.__pid: int | None = None
        self.__task: asyncio.Task | None = None
        self.__process: RunningProcess | None = None
        self.__cache: dict[int, list[str]] = {1: [], 2: []}
        self.__return_code: int | None = None

    @property
    def cmd(self) -> list[list[Substitution]]:
        """The words of the command line before substitution."""
        return self.__cmd

    @property
    def name(self) -> str | None:
        """The unique name of the process once it is known, else the name given."""
        return self.process_name if self.__details else self.__name

    @property
    def process_name(self) -> str:
        """The unique name of the process, with its number."""
        return self.__details.name

    @property
    def process_details(self) -> dict[str, Any] | None:
        """Name, cmd, cwd, env and, once it runs, pid of the process; None before execution."""
        if self.__details is None:
            return None
        known = {
            'action': self, 'name': self.__details.name, 'cmd': self.__details.cmd,
            'cwd': self.__details.cwd, 'env': self.__details.env}
        return known if self.__pid is None else {**known, 'pid': self.__pid}

    @property
    def cwd(self) -> SomeSubstitutionsType | None:
        """The working folder before substitution."""
        return self.__cwd

    @property
    def env(self) -> dict[SomeSubstitutionsType, SomeSubstitutionsType] | None:
        """The whole environment before substitution, None for that of the launch."""
        return self.__env

    @property
    def additional_env(self) -> dict[SomeSubstitutionsType, SomeSubstitutionsType]:
        """What is added to the environment, before substitution."""
        return self.__additional_env

    @property
    def shell(self) -> bool:
        """Whether a shell reads the command line."""
        return self.__shell

    @property
    def emulate_tty(self) -> bool:
        """Whether the process writes to a terminal."""
        return self.__emulate_tty

    @property
    def output(self) -> SomeSubstitutionsType | dict[str, str | Iterable[str]]:
        """Where the output goes."""
        return self.__output

    @property
    def return_code(self) -> int | None:
        """The exit code, None while the process has not ended."""
        return self.__return_code

    def get_stdout(self) -> str:
        """Return the standard output so far; needs `cached_output`."""
        return self.__cached(1)

    def get_stderr(self) -> str:
        """Return the standard error so far; needs `cached_output`."""
        return self.__cached(2)

    def __cached(self, fd: int) -> str:
        if not self.__cached_output:
            raise RuntimeError(f'process {self.name!r} was not given cached_output=True')
        return ''.join(self.__cache[fd])

    def describe(self) -> str:
        """Return the command line as in a launch file."""
        words = (' + '.join(part.describe() for part in word) for word in self.cmd)
        return f'{type(self).__name__}({" ".join(words)})'

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return what follows the end of the process, if it is known."""
        return [] if callable(self.__on_exit) else normalize_to_list_of_entities(self.__on_exit)

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Return the task that ends when the process has ended for good."""
        return self.__task

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Start the process."""
        if self.__task is not None:
            raise RuntimeError(f'process {self.name!r} is executed a second time')
        self.__details = self.__work_out(context)
        if context.is_shutdown:
            return None
        self.__prepare(context)
        for handler in self.__event_handlers():
            context.register_event_handler(handler)
        self.__task = context.asyncio_loop.create_task(self._run(context))
        return None

    # What is to be run.

    def _command_line(self, context: LaunchContext) -> list[str]:
        """Return the words of the command line without the prefix."""
        return [perform_substitutions(context, word) for word in self.cmd]

    def __work_out(self, context: LaunchContext) -> ProcessDetails:
        words = self._command_line(context)
        cmd = self.__prefix_words(context, words[0]) + words
        name = Path(cmd[0]).name if self.__name is None else perform_substitutions(
            context, self.__name)
        return ProcessDetails(
            name=f'{name}-{next(_numbers)}',
            cmd=cmd,
            cwd=None if self.__cwd is None else perform_substitutions(context, self.__cwd),
            env=self.__environment(context),
            shell=self.__shell,
            emulate_tty=self.__wants_terminal(context),
            seconds=tuple(timeout.evaluate(context) for timeout in self.__timeouts))

    def __wants_terminal(self, context: LaunchContext) -> bool:
        wanted = context.launch_configurations.get('emulate_tty')
        return self.__emulate_tty if wanted is None else evaluate_condition_expression(
            context, wanted)

    def __prefix_words(self, context: LaunchContext, executable: str) -> list[str]:
        if self.__prefix is not None:
            return shlex.split(perform_substitutions(context, self.__prefix))
        configurations = context.launch_configurations
        wanted = configurations.get('launch-prefix-filter', '')
        if re.match(wanted, Path(executable).name) is None:
            return []
        return shlex.split(configurations.get('launch-prefix', ''))

    def __environment(self, context: LaunchContext) -> dict[str, str]:
        environment = dict(context.environment) if self.__env is None else {}
        for name, value in [*(self.__env or {}).items(), *self.__additional_env.items()]:
            environment[perform_substitutions(context, name)] = (
                perform_substitutions(context, value))
        return environment

    def __prepare(self, context: LaunchContext) -> None:
        self.__respawn_wanted = self.__respawn.evaluate(context)
        self.__logger = logging.get_logger(self.process_name)
        output = os.environ.get('OVERRIDE_LAUNCH_PROCESS_OUTPUT') or self.__output
        if not isinstance(output, dict):
            output = perform_substitutions(context, output)
        self.__loggers = dict(enumerate(
            logging.get_output_loggers(self.process_name, output), start=1))
        self.__lines = {1: OutputLines(), 2: OutputLines()}
        self.__end_wanted = asyncio.Event()
        self.__hurry = asyncio.Event()

    def __event_handlers(self) -> list[BaseEventHandler]:
        handlers = [
            _Targeted(ShutdownProcess, self, lambda _: self.__end_wanted.set()),
            _Targeted(SignalProcess, self, self.__on_signal),
            OnShutdown(on_shutdown=self.__on_shutdown),
            _On(HurryShutdown, lambda _: self.__hurry.set()),
        ]
        if self.__on_exit is not None:
            handlers.append(OnProcessExit(target_action=self, on_exit=self.__on_exit))
        return handlers

    # While it runs.

    async def _run(self, context: LaunchContext) -> None:
        """Run the process, as often as it is to be started again."""
        for run in itertools.count():
            if self.__end_wanted.is_set():
                return
            await self.__run_once(context)
            runs_again = self.__starts_again(run)
            await self.__process.clear_up(runs_again=runs_again)
            if not runs_again:
                return
            await wait_first(self.__end_wanted.wait(), timeout=self.__respawn_delay)

    def __starts_again(self, runs: int) -> bool:
        if self.__end_wanted.is_set() or not self.__respawn_wanted:
            return False
        return self.__respawn_max_retries < 0 or runs < self.__respawn_max_retries

    async def __run_once(self, context: LaunchContext) -> None:
        if self.__log_cmd:
            self.__logger.info(f'command line: {shlex.join(self.__details.cmd)}')
        self.__process = RunningProcess(
            self.__details,
            on_start=lambda pid: self.__on_start(context, pid),
            on_output=lambda fd, data: self.__on_output(context, fd, data),
            end_wanted=self.__end_wanted, hurry=self.__hurry, logger=self.__logger)
        self.__note_end(context, await self.__process.run())

    def __on_start(self, context: LaunchContext, pid: int) -> None:
        self.__pid = pid
        self.__return_code = None
        self.__logger.info(f'process started with pid [{pid}]')
        context.emit_event_sync(ProcessStarted(**self.process_details))

    def __on_output(self, context: LaunchContext, fd: int, data: bytes) -> None:
        if self.__cached_output:
            self.__cache[fd].append(data.decode(errors='replace'))
        self.__log_lines(fd, self.__lines[fd].feed(data))
        kind = ProcessStdout if fd == 1 else ProcessStderr
        event = kind(text=data, **self.process_details)
        if context.would_handle_event(event):
            context.emit_event_sync(event)

    def __log_lines(self, fd: int, lines: Iterable[str]) -> None:
        for line in lines:
            self.__loggers[fd].info(
                self.__output_format.format(line=line, this=self), extra={'is_output': True})

    def __note_end(self, context: LaunchContext, code: int) -> None:
        self.__return_code = code
        for fd, lines in self.__lines.items():
            self.__log_lines(fd, lines.flush())
        if code == 0:
            self.__logger.info(f'process has finished cleanly [pid {self.__pid}]')
        else:
            self.__logger.error(
                f'process has died [pid {self.__pid}, exit code {code}, '
                f'cmd {shlex.join(self.__details.cmd)!r}]')
        context.emit_event_sync(ProcessExited(returncode=code, **self.process_details))

    def __on_signal(self, event: SignalProcess) -> None:
        if self.__process is not None:
            self.__process.signal(event.signal)

    def __on_shutdown(self, _: Shutdown, context: LaunchContext) -> None:
        self.__end_wanted.set()
        if self.__process is not None and self.__process.ending is not None:
            context.add_completion_future(self.__process.ending)


class _On(BaseEventHandler):
    """Calls a function for events of a class."""

    def __init__(self, event_class: type, function: Callable[[Any], None]) -> None:
        super().__init__(matcher=lambda event: isinstance(event, event_class))
        self.__function = function

    def handle(self, event: Any, context: LaunchContext) -> None:
        super().handle(event, context)
        self.__function(event)


class _Targeted(_On):
    """Calls a function for events of a class that are meant for an action."""

    def __init__(
        self,
        event_class: type[ProcessTargetedEvent],
        action: ExecuteProcess,
        function: Callable[[Any], None],
    ) -> None:
        super().__init__(event_class, function)
        self.__action = action

    def matches(self, event: Any) -> bool:
        return super().matches(event) and event.process_matcher(self.__action)


def _seconds(text: SomeSubstitutionsType, name: str) -> TypedValue:
    return TypedValue(normalize_to_list_of_substitutions(text), float, name)
