"""Kinematics and dynamics of one arm, from the robot's own description, by Pinocchio.

Everything is expressed along the axes of the arm's base frame, wherever that frame stands in the
robot's tree; velocities are taken at the tip's origin (Pinocchio's LOCAL_WORLD_ALIGNED, turned into
the base frame). Featherstone 2008, "Rigid Body Dynamics Algorithms".
"""

from __future__ import annotations

from functools import lru_cache
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin

from vla_core.description import robot_description
from vla_core.profile import ArmProfile, RobotProfile

__all__ = ['ArmModel', 'ModelError']


@lru_cache(maxsize=8)
def description(profile: RobotProfile) -> str:
    """URDF text of a robot, expanded once."""
    return robot_description(profile)


def full_model(profile: RobotProfile) -> pin.Model:
    """Pinocchio's model of the whole robot, with the rotor inertias that the description names."""
    text = description(profile)
    model = pin.buildModelFromXML(text)
    armature = np.zeros(model.nv)
    for joint in ElementTree.fromstring(text).findall('joint'):
        dynamics = joint.find('dynamics')
        if dynamics is not None and dynamics.get('armature') and joint.get('name') in model.names:
            index = model.joints[model.getJointId(joint.get('name'))].idx_v
            armature[index] = float(dynamics.get('armature'))
    model.armature = armature
    return model


class ModelError(ValueError):
    """The robot's description lacks a joint or frame that its profile names."""


