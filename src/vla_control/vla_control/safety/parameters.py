"""What a deployer may say about safety; limits of the robot itself come from its profile."""

from __future__ import annotations

from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['SafetyParameters']


class SafetyParameters(StrictModel):
    """Parameters of the safety chain."""

    max_linear_step: Real = parameter(
        0.6, gt=0, unit='m', description='farthest that a pose target may lie from the reference')
    max_angular_step: Real = parameter(
        2.5, gt=0, unit='rad', description='farthest that a pose target may turn away')
    max_joint_step: Real = parameter(
        3.0, gt=0, unit='rad', description='farthest that a joint target may lie away')
    max_stamp_ahead: Real = parameter(
        0.5, gt=0, unit='s', description="farthest that a target's stamp may lie in the future")
    max_force: Real = parameter(40.0, gt=0, unit='N', description='largest target force')
    max_torque: Real = parameter(10.0, gt=0, unit='N·m', description='largest target torque')
    max_stiffness: Real = parameter(
        3000.0, gt=0, unit='N/m', description='largest target stiffness, N/m or N·m/rad')
    target_timeout: Real = parameter(
        0.3, gt=0, unit='s', description='a stream silent for this long makes the arm hold')
    stop_timeout: Real = parameter(
        2.0, gt=0, unit='s', description='a stream silent for this long is over: controlled stop')
    node_timeout: Real = parameter(
        0.5, gt=0, unit='s', description='a silent node makes every arm hold')
    node_stop_timeout: Real = parameter(
        2.0, gt=0, unit='s', description='a node silent for this long latches the stop')
    velocity_tolerance: Real = parameter(
        1.15, gt=1, description='measured joint velocity over its limit that latches the stop')
    limit_margin: Real = parameter(
        0.05, gt=0, unit='rad', description="effort arms: barrier before a joint's end")
    self_collision_distance: Real = parameter(
        0.01, ge=0, unit='m', description='links nearer than this latch the stop, fingers of two '
        'grippers only where they touch; 0: off')
