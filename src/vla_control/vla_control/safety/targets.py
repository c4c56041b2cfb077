"""Is a target one that the arm may follow?

Finite, of the right length, with a unit quaternion, a stamp that is neither older than the stream
allows nor in the future, not further than one step away; positions are brought into the workspace
and the joints' ranges, joints onto the part of their way that keeps the tip in the workspace. A
refused target changes nothing.
"""

from __future__ import annotations

from math import dist, hypot, isfinite

import numpy as np

from vla_control import so3
from vla_control.safety.parameters import SafetyParameters
from vla_control.safety.workspace import Workspace
from vla_core.profile import ArmProfile

__all__ = ['TargetGuard', 'TargetRefused', 'target_size']

_FIXED = {'pose': 7, 'twist': 6, 'wrench': 6, 'stiffness': 6, 'gripper': 2}
_JOINTS = ('joint', 'joint_velocity', 'joint_effort')


class TargetRefused(ValueError):  # noqa: N818 - it says what happened
    """A target the arm must not follow; `code` names the guard."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f'{code}: {text}')
        self.code = code


def target_size(kind: str, joints: int) -> int:
    """Numbers of a target of a kind; ValueError for an unknown kind."""
    if kind in _JOINTS:
        return joints
    if kind not in _FIXED:
        known = ', '.join((*_FIXED, *_JOINTS))
        raise ValueError(f'unknown target kind {kind!r}; there are {known}')
    return _FIXED[kind]


class TargetGuard:
    """Checks of one arm; `check` returns the target as the controller gets it."""

    def __init__(
        self, arm: ArmProfile, parameters: SafetyParameters, workspace: Workspace | None = None
    ) -> None:
        self._arm = arm
        self._workspace = workspace  # for joint targets, which need the arm's kinematics
        self._parameters = parameters
        self._lower = arm.workspace.lower.tolist()
        self._upper = arm.workspace.upper.tolist()
        self.clamped = False  # whether the last target was brought into workspace or range
        self._checks = {
            'pose': self._check_pose,
            'joint': self._check_joint,
            'wrench': self._check_wrench,
            'twist': self._check_twist,
            'stiffness': self._check_stiffness,
            'joint_velocity': self._check_joint_velocity,
            'gripper': self._check_gripper,
        }

    def check(
        self,
        kind: str,
        values: list[float],
        age: float,
        pose: tuple[so3.Vector3, so3.Quaternion] | None = None,
        joints: np.ndarray | None = None,
    ) -> list[float]:
        """The target to follow; TargetRefused when there is none.

        `age` is the time since its stamp in s; `pose` and `joints` are the present reference.
        """
        self.clamped = False
        parameters, arm = self._parameters, self._arm
        size = target_size(kind, len(arm.joints))
        if len(values) != size:
            raise TargetRefused('length', f'{kind} target of {arm.name} has {len(values)} numbers, '
                                f'needs {size}')
        if not all(map(isfinite, values)):
            raise TargetRefused('not_finite', f'{kind} target of {arm.name} is not finite')
        if age > parameters.target_timeout:
            raise TargetRefused('stale', f'{kind} target of {arm.name} is {age:.3f} s old, more '
                                f"than {parameters.target_timeout:g} s; check the sender's clock")
        if -age > parameters.max_stamp_ahead:
            raise TargetRefused('future', f'{kind} target of {arm.name} lies {-age:.3f} s in the '
                                "future; check the sender's clock")
        return self._checks.get(kind, self._as_it_is)(values, pose, joints)

    def _as_it_is(self, values: list[float], pose: object, joints: object) -> list[float]:
        return values

    def _check_pose(
        self, values: list[float], pose: tuple[so3.Vector3, so3.Quaternion] | None, joints: object
    ) -> list[float]:
        length = hypot(*values[3:])
        if abs(length - 1.0) > 0.02:
            raise TargetRefused('quaternion', f'pose target of {self._arm.name} has a quaternion '
                                f'of length {length:.3f}; send unit quaternions (x, y, z, w)')
        quaternion = [c / length for c in values[3:]]
        place = [min(max(p, low), high)
                 for p, low, high in zip(values, self._lower, self._upper)]
        self.clamped = place != values[:3]
        if pose is not None:
            step = dist(place, pose[0])
            if step > self._parameters.max_linear_step:
                raise TargetRefused('step', f'pose target of {self._arm.name} lies {step:.3f} m '
                                    'away, more than max_linear_step')
            turn = hypot(*so3.rotation_between(pose[1], quaternion))
            if turn > self._parameters.max_angular_step:
                raise TargetRefused('step', f'pose target of {self._arm.name} is turned by '
                                    f'{turn:.3f} rad, more than max_angular_step')
        return place + quaternion

    def _check_joint(
        self, values: list[float], pose: object, joints: np.ndarray | None
    ) -> list[float]:
        limits = self._arm.limits
        if joints is not None:
            step = float(np.abs(joints - values).max())
            if step > self._parameters.max_joint_step:
                raise TargetRefused('step', f'joint target of {self._arm.name} lies {step:.3f} rad '
                                    'away, more than max_joint_step')
        inside = np.minimum(np.maximum(values, limits.position_lower), limits.position_upper)
        if joints is not None and self._workspace is not None:
            inside = self._workspace.confined(joints, inside)
        inside = inside.tolist()
        self.clamped = inside != values
        return inside

    def _check_wrench(self, values: list[float], pose: object, joints: object) -> list[float]:
        return self._bounded(values, self._parameters.max_force, self._parameters.max_torque)

    def _check_twist(self, values: list[float], pose: object, joints: object) -> list[float]:
        limits = self._arm.cartesian
        return self._bounded(values, limits.linear_velocity, limits.angular_velocity)

    def _bounded(self, values: list[float], linear: float, angular: float) -> list[float]:
        bounded: list[float] = []
        for part, most in ((values[:3], linear), (values[3:], angular)):
            length = hypot(*part)
            scale = most / length if length > most else 1.0
            bounded += [c * scale for c in part]
        self.clamped = bounded != values
        return bounded

    def _check_stiffness(self, values: list[float], pose: object, joints: object) -> list[float]:
        most = self._parameters.max_stiffness
        if min(values) < 0.0 or max(values) > most:
            raise TargetRefused('stiffness', f'stiffness of {self._arm.name} must lie in 0 to '
                                f'{most:g}, got {min(values):g} to {max(values):g}')
        return values

    def _check_joint_velocity(
        self, values: list[float], pose: object, joints: object
    ) -> list[float]:
        limits = self._arm.limits.velocity
        inside = np.minimum(np.maximum(values, -limits), limits).tolist()
        self.clamped = inside != values
        return inside

    def _check_gripper(self, values: list[float], pose: object, joints: object) -> list[float]:
        inside = [min(max(values[0], 0.0), 1.0), max(values[1], 0.0)]
        self.clamped = inside != values
        return inside
