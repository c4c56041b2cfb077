"""Messages in other frames, against SciPy."""
from copy import deepcopy

import numpy as np
import pytest
import tf2_geometry_msgs
import tf2_ros
from geometry_msgs.msg import (
    Point,
    Point32,
    PointStamped,
    PolygonStamped,
    PoseStamped,
    PoseWithCovarianceStamped,
    Quaternion,
    TransformStamped,
    Vector3,
    Vector3Stamped,
    WrenchStamped,
)
from rclpy.time import Time
from scipy.spatial.transform import Rotation

TURN = Rotation.from_euler('xyz', [0.3, -1.1, 2.5])
SHIFT = np.array([1.0, -2.0, 0.5])
INNER = Rotation.from_euler('xyz', [-2.0, 0.4, 1.0])


def quaternion(rotation):
    x, y, z, w = map(float, rotation.as_quat())
    return Quaternion(x=x, y=y, z=z, w=w)


def triple(value):
    return np.array([value.x, value.y, value.z])


@pytest.fixture
def transform():
    message = TransformStamped(child_frame_id='tool')
    message.header.frame_id = 'base'
    message.header.stamp.sec = 3
    message.transform.translation = Vector3(x=SHIFT[0], y=SHIFT[1], z=SHIFT[2])
    message.transform.rotation = quaternion(TURN)
    return message


def test_point_is_turned_and_shifted(transform):
    point = PointStamped(point=Point(x=1.0, y=2.0, z=3.0))
    found = tf2_geometry_msgs.do_transform_point(point, transform)
    np.testing.assert_allclose(triple(found.point), TURN.apply([1, 2, 3]) + SHIFT)
    assert found.header == transform.header


def test_vector_is_turned_only_and_the_transform_left_alone(transform):
    before = deepcopy(transform)
    vector = Vector3Stamped(vector=Vector3(x=1.0, y=2.0, z=3.0))
    found = tf2_geometry_msgs.do_transform_vector3(vector, transform)
    np.testing.assert_allclose(triple(found.vector), TURN.apply([1, 2, 3]))
    assert transform == before


def test_pose_is_composed(transform):
    pose = PoseStamped()
    pose.pose.position = Point(x=1.0, y=2.0, z=3.0)
    pose.pose.orientation = quaternion(INNER)
    found = tf2_geometry_msgs.do_transform_pose_stamped(pose, transform).pose
    np.testing.assert_allclose(triple(found.position), TURN.apply([1, 2, 3]) + SHIFT)
    expected = (TURN * INNER).as_quat(canonical=True)
    np.testing.assert_allclose([*triple(found.orientation), found.orientation.w], expected)


def test_pose_without_rotation_is_refused(transform):
    pose = PoseStamped()
    pose.pose.orientation.w = 0.0
    with pytest.raises(ValueError, match='no rotation'):
        tf2_geometry_msgs.do_transform_pose(pose.pose, transform)


def test_covariance_is_that_of_turned_samples(transform):
    samples = np.random.default_rng(0).normal(size=(200, 6)) * [1, 2, 3, 0.1, 0.2, 0.3]
    pose = PoseWithCovarianceStamped()
    pose.pose.covariance = np.cov(samples.T).ravel()
    found = tf2_geometry_msgs.do_transform_pose_with_covariance_stamped(pose, transform)
    turned = np.hstack([TURN.apply(samples[:, :3]), TURN.apply(samples[:, 3:])])
    np.testing.assert_allclose(found.pose.covariance, np.cov(turned.T).ravel(), atol=1e-12)


def test_polygon_moves_every_corner(transform):
    polygon = PolygonStamped()
    polygon.polygon.points = [Point32(x=float(i), y=1.0) for i in range(3)]
    found = tf2_geometry_msgs.do_transform_polygon_stamped(polygon, transform)
    for i, point in enumerate(found.polygon.points):
        np.testing.assert_allclose(triple(point), TURN.apply([i, 1, 0]) + SHIFT, atol=1e-6)


def test_wrench_is_turned(transform):
    wrench = WrenchStamped()
    wrench.wrench.force.x, wrench.wrench.torque.z = 5.0, 2.0
    found = tf2_geometry_msgs.do_transform_wrench(wrench.wrench, transform)
    np.testing.assert_allclose(triple(found.force), TURN.apply([5, 0, 0]))
    np.testing.assert_allclose(triple(found.torque), TURN.apply([0, 0, 2]))


@pytest.mark.parametrize('kind', [PointStamped, Vector3Stamped, PoseStamped, PolygonStamped,
                                  PoseWithCovarianceStamped, WrenchStamped])
def test_a_buffer_transforms_every_registered_type(transform, kind):
    buffer = tf2_ros.Buffer()
    buffer.set_transform(transform, 'test')
    message = tf2_ros.Stamped(kind(), Time(seconds=3).to_msg(), 'tool')
    found = buffer.transform(message, 'base', new_type=kind)
    assert isinstance(found, kind)
    assert found.header.frame_id == 'base'
