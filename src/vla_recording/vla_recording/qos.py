"""Quality of service: what receives from every publisher, and its form in a bag."""
from collections.abc import Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

__all__ = ['latched', 'matching', 'stored']


def matching(offered: Sequence[QoSProfile], depth: int) -> QoSProfile:
    """A profile that matches all of ``offered``: strict only where all of them are."""
    reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(DurabilityPolicy.TRANSIENT_LOCAL if latched(offered)
                    else DurabilityPolicy.VOLATILE))


def latched(offered: Sequence[QoSProfile]) -> bool:
    """Whether a late subscriber is given what was published before."""
    return bool(offered) and all(
        qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)


def stored(profile: QoSProfile) -> dict[str, Any]:
    """The profile as rosbag2 writes it."""
    return {
        'history': profile.history.name.lower(),
        'depth': profile.depth,
        'reliability': profile.reliability.name.lower(),
        'durability': profile.durability.name.lower(),
        'deadline': _time(profile.deadline),
        'lifespan': _time(profile.lifespan),
        'liveliness': profile.liveliness.name.lower(),
        'liveliness_lease_duration': _time(profile.liveliness_lease_duration),
        'avoid_ros_namespace_conventions': profile.avoid_ros_namespace_conventions,
    }


def _time(duration: Duration) -> dict[str, int]:
    seconds, nanoseconds = divmod(duration.nanoseconds, 1_000_000_000)
    return {'sec': seconds, 'nsec': nanoseconds}
