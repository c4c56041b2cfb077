"""A context in which descriptions are looked through before launching."""
from .launch_context import LaunchContext
from .substitution import Substitution
from .substitutions.command import Command
from .substitutions.substitution_failure import SubstitutionFailure

__all__ = ['TrialContext']


class TrialContext(LaunchContext):
    """A context that runs no commands."""

    def perform_substitution(self, substitution: Substitution) -> str:
        """Return the text of one substitution; raise SubstitutionFailure for a command."""
        if isinstance(substitution, Command):
            raise SubstitutionFailure(f'{substitution.describe()} is run only while launching')
        return super().perform_substitution(substitution)
