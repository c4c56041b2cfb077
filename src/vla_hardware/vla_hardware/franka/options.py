"""What a deployer chooses about one Franka arm; unknown keys are refused by name."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from vla_core.rotation import quaternion_to_matrix
from vla_core.validation import Real, StrictModel, Vector, problem

__all__ = ['CollisionBehavior', 'FrankaOptions', 'GripperOptions', 'Payload', 'Placement']


def _of_length(n: int):
    def check(array: np.ndarray) -> np.ndarray:
        if len(array) != n:
            raise ValueError(f'must have {n} numbers')
        return array
    return check


def _positive(array: np.ndarray) -> np.ndarray:
    if np.any(array <= 0.0):
        raise ValueError('must be positive numbers')
    return array


def _unit(array: np.ndarray) -> np.ndarray:
    if abs(np.linalg.norm(array) - 1.0) > 1e-3:
        raise ValueError('must be a unit quaternion')
    return array


Three = Annotated[Vector, AfterValidator(_of_length(3))]
Quaternion = Annotated[Vector, AfterValidator(_of_length(4)), AfterValidator(_unit)]
Inertia = Annotated[Vector, AfterValidator(_of_length(9))]
Thresholds6 = Annotated[Vector, AfterValidator(_of_length(6)), AfterValidator(_positive)]
Thresholds7 = Annotated[Vector, AfterValidator(_of_length(7)), AfterValidator(_positive)]


class CollisionBehavior(StrictModel):
    """Above `lower` the robot reports contact, above `upper` it stops by reflex.

    Torques [7] in N·m, wrench [6] in N and N·m. The defaults are those of the maker's ROS 2 driver.
    """

    lower_torque: Thresholds7 = (25.0, 25.0, 22.0, 20.0, 19.0, 17.0, 14.0)
    upper_torque: Thresholds7 = (35.0, 35.0, 32.0, 30.0, 29.0, 27.0, 24.0)
    lower_wrench: Thresholds6 = (30.0, 30.0, 30.0, 25.0, 25.0, 25.0)
    upper_wrench: Thresholds6 = (40.0, 40.0, 40.0, 35.0, 35.0, 35.0)

    @model_validator(mode='after')
    def _check(self) -> CollisionBehavior:
        for kind in ('torque', 'wrench'):
            if np.any(getattr(self, f'upper_{kind}') < getattr(self, f'lower_{kind}')):
                raise problem(f'upper_{kind}', f'must not be below lower_{kind}')
        return self


class Payload(StrictModel):
    """A load beside the end effector that is configured in Desk."""

    mass: Real = Field(ge=0.0, le=5.0, description='kg')
    center: Three = Field((0.0, 0.0, 0.0), description='centre of mass in the flange frame, m')
    inertia: Inertia = Field(
        (0.0,) * 9, description='about the centre of mass, nine numbers by columns, kg·m²')


class Placement(StrictModel):
    """A frame in its parent."""

    position: Three = Field((0.0, 0.0, 0.0), description='m')
    quaternion: Quaternion = Field((0.0, 0.0, 0.0, 1.0), description='x, y, z, w')

    def column_major(self) -> list[float]:
        """The homogeneous transform as 16 numbers by columns, as libfranka takes it."""
        transform = np.eye(4)
        transform[:3, :3] = quaternion_to_matrix(self.quaternion)
        transform[:3, 3] = self.position
        return transform.flatten(order='F').tolist()


class GripperOptions(StrictModel):
    """The Franka Hand."""

    homing: bool = Field(False, description='find the widest opening when activated; it moves')
    speed: Real = Field(0.1, gt=0.0, le=0.2, description='of the opening, m/s')
    grasp_below: Real = Field(
        0.1, ge=0.0, le=1.0, description='closing goals below this opening (0 closed, 1 open) '
        'close with force until something is held; others go to their width')


class FrankaOptions(StrictModel):
    """Options of the `franka` plug-in."""

    ip: str = Field(min_length=1, description='address of the control box')
    connect_timeout: Real = Field(5.0, gt=0.0, description='s')
    link_timeout: Real = Field(
        0.1, ge=0.02, le=0.9, description='s without a state after which the link is lost')
    collision: CollisionBehavior = CollisionBehavior()
    payload: Payload | None = Field(None, description='None leaves what Desk says')
    end_effector: Placement | None = Field(
        None, description="in the nominal end effector's frame; None leaves what Desk says")
    stiffness_frame: Placement | None = Field(
        None, description='in the end effector frame, where wrenches are taken')
    joint_impedance: Thresholds7 | None = Field(
        None, description="stiffness of the robot's own joint controller, N·m/rad; it is used in "
        'the position, velocity and Cartesian modes')
    gripper: GripperOptions | None = Field(
        GripperOptions(), description='None when no Franka Hand is mounted')
