"""The reference of one arm: targets in, joints within velocity, acceleration and jerk limits out.

Ruckig (Berscheid and Kröger 2021) plans from the present motion to the newest target and its
measured velocity in each period; a silent stream, a stop and the end of it brake along the same
limits.
"""

from __future__ import annotations

import numpy as np
from ruckig import (
    ControlInterface,
    InputParameter,
    OutputParameter,
    Ruckig,
    RuckigError,
    Synchronization,
)

from vla_core.kinematics import ArmKinematics
from vla_core.profile import ArmProfile

__all__ = ['ArmReference', 'TargetRefused']

LARGEST_STEP = 0.5  # rad between the reference and a target
STILL = 1e-5  # rad/s
STREAMING = 0.15  # s between two targets that still make a motion


class TargetRefused(ValueError):  # noqa: N818 - it says what happened
    """A target that the arm does not follow; one line."""


class ArmReference:
    """Times are in s of one steady clock; joints in the order of the profile, rad."""

    def __init__(
        self, arm: ArmProfile, kinematics: ArmKinematics, period: float, timeout: float,
        scale: float,
    ) -> None:
        limits, count = arm.limits, len(arm.joints)
        self._arm, self._kinematics, self._timeout = arm, kinematics, timeout
        self._planner = Ruckig(count, period)
        self._input, self._output = InputParameter(count), OutputParameter(count)
        self._input.max_velocity = (scale * limits.velocity).tolist()
        self._input.max_acceleration = (scale * limits.acceleration).tolist()
        self._input.max_jerk = (scale * limits.jerk).tolist()
        self._input.synchronization = Synchronization.No
        self._input.target_acceleration = [0.0] * count
        self._fastest = scale * limits.velocity
        self.position = np.array(arm.home)
        self.velocity = np.zeros(count)
        self._target: np.ndarray | None = None
        self._rate = np.zeros(count)
        self._came = 0.0
        self.stopped = ''

    def start(self, position: np.ndarray) -> None:
        """Stand at a position [n], without a target."""
        self.position = np.clip(
            position, self._arm.limits.position_lower, self._arm.limits.position_upper)
        self.velocity = np.zeros_like(self.position)
        self._input.current_position = self.position.tolist()
        self._input.current_velocity = self._input.current_acceleration = [0.0] * len(position)
        self._target = None

    def take_joints(self, names: list[str], values: list[float], now: float) -> None:
        """Take positions by name; TargetRefused when some are missing or make no sense."""
        given = dict(zip(names, values))
        missing = [joint for joint in self._arm.joints if joint not in given]
        if missing or len(names) != len(values):
            raise TargetRefused(f'target_joint lacks {", ".join(missing) or "positions"}')
        self._take(np.array([given[joint] for joint in self._arm.joints], dtype=float), now)

    def take_pose(self, frame: str, pose: list[float], now: float) -> None:
        """Take a pose [7] of the tip; TargetRefused when it makes no sense or is out of reach."""
        values = np.array(pose, dtype=float)
        if not np.isfinite(values).all():
            raise TargetRefused('target_pose is not finite')
        if abs(np.linalg.norm(values[3:]) - 1.0) > 1e-2:
            raise TargetRefused('target_pose has no unit quaternion')
        values[3:] /= np.linalg.norm(values[3:])
        try:
            local = self._kinematics.in_base(frame, values)
            box = self._arm.workspace
            local[:3] = np.clip(local[:3], box.lower, box.upper)
            joints = self._kinematics.inverse(
                local, self.position if self._target is None else self._target)
        except ValueError as error:
            raise TargetRefused(f'target_pose: {error}') from error
        self._take(joints, now)

    def _take(self, target: np.ndarray, now: float) -> None:
        if self.stopped:
            raise TargetRefused(f'the arm is stopped ({self.stopped}); release it first')
        if not np.isfinite(target).all():
            raise TargetRefused('target_joint is not finite')
        gap = np.abs(target - self.position)
        if gap.max() > LARGEST_STEP:
            worst = int(gap.argmax())
            raise TargetRefused(f'{self._arm.joints[worst]} is {gap[worst]:.2f} rad away from its '
                                f'target, more than {LARGEST_STEP:g}; go there in steps')
        limits = self._arm.limits
        target = np.clip(target, limits.position_lower, limits.position_upper)
        elapsed = now - self._came
        if self._target is not None and 1e-3 < elapsed < STREAMING:
            rate = (target - self._target) / elapsed
            self._rate += 0.5 * (np.clip(rate, -self._fastest, self._fastest) - self._rate)
        else:
            self._rate = np.zeros_like(target)
        self._target, self._came = target, now

    def silent(self, now: float) -> bool:
        """Whether the stream has paused, or has not begun."""
        return self._target is None or now - self._came > self._timeout

    def stop(self, reason: str) -> None:
        """Brake, and take no more targets until `release`."""
        self.stopped = self.stopped or reason

    def release(self) -> None:
        """Take targets again."""
        self.stopped = ''
        self._target = None

    def step(self, now: float) -> np.ndarray:
        """The joints [n] of the next period; the arm comes to rest where there is no target."""
        if self.stopped or self.silent(now) or not self._plan_motion(now):
            self._plan_rest()
        self._output.pass_to_input(self._input)
        limits = self._arm.limits
        self.position = np.clip(
            self._output.new_position, limits.position_lower, limits.position_upper)
        self.velocity = np.array(self._output.new_velocity)
        return self.position

    def _plan_motion(self, now: float) -> bool:
        """Plan to where the target is by now; False where the planner finds no way."""
        plan, limits = self._input, self._arm.limits
        ahead = np.clip(self._target + self._rate * (now - self._came),
                        limits.position_lower, limits.position_upper)
        plan.control_interface = ControlInterface.Position
        plan.target_position = ahead.tolist()
        plan.target_velocity = np.where(np.abs(self._rate) < STILL, 0.0, self._rate).tolist()
        try:
            self._planner.update(plan, self._output)
        except RuckigError:  # its numbers fail where the rest of the way is next to nothing
            return False
        return True

    def _plan_rest(self) -> None:
        plan = self._input
        plan.control_interface = ControlInterface.Velocity
        plan.target_velocity = [0.0] * len(self.position)
        self._planner.update(plan, self._output)
