"""Close a scope of the environment."""
from ..action import Action
from ..launch_context import LaunchContext

__all__ = ['PopEnvironment']


class PopEnvironment(Action):
    """Restores the environment remembered by PushEnvironment."""

    def execute(self, context: LaunchContext) -> None:
        """Restore the environment."""
        context._pop_environment()