class ArmModel:
    """Model of one arm with n joints; all other joints stay at their neutral place.

    After `update(position, velocity)` these hold (arrays are reused at the next update):

    - `rotation` [3, 3], `translation` [3]: tip in the base frame, m
    - `jacobian` [6, n]: linear rows first, base axes, at the tip; `twist` [6] = J q̇
    - `inertia` [n, n], kg·m², and `inverse_inertia`; `bias` [n] = C(q, q̇) q̇ and `gravity` [n], N·m
    - `drift` [6] = J̇ q̇, m/s² and rad/s²

    `friction` [n] (Coulomb, N·m) and `damping` [n] (viscous, N·m·s/rad) are the description's.
    """

    def __init__(
        self, profile: RobotProfile, arm: ArmProfile, tip_frame: str | None = None
    ) -> None:
        full = full_model(profile)
        tip = tip_frame or arm.tip_frame
        for joint in arm.joints:
            if not full.existJointName(joint):
                raise ModelError(f'arm {arm.name!r}: the description {profile.model} has no '
                                 f'joint {joint!r}; mend `joints` in the profile')
        for frame in (tip, arm.base_frame):
            if not full.existFrame(frame):
                near = ', '.join(sorted(f.name for f in full.frames if 'joint' not in f.name))
                raise ModelError(f'arm {arm.name!r}: the description {profile.model} has no '
                                 f'frame {frame!r}; it has: {near}')
        locked = [i for i, name in enumerate(full.names) if i and name not in arm.joints]
        model = pin.buildReducedModel(full, locked, pin.neutral(full))
        order = [model.names[i + 1] for i in range(model.njoints - 1)]
        if tuple(order) != tuple(arm.joints) or model.nv != len(arm.joints):
            raise ModelError(f'arm {arm.name!r}: the joints of the profile {list(arm.joints)} must '
                             f'be in the order of the chain {order}, each with one axis')
        self.profile = arm
        self.joints = len(arm.joints)
        self.tip_frame = tip
        self.pin = model
        self._tip = model.getFrameId(tip)
        self._set_up_base(model, arm)
        n = self.joints
        self.rotation = np.eye(3)
        self.translation = np.zeros(3)
        self.jacobian = np.zeros((6, n))
        self.twist = np.zeros(6)
        self.inertia = np.zeros((n, n))
        self.inverse_inertia = np.zeros((n, n))
        self.bias = np.zeros(n)
        self.gravity = np.zeros(n)
        self.drift = np.zeros(6)
        self.friction = np.array(model.upperDryFrictionLimit, dtype=float)
        self.damping = np.array(model.damping, dtype=float)
        self._zero = np.zeros(n)

    def _set_up_base(self, model: pin.Model, arm: ArmProfile) -> None:
        self._data = model.createData()
        pin.framesForwardKinematics(model, self._data, pin.neutral(model))
        base = model.getFrameId(arm.base_frame)
        if model.frames[base].parentJoint != 0:
            raise ModelError(f'arm {arm.name!r}: base frame {arm.base_frame!r} moves with the '
                             'arm; name a frame below its first joint')
        placement = self._data.oMf[base]
        self._base_rotation = placement.rotation.T.copy()  # root → base axes
        self._base_translation = placement.translation.copy()
        self._turned = not np.allclose(self._base_rotation, np.eye(3), atol=1e-12)

    @property
    def base_in_root(self) -> tuple[np.ndarray, np.ndarray]:
        """Rotation [3, 3] and translation [3] (m) of the base frame in the description's root."""
        return self._base_rotation.T.copy(), self._base_translation.copy()

    def _place(self) -> None:
        placement = self._data.oMf[self._tip]
        jacobian = pin.getFrameJacobian(
            self.pin, self._data, self._tip, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        if self._turned:
            turn = self._base_rotation
            np.matmul(turn, placement.rotation, out=self.rotation)
            np.matmul(turn, placement.translation - self._base_translation, out=self.translation)
            np.matmul(turn, jacobian[:3], out=self.jacobian[:3])
            np.matmul(turn, jacobian[3:], out=self.jacobian[3:])
        else:
            self.rotation[:] = placement.rotation
            np.subtract(placement.translation, self._base_translation, out=self.translation)
            self.jacobian[:] = jacobian

    def tip_at(self, position: np.ndarray) -> np.ndarray:
        """Place [3] of the tip in the base frame, m; changes nothing that `update` has left."""
        pin.forwardKinematics(self.pin, self._data, position)
        pin.updateFramePlacement(self.pin, self._data, self._tip)
        place = self._data.oMf[self._tip].translation - self._base_translation
        return self._base_rotation @ place if self._turned else place

    def update_kinematics(self, position: np.ndarray) -> None:
        """Only `rotation`, `translation` and `jacobian` at a joint position [n] in rad."""
        pin.computeJointJacobians(self.pin, self._data, position)
        pin.updateFramePlacement(self.pin, self._data, self._tip)
        self._place()

    def inverse_dynamics(
        self, position: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray,
        with_gravity: bool,
    ) -> np.ndarray:
        """M q̈ + C q̇ (+ g) [n] in N·m, and the kinematics at `position`."""
        torque = pin.rnea(self.pin, self._data, position, velocity, acceleration)
        if not with_gravity:
            torque = torque - pin.computeGeneralizedGravity(self.pin, self._data, position)
        self.update_kinematics(position)
        return torque

    def update(self, position: np.ndarray, velocity: np.ndarray) -> None:
        """All quantities at a joint position and velocity [n], rad and rad/s."""
        model, data = self.pin, self._data
        # forward kinematics with zero joint acceleration: what is left of it is J̇ q̇
        pin.forwardKinematics(model, data, position, velocity, self._zero)
        pin.computeJointJacobians(model, data)
        pin.updateFramePlacement(model, data, self._tip)
        self._place()
        np.matmul(self.jacobian, velocity, out=self.twist)
        acceleration = pin.getFrameClassicalAcceleration(
            model, data, self._tip, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        if self._turned:
            np.matmul(self._base_rotation, acceleration.linear, out=self.drift[:3])
            np.matmul(self._base_rotation, acceleration.angular, out=self.drift[3:])
        else:
            self.drift[:3] = acceleration.linear
            self.drift[3:] = acceleration.angular
        self.inertia[:] = pin.crba(model, data, position)
        self.inverse_inertia[:] = pin.computeMinverse(model, data, position)
        self.gravity[:] = pin.computeGeneralizedGravity(model, data, position)
        np.subtract(
            pin.nonLinearEffects(model, data, position, velocity), self.gravity, out=self.bias
        )
