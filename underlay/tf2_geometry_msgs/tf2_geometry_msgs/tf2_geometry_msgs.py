"""
Functions that express a geometry message in the frame a transform leads to.

Each takes a message and the TransformStamped from its frame to the target, and returns a new
message; the header of a stamped one is that of the transform. Lengths in metres.
"""
from math import copysign, sqrt

import numpy as np
from geometry_msgs.msg import (
    Point32,
    PointStamped,
    PolygonStamped,
    Pose,
    PoseStamped,
    PoseWithCovarianceStamped,
    Quaternion,
    TransformStamped,
    Vector3,
    Vector3Stamped,
    Wrench,
    WrenchStamped,
)
from tf2_ros import ConvertRegistration, TransformRegistration

Triple = tuple[float, float, float]


def do_transform_point(point: PointStamped, transform: TransformStamped) -> PointStamped:
    """Return a point in the target frame."""
    result = PointStamped(header=transform.header)
    result.point.x, result.point.y, result.point.z = moved(point.point, transform)
    return result


def do_transform_vector3(vector3: Vector3Stamped, transform: TransformStamped) -> Vector3Stamped:
    """Return a free vector, such as a velocity, in the target frame: turned, not shifted."""
    return Vector3Stamped(header=transform.header, vector=turned_vector(vector3.vector, transform))


def do_transform_pose(pose: Pose, transform: TransformStamped) -> Pose:
    """Return a pose in the target frame; the quaternion has length 1 and w ≥ 0."""
    result = Pose()
    result.position.x, result.position.y, result.position.z = moved(pose.position, transform)
    result.orientation = product(transform.transform.rotation, pose.orientation)
    return result


def do_transform_pose_stamped(pose: PoseStamped, transform: TransformStamped) -> PoseStamped:
    """Return a stamped pose in the target frame."""
    return PoseStamped(header=transform.header, pose=do_transform_pose(pose.pose, transform))


def do_transform_pose_with_covariance_stamped(
        pose: PoseWithCovarianceStamped,
        transform: TransformStamped) -> PoseWithCovarianceStamped:
    """Return a pose and its covariance in the target frame."""
    result = PoseWithCovarianceStamped(header=transform.header)
    result.pose.pose = do_transform_pose(pose.pose.pose, transform)
    result.pose.covariance = transform_covariance(pose.pose.covariance, transform)
    return result


def do_transform_polygon_stamped(polygon: PolygonStamped,
                                 transform: TransformStamped) -> PolygonStamped:
    """Return a polygon in the target frame."""
    result = PolygonStamped(header=transform.header)
    for point in polygon.polygon.points:
        x, y, z = moved(point, transform)
        result.polygon.points.append(Point32(x=x, y=y, z=z))
    return result


def do_transform_wrench(wrench: Wrench, transform: TransformStamped) -> Wrench:
    """
    Return force (N) and torque (N m) along the axes of the target frame.

    Both are turned only: the torque stays the one about the origin of the frame it came from.
    """
    return Wrench(force=turned_vector(wrench.force, transform),
                  torque=turned_vector(wrench.torque, transform))


def do_transform_wrench_stamped(wrench: WrenchStamped,
                                transform: TransformStamped) -> WrenchStamped:
    """Return a stamped wrench along the axes of the target frame."""
    return WrenchStamped(
        header=transform.header, wrench=do_transform_wrench(wrench.wrench, transform))


def transform_covariance(cov_in: np.ndarray, transform: TransformStamped) -> np.ndarray:
    """
    Return a covariance of x, y, z and rotations about x, y, z in the target frame.

    With T = diag(R, R) the covariance of T·x is T·C·Tᵀ.

    :param cov_in: 36 numbers, row by row
    """
    rotation = transform.transform.rotation
    columns = [turned(rotation, axis) for axis in ((1., 0., 0.), (0., 1., 0.), (0., 0., 1.))]
    both = np.kron(np.eye(2), np.array(columns).T)
    return (both @ np.asarray(cov_in).reshape(6, 6) @ both.T).ravel()


def moved(point, transform: TransformStamped) -> Triple:
    """Return a point turned and shifted."""
    x, y, z = turned(transform.transform.rotation, (point.x, point.y, point.z))
    shift = transform.transform.translation
    return x + shift.x, y + shift.y, z + shift.z


def turned_vector(vector: Vector3, transform: TransformStamped) -> Vector3:
    """Return a vector turned."""
    x, y, z = turned(transform.transform.rotation, (vector.x, vector.y, vector.z))
    return Vector3(x=x, y=y, z=z)


def turned(q: Quaternion, vector: Triple) -> Triple:
    """Return R(q)·v = v + w·u + q × u, where u = 2 q × v."""
    x, y, z = vector
    i, j, k, w = q.x, q.y, q.z, q.w
    ux, uy, uz = 2.0 * (j * z - k * y), 2.0 * (k * x - i * z), 2.0 * (i * y - j * x)
    return (x + w * ux + j * uz - k * uy, y + w * uy + k * ux - i * uz,
            z + w * uz + i * uy - j * ux)


def product(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return a·b, normalised, with w ≥ 0."""
    x = a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y
    y = a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x
    z = a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w
    w = a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z
    norm = copysign(sqrt(x * x + y * y + z * z + w * w), w)
    if norm == 0.0:
        raise ValueError('an orientation of all zeros is no rotation')
    return Quaternion(x=x / norm, y=y / norm, z=z / norm, w=w / norm)


for kind, function in (
        (PointStamped, do_transform_point),
        (Vector3Stamped, do_transform_vector3),
        (PoseStamped, do_transform_pose_stamped),
        (PoseWithCovarianceStamped, do_transform_pose_with_covariance_stamped),
        (PolygonStamped, do_transform_polygon_stamped),
        (WrenchStamped, do_transform_wrench_stamped)):
    TransformRegistration().add(kind, function)
    ConvertRegistration().add_to_msg(kind, lambda message: message)
    ConvertRegistration().add_from_msg(kind, lambda message: message)
