"""What broadcasters are, without ROS: their types, their parameters and when each is due."""

from __future__ import annotations

from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['BROADCASTERS', 'BroadcasterParameters', 'Pace']

# Type → topics, after the arm's prefix.
BROADCASTERS: dict[str, tuple[str, ...]] = {
    'joint_state_broadcaster': ('joint_states', 'dynamic_joint_states'),
    'pose_broadcaster': ('current_pose',),
    'twist_broadcaster': ('current_twist',),
    'external_wrench_broadcaster': ('external_wrench',),
    'external_torques_broadcaster': ('external_effort',),
    'commanded_effort_broadcaster': ('commanded_effort',),
}


class BroadcasterParameters(StrictModel):
    """Parameters of every broadcaster."""

    rate: Real = parameter(
        100.0, gt=0, le=1000, unit='Hz', description='how often it publishes')


class Pace:
    """Says when a broadcaster is due, in s of one clock, without drifting."""

    def __init__(self, rate: float) -> None:
        self.period = 1.0 / rate
        self._next = float('-inf')

    @property
    def next(self) -> float:
        """When it is due again."""
        return self._next

    def due(self, now: float) -> bool:
        """Whether it is due; a time that was missed is not made up for."""
        if now < self._next:
            return False
        self._next = max(self._next + self.period, now + 0.5 * self.period)
        return True
