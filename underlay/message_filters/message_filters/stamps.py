"""When a message is of."""
from typing import Any

from rclpy.clock import ROSClock
from rclpy.logging import get_logger
from rclpy.time import Time


def stamp_of(message: Any, allow_headerless: bool) -> int | None:
    """
    Return the stamp of a message in nanoseconds.

    Without a header it is the ROS time of now if allowed; if not, None, with a warning.
    """
    stamp = getattr(getattr(message, 'header', None), 'stamp', None)
    if stamp is not None:
        return stamp.nanoseconds if isinstance(stamp, Time) else Time.from_msg(stamp).nanoseconds
    if allow_headerless:
        return ROSClock().now().nanoseconds
    get_logger('message_filters').warning(
        f'{type(message).__name__} has no header and is dropped: '
        'allow_headerless=True gives it the time of its arrival', throttle_duration_sec=5.0)
    return None
