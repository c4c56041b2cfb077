"""A condition on the value of a launch configuration, turned round."""
from ..launch_context import LaunchContext
from .launch_configuration_equals import LaunchConfigurationEquals

__all__ = ['LaunchConfigurationNotEquals']


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """Holds when a launch configuration is not set to a value."""

    def _decide(self, context: LaunchContext) -> bool:
        return not super()._decide(context)
