"""Rigid transforms as flat tuples (x, y, z, qx, qy, qz, qw): metres and a unit quaternion.

A look-up composes a handful of them. Plain floats beat arrays at that size: no allocation but the
result, about a microsecond a product.
"""
from math import acos, sin, sqrt

RigidTransform = tuple[float, float, float, float, float, float, float]

IDENTITY: RigidTransform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)

# Below this angle (rad) between two quaternions, a chord replaces the arc: the difference is
# smaller than rounding, and the arc would divide by nearly zero.
SMALL_ANGLE = 1e-6


def compose(a: RigidTransform, b: RigidTransform) -> RigidTransform:
    """Return a·b: first b, then a."""
    ax, ay, az, ai, aj, ak, aw = a
    bx, by, bz, bi, bj, bk, bw = b
    # R(a) t = t + 2 w (v × t) + 2 v × (v × t)
    ux = 2.0 * (aj * bz - ak * by)
    uy = 2.0 * (ak * bx - ai * bz)
    uz = 2.0 * (ai * by - aj * bx)
    return (
        ax + bx + aw * ux + aj * uz - ak * uy,
        ay + by + aw * uy + ak * ux - ai * uz,
        az + bz + aw * uz + ai * uy - aj * ux,
        aw * bi + ai * bw + aj * bk - ak * bj,
        aw * bj - ai * bk + aj * bw + ak * bi,
        aw * bk + ai * bj - aj * bi + ak * bw,
        aw * bw - ai * bi - aj * bj - ak * bk,
    )


def invert(a: RigidTransform) -> RigidTransform:
    """Return the transform that undoes a."""
    x, y, z, i, j, k, w = a
    rotated = compose((0.0, 0.0, 0.0, -i, -j, -k, w), (-x, -y, -z, 0.0, 0.0, 0.0, 1.0))
    return rotated[:3] + (-i, -j, -k, w)


def interpolate(a: RigidTransform, b: RigidTransform, ratio: float) -> RigidTransform:
    """
    Return the transform at a share of the way from a (0) to b (1).

    The translation goes straight; the rotation turns at constant rate along the shorter arc
    (slerp: Shoemake, Animating Rotation with Quaternion Curves, 1985).
    """
    ax, ay, az, ai, aj, ak, aw = a
    bx, by, bz, bi, bj, bk, bw = b
    cosine = ai * bi + aj * bj + ak * bk + aw * bw
    sign = 1.0
    if cosine < 0.0:
        cosine, sign = -cosine, -1.0
    angle = acos(min(cosine, 1.0))
    if angle < SMALL_ANGLE:
        p, q = 1.0 - ratio, sign * ratio
    else:
        scale = 1.0 / sin(angle)
        p, q = sin((1.0 - ratio) * angle) * scale, sign * sin(ratio * angle) * scale
    i, j, k, w = p * ai + q * bi, p * aj + q * bj, p * ak + q * bk, p * aw + q * bw
    norm = sqrt(i * i + j * j + k * k + w * w)
    return (
        ax + ratio * (bx - ax), ay + ratio * (by - ay), az + ratio * (bz - az),
        i / norm, j / norm, k / norm, w / norm,
    )
