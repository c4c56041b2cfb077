"""Open a scope of the environment."""
from ..action import Action
from ..launch_context import LaunchContext

__all__ = ['PushEnvironment']


class PushEnvironment(Action):
    """Remembers the environment until PopEnvironment."""

    def execute(self, context: LaunchContext) -> None:
        """Remember the environment."""
        context._push_environment()
