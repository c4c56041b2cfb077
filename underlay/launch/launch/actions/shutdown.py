"""End the launch."""
from typing import Any

from ..events.shutdown import Shutdown as ShutdownEvent
from ..launch_context import LaunchContext
from .emit_event import EmitEvent

__all__ = ['Shutdown']


class Shutdown(EmitEvent):
    """Ends the launch for a reason given."""

    def __init__(self, *, reason: str = 'reason not given', **kwargs: Any) -> None:
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)

    def execute(self, context: LaunchContext) -> None:
        """Emit the event of shutdown, unless the launch is ending already."""
        if not context.is_shutdown:
            super().execute(context)
