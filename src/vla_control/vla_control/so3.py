"""Rotations as tuples of floats, for the tick: a tenth of the time of one-element arrays.

Quaternions are (x, y, z, w), as everywhere; `vla_core.rotation` has the array forms.
Solà 2017, "Quaternion kinematics for the error-state Kalman filter", sections 4.4 and 4.6.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ['Quaternion', 'Vector3', 'exponential', 'from_matrix', 'logarithm', 'matrix_into',
           'multiply', 'normalised', 'rotation_between']

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation b, then a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz)


def normalised(q: Quaternion) -> Quaternion:
    """The same rotation with length 1."""
    x, y, z, w = q
    scale = 1.0 / math.sqrt(x * x + y * y + z * z + w * w)
    return (x * scale, y * scale, z * scale, w * scale)


def exponential(v: Vector3) -> Quaternion:
    """Rotation by the vector v (axis times angle, rad)."""
    x, y, z = v
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1e-9:
        return (0.5 * x, 0.5 * y, 0.5 * z, 1.0)
    scale = math.sin(0.5 * angle) / angle
    return (x * scale, y * scale, z * scale, math.cos(0.5 * angle))


def logarithm(q: Quaternion) -> Vector3:
    """Rotation vector of q, the short way round, rad."""
    x, y, z, w = q
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    sine = math.sqrt(x * x + y * y + z * z)
    if sine < 1e-9:
        return (2.0 * x, 2.0 * y, 2.0 * z)
    scale = 2.0 * math.atan2(sine, w) / sine
    return (x * scale, y * scale, z * scale)


def rotation_between(a: Quaternion, b: Quaternion) -> Vector3:
    """Rotation vector log(b a⁻¹) that turns a into b, along the axes both are expressed in."""
    return logarithm(multiply(b, (-a[0], -a[1], -a[2], a[3])))


def from_matrix(m: np.ndarray) -> Quaternion:
    """Quaternion of a rotation matrix [3, 3] (Shepperd 1978)."""
    (a, b, c), (d, e, f), (g, h, i) = m.tolist()
    trace = a + e + i
    if trace > 0.0:
        s = 2.0 * math.sqrt(trace + 1.0)
        return ((h - f) / s, (c - g) / s, (d - b) / s, 0.25 * s)
    if a >= e and a >= i:
        s = 2.0 * math.sqrt(max(1.0 + a - e - i, 1e-300))
        return (0.25 * s, (b + d) / s, (c + g) / s, (h - f) / s)
    if e >= i:
        s = 2.0 * math.sqrt(max(1.0 + e - a - i, 1e-300))
        return ((b + d) / s, 0.25 * s, (f + h) / s, (c - g) / s)
    s = 2.0 * math.sqrt(max(1.0 + i - a - e, 1e-300))
    return ((c + g) / s, (f + h) / s, 0.25 * s, (d - b) / s)


def matrix_into(q: Quaternion, out: np.ndarray) -> None:
    """Write the matrix [3, 3] of a unit quaternion to `out`."""
    x, y, z, w = q
    out[0] = (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y))
    out[1] = (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x))
    out[2] = (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y))
