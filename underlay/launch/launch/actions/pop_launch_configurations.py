"""Close a scope of the launch configurations."""
from ..action import Action
from ..launch_context import LaunchContext

__all__ = ['PopLaunchConfigurations']


class PopLaunchConfigurations(Action):
    """Restores the launch configurations remembered by PushLaunchConfigurations."""

    def execute(self, context: LaunchContext) -> None:
        """Restore the launch configurations."""
        context._pop_launch_configurations()
