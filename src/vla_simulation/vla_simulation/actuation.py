"""
Actuators: how a command becomes a joint force.

- effort: u is the force, within ± the effort limit.
- position: force = k (u − q) − d q̇, within the effort limit, with the servo's stiffness k and
  damping d from the robot description.
- velocity: force = d (u − q̇).

A position servo trails a moving command by d/k seconds; `servo_lead` is that time, and a command
q + q̇ d/k takes it away, as a firmware that feeds velocity forward does.
"""
import mujoco
import numpy as np

from vla_core.profile import ControlMode, GripperProfile
from vla_simulation.urdf import Joint, UrdfError

__all__ = ['add_gripper_actuator', 'add_joint_actuator', 'servo_lead']


def add_joint_actuator(spec: mujoco.MjSpec, joint: Joint, mode: ControlMode) -> None:
    """Add the actuator ``<joint>`` of an arm's joint."""
    if mode == 'effort':
        _add(spec, joint, gain=1.0, effort=joint.effort, control=(-joint.effort, joint.effort))
    elif mode == 'velocity':
        _, damping = _servo(joint)
        _add(spec, joint, gain=damping, bias=(0.0, -damping), effort=joint.effort,
             control=(-joint.velocity, joint.velocity))
    else:
        _add_servo(spec, joint, joint.effort, (joint.lower, joint.upper))


def add_gripper_actuator(spec: mujoco.MjSpec, joint: Joint, gripper: GripperProfile) -> None:
    """Add the actuator ``<joint>`` that moves a gripper, in the units of its joint."""
    ends = sorted((gripper.closed, gripper.open))
    _add_servo(spec, joint, gripper.max_effort, (ends[0], ends[1]))


def servo_lead(model: mujoco.MjModel, names: tuple[str, ...]) -> np.ndarray:
    """Seconds [n] by which the position servos ``names`` trail their command."""
    ids = [model.actuator(name).id for name in names]
    stiffness, damping = -model.actuator_biasprm[ids, 1], -model.actuator_biasprm[ids, 2]
    passive = model.dof_damping[model.jnt_dofadr[model.actuator_trnid[ids, 0]]]
    if not np.all(stiffness > 0):
        raise ValueError(f'{names[int(np.argmin(stiffness))]} is not a position servo')
    return (damping + passive) / stiffness


def _servo(joint: Joint) -> tuple[float, float]:
    if joint.servo_stiffness <= 0 or joint.servo_damping <= 0:
        raise UrdfError(f'joint {joint.name}: its dynamics need servo_stiffness and servo_damping '
                        'to be moved by position or velocity')
    return joint.servo_stiffness, joint.servo_damping


def _add_servo(
    spec: mujoco.MjSpec, joint: Joint, effort: float, control: tuple[float, float],
) -> None:
    stiffness, damping = _servo(joint)
    _add(spec, joint, gain=stiffness, bias=(-stiffness, -damping), effort=effort, control=control)


def _add(
    spec: mujoco.MjSpec, joint: Joint, *, gain: float, effort: float,
    control: tuple[float, float], bias: tuple[float, float] | None = None,
) -> None:
    actuator = spec.add_actuator(
        name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gaintype=mujoco.mjtGain.mjGAIN_FIXED, ctrllimited=bool(np.all(np.isfinite(control))),
        ctrlrange=control, forcelimited=True, forcerange=(-effort, effort))
    actuator.gainprm[0] = gain
    if bias is None:
        actuator.biastype = mujoco.mjtBias.mjBIAS_NONE
    else:
        actuator.biastype = mujoco.mjtBias.mjBIAS_AFFINE
        actuator.biasprm[1:3] = bias
