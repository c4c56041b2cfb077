"""Return to the first environment."""
from ..action import Action
from ..launch_context import LaunchContext

__all__ = ['ResetEnvironment']


class ResetEnvironment(Action):
    """Restores the environment that the launch began with."""

    def execute(self, context: LaunchContext) -> None:
        """Restore the environment."""
        context._reset_environment()
