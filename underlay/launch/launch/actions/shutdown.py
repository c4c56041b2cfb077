"""End the launch."""
from typing import Any

from ..events.process import ProcessExited
from ..events.shutdown import Shutdown as ShutdownEvent
from ..launch_context import LaunchContext
from ..logging import get_logger
from .emit_event import EmitEvent

__all__ = ['Shutdown']


class Shutdown(EmitEvent):
    """Ends the launch for a reason given."""

    def __init__(self, *, reason: str = 'reason not given', **kwargs: Any) -> None:
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)

    def execute(self, context: LaunchContext) -> None:
        """Emit the event of shutdown, unless the launch is ending already."""
        if context.is_shutdown:
            return
        cause = context.get_locals_as_dict().get('event')
        if isinstance(cause, ProcessExited):
            get_logger('launch').info(
                f'process {cause.process_name!r} has ended, and the launch ends with it')
        super().execute(context)
