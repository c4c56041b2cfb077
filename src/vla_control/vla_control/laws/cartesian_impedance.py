"""Cartesian impedance: the tip is a spring to its reference (see `impedance` for the law).

The operational-space variant weighs stiffness and damping with the tip's inertia Λ, so that gains
are accelerations: k in 1/s² and d in 1/s, the same in every direction and pose (Khatib 1987).
"""

from __future__ import annotations

from collections.abc import Sequence

from vla_control.laws.impedance import ImpedanceParameters, impedance_parameters

__all__ = ['cartesian_impedance_parameters', 'operational_space_parameters']


def cartesian_impedance_parameters(joints: Sequence[str]) -> type[ImpedanceParameters]:
    """A soft tip and a softer posture behind it."""
    return impedance_parameters('CartesianImpedanceParameters', joints, {})


def operational_space_parameters(joints: Sequence[str]) -> type[ImpedanceParameters]:
    """The same in the operational-space variant."""
    return impedance_parameters(
        'OperationalSpaceParameters', joints, {}, use_operational_space=True)
