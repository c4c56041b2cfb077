"""The reaction to a launch description handed to the service."""
from ..event_handler import BaseEventHandler
from ..events.include_launch_description import IncludeLaunchDescription
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType

__all__ = ['OnIncludeLaunchDescription']


class OnIncludeLaunchDescription(BaseEventHandler):
    """Visits launch descriptions as they are handed over."""

    def __init__(self) -> None:
        super().__init__(matcher=lambda event: isinstance(event, IncludeLaunchDescription))

    def handle(
        self, event: IncludeLaunchDescription, context: LaunchContext,
    ) -> SomeEntitiesType | None:
        """Return the launch description."""
        super().handle(event, context)
        return event.launch_description
