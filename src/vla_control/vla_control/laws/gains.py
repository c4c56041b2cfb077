"""Parameters that the laws share. Names are CRISP's where it has one, so its files load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import create_model

from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['ErrorClip', 'FilterGains', 'FrictionGains', 'JointLimitGains', 'JointWeight',
           'NullSpaceGains', 'ReferenceGains', 'TaskGains', 'null_space_gains']

_FROM_STIFFNESS = 'negative: 2 √stiffness'


class ErrorClip(StrictModel):
    """Largest task error that stiffness sees, for each axis."""

    x: Real = parameter(0.1, gt=0, unit='m', description='error clip along x')
    y: Real = parameter(0.1, gt=0, unit='m', description='error clip along y')
    z: Real = parameter(0.1, gt=0, unit='m', description='error clip along z')
    rx: Real = parameter(0.5, gt=0, unit='rad', description='error clip about x')
    ry: Real = parameter(0.5, gt=0, unit='rad', description='error clip about y')
    rz: Real = parameter(0.5, gt=0, unit='rad', description='error clip about z')


class TaskGains(StrictModel):
    """Stiffness and damping of the tip."""

    k_pos_x: Real = parameter(500.0, ge=0, unit='N/m', description='stiffness along x')
    k_pos_y: Real = parameter(500.0, ge=0, unit='N/m', description='stiffness along y')
    k_pos_z: Real = parameter(500.0, ge=0, unit='N/m', description='stiffness along z')
    k_rot_x: Real = parameter(30.0, ge=0, unit='N·m/rad', description='stiffness about x')
    k_rot_y: Real = parameter(30.0, ge=0, unit='N·m/rad', description='stiffness about y')
    k_rot_z: Real = parameter(30.0, ge=0, unit='N·m/rad', description='stiffness about z')
    d_pos_x: Real = parameter(-1.0, unit='N·s/m', description=f'damping along x; {_FROM_STIFFNESS}')
    d_pos_y: Real = parameter(-1.0, unit='N·s/m', description=f'damping along y; {_FROM_STIFFNESS}')
    d_pos_z: Real = parameter(-1.0, unit='N·s/m', description=f'damping along z; {_FROM_STIFFNESS}')
    d_rot_x: Real = parameter(
        -1.0, unit='N·m·s/rad', description=f'damping about x; {_FROM_STIFFNESS}')
    d_rot_y: Real = parameter(
        -1.0, unit='N·m·s/rad', description=f'damping about y; {_FROM_STIFFNESS}')
    d_rot_z: Real = parameter(
        -1.0, unit='N·m·s/rad', description=f'damping about z; {_FROM_STIFFNESS}')
    error_clip: ErrorClip = ErrorClip()

    @property
    def stiffness(self) -> list[float]:
        """[x, y, z, rx, ry, rz]"""
        return [self.k_pos_x, self.k_pos_y, self.k_pos_z,
                self.k_rot_x, self.k_rot_y, self.k_rot_z]

    @property
    def damping(self) -> list[float]:
        """[x, y, z, rx, ry, rz], with what is negative derived from the stiffness."""
        given = [self.d_pos_x, self.d_pos_y, self.d_pos_z,
                 self.d_rot_x, self.d_rot_y, self.d_rot_z]
        return [d if d >= 0 else 2.0 * k**0.5 for d, k in zip(given, self.stiffness)]

    @property
    def clip(self) -> list[float]:
        """[x, y, z, rx, ry, rz]"""
        c = self.error_clip
        return [c.x, c.y, c.z, c.rx, c.ry, c.rz]


class JointWeight(StrictModel):
    """Weight of one joint."""

    value: Real = parameter(1.0, ge=0, description='times the null-space stiffness and damping')


class NullSpaceGains(StrictModel):
    """A spring to a joint posture that leaves the task alone."""

    stiffness: Real = parameter(10.0, ge=0, unit='N·m/rad', description='to the posture')
    damping: Real = parameter(
        -1.0, unit='N·m·s/rad', description=f'of the posture; {_FROM_STIFFNESS}')
    max_tau: Real = parameter(5.0, ge=0, unit='N·m', description='largest posture torque a joint')
    projector_type: Literal['none', 'kinematic', 'dynamic'] = parameter(
        'kinematic', description='none; kinematic I − J⁺J; dynamically consistent I − Jᵀ J̄ᵀ')
    regularization: Real = parameter(
        1e-6, ge=0, description='added to J Jᵀ or J M⁻¹ Jᵀ before it is inverted')

    @property
    def effective_damping(self) -> float:
        """Damping, or what follows from the stiffness."""
        return self.damping if self.damping >= 0 else 2.0 * self.stiffness**0.5


def null_space_gains(joints: Sequence[str], **defaults: object) -> type[NullSpaceGains]:
    """NullSpaceGains with `weights.<joint>.value` for each joint and these defaults."""
    weights = create_model(
        'JointWeights', __base__=StrictModel, **{j: (JointWeight, JointWeight()) for j in joints})
    fields = {name: (NullSpaceGains.model_fields[name].annotation,
                     _redefaulted(NullSpaceGains, name, value))
              for name, value in defaults.items()}
    return create_model(
        'NullSpace', __base__=NullSpaceGains, weights=(weights, weights()), **fields)


def _redefaulted(model: type[StrictModel], name: str, value: object) -> object:
    from copy import copy

    field = copy(model.model_fields[name])
    field.default = value
    return field


class JointLimitGains(StrictModel):
    """Repulsion from the ends of each joint's range."""

    safe_range: Real = parameter(0.1, ge=0, unit='rad', description='where the repulsion begins')
    max_torque: Real = parameter(5.0, ge=0, unit='N·m', description='repulsion at the end itself')


class FrictionGains(StrictModel):
    """Friction f1/(1 + exp(−f2 (q̇ + f3))) − f1/(1 + exp(−f2 f3)) + viscous q̇, for each joint.

    An empty list takes the description's Coulomb friction (f1 twice it), 40 s/rad, 0, and damping.
    """

    fp1: list[float] = parameter([], unit='N·m', description='step of the friction torque')
    fp2: list[float] = parameter([], unit='s/rad', description='steepness of the step')
    fp3: list[float] = parameter([], unit='rad/s', description='offset of the step')
    viscous: list[float] = parameter([], unit='N·m·s/rad', description='viscous friction')


class FilterGains(StrictModel):
    """Exponential filters, as weight of the new value for each millisecond; 1 is no filter."""

    q: Real = parameter(1.0, gt=0, le=1, description='measured joint position')
    dq: Real = parameter(1.0, gt=0, le=1, description='measured joint velocity')
    q_ref: Real = parameter(1.0, gt=0, le=1, description='posture of the null space')
    target_pose: Real = parameter(1.0, gt=0, le=1, description='reference pose')
    output_torque: Real = parameter(1.0, gt=0, le=1, description='commanded torque')


class ReferenceGains(StrictModel):
    """How a stream of targets becomes a reference."""

    mode: Literal['interpolated', 'stepped'] = parameter(
        'interpolated', description='interpolated in time, or each target at once as it comes')
    limit_scale: Real = parameter(
        0.25, gt=0, le=1, description="share of the profile's motion limits that is used")
    memory: Real = parameter(
        0.3, ge=0, lt=1, description='of the target filter: 0 trusts each target, near 1 smooths')
    bandwidth: Real = parameter(
        25.0, gt=0, le=40, unit='1/s', description='rate at which the reference nears its target')
