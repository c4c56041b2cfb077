"""
From the axes of a device to those of the arm's base.

In frame ``base`` forward is the base's x turned by ``yaw`` about z, for a person who looks at the
robot from elsewhere; in frame ``tool`` it is the tip's x. A pose device is followed by its changes
since an anchor (p₀, R₀ of the device; P₀, Q₀ of the arm):

    P = P₀ + s A (p − p₀),      Q = exp(A θ) Q₀,      θ = log(R R₀ᵀ)

with A = Rz(yaw) in base, A = R(Q₀) in tool, and s the scale.
"""
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vla_core.rotation import (
    IDENTITY,
    quaternion_inverse,
    quaternion_multiply,
    quaternion_rotate,
    quaternion_to_rotation_vector,
    rotation_vector_to_quaternion,
    shortest,
)

__all__ = ['Anchor', 'Axes', 'FrameName']

FrameName = Literal['base', 'tool']


@dataclass(frozen=True)
class Axes:
    """How the axes of a device lie; ``yaw`` in rad."""

    frame: FrameName = 'base'
    yaw: float = 0.0

    def rotation(self, quaternion: np.ndarray) -> np.ndarray:
        """A as a quaternion [4], for a tip that is turned by ``quaternion`` in its base."""
        if self.frame == 'tool':
            return quaternion
        return rotation_vector_to_quaternion(np.array([0.0, 0.0, self.yaw]))

    def twist(self, twist: np.ndarray, quaternion: np.ndarray) -> np.ndarray:
        """A twist [6] of the device along base axes."""
        turn = self.rotation(quaternion)
        return np.concatenate([quaternion_rotate(turn, twist[:3]),
                               quaternion_rotate(turn, twist[3:])])


class Anchor:
    """Where device and arm stood when the device took hold of the arm."""

    def __init__(
        self, axes: Axes, scale: float, device: tuple[np.ndarray, np.ndarray],
        arm: tuple[np.ndarray, np.ndarray],
    ) -> None:
        self.axes, self.scale = axes, scale
        self._device, self._arm = device, arm
        self._turn = axes.rotation(arm[1])

    def target(
        self, position: np.ndarray, rotation: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pose of the arm for one of the device."""
        way = quaternion_rotate(self._turn, position - self._device[0])
        turn = quaternion_to_rotation_vector(shortest(quaternion_multiply(
            rotation, quaternion_inverse(self._device[1])), IDENTITY))
        return (self._arm[0] + self.scale * way, quaternion_multiply(
            rotation_vector_to_quaternion(quaternion_rotate(self._turn, turn)), self._arm[1]))
