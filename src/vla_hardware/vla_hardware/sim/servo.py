"""A simulated arm's actuators: their places in the model and how a control mode sets them."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_core.profile import ArmProfile, RobotProfile
from vla_simulation.actuation import servo_lead
from vla_simulation.model import build_model

__all__ = ['ArmServos', 'mode_parameters']

_TABLES = ('actuator_gainprm', 'actuator_biasprm', 'actuator_biastype', 'actuator_ctrlrange',
           'actuator_ctrllimited')


def mode_parameters(profile: RobotProfile) -> dict[str, mujoco.MjModel]:
    """For each control mode a model of the bare robot with the actuators of that mode."""
    return {mode: build_model(profile, control_mode=mode) for mode in profile.control_modes}


class ArmServos:
    """Indices of one arm in a model: joints, dofs, actuators, gripper, tool bodies."""

    def __init__(self, model: mujoco.MjModel, arm: ArmProfile) -> None:
        joints = [model.joint(name).id for name in arm.joints]
        self.profile = arm
        self.qpos = np.array([model.jnt_qposadr[j] for j in joints])
        self.dof = np.array([model.jnt_dofadr[j] for j in joints])
        self.actuators = np.array([model.actuator(name).id for name in arm.joints])
        self.site = model.site(arm.tip_frame).id
        self.base = model.body(arm.base_frame).id
        self.tool = _descendants(model, int(model.jnt_bodyid[joints[-1]]))
        self.tool_root = int(model.body_rootid[self.tool[0]])
        self.tip_body = int(model.site_bodyid[self.site])
        self.gripper_qpos = self.gripper_dof = self.gripper_actuator = -1
        if arm.gripper is not None:
            joint = model.joint(arm.gripper.joints[0]).id
            self.gripper_qpos = int(model.jnt_qposadr[joint])
            self.gripper_dof = int(model.jnt_dofadr[joint])
            self.gripper_actuator = model.actuator(arm.gripper.joints[0]).id

    def set_mode(self, model: mujoco.MjModel, source: mujoco.MjModel) -> None:
        """Give the arm's actuators the parameters they have in `source`."""
        for name, index in zip(self.profile.joints, self.actuators):
            origin = source.actuator(name).id
            for table in _TABLES:
                getattr(model, table)[index] = getattr(source, table)[origin]

    def servo_delay(self, source: mujoco.MjModel) -> tuple[float, ...]:
        """Seconds by which each joint's position servo trails its command."""
        return tuple(float(value) for value in servo_lead(source, self.profile.joints))

    def servo_stiffness(self, source: mujoco.MjModel) -> tuple[float, ...]:
        """Stiffness of each joint's position servo, N·m/rad."""
        return tuple(
            float(source.actuator(name).gainprm[0]) for name in self.profile.joints)


def _descendants(model: mujoco.MjModel, body: int) -> np.ndarray:
    chosen = {body}
    for index in range(body + 1, model.nbody):
        if int(model.body_parentid[index]) in chosen:
            chosen.add(index)
    return np.array(sorted(chosen))
