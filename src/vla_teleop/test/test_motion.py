"""Whatever is wanted, references stay within speed, acceleration and workspace."""
import numpy as np
from hypothesis import given, settings, strategies as st

from vla_core.rotation import (
    angle_between,
    quaternion_multiply,
    quaternion_rotate,
    rotation_vector_to_quaternion,
)
from vla_teleop.axes import Anchor, Axes
from vla_teleop.motion import JointMotion, Limits, PoseMotion

LINEAR, ANGULAR = Limits(0.2, 1.0), Limits(0.8, 4.0)
LOWER, UPPER = np.array([0.0, -0.5, 0.0]), np.array([0.8, 0.5, 0.8])
START = (np.array([0.4, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 0.0]))
share = st.floats(-1.0, 1.0)
twists = st.tuples(*[share] * 6).map(np.array)
places = st.tuples(*[st.floats(-2.0, 2.0)] * 3).map(np.array)
steps = st.lists(st.tuples(st.booleans(), twists, places, st.floats(0.002, 0.05)),
                 min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_a_tip_moves_within_speed_and_acceleration_whatever_is_wanted(wishes):
    motion = PoseMotion(*START, LOWER, UPPER)
    speed, turning = np.zeros(3), 0.0
    for driven, twist, place, dt in wishes:
        before = (motion.position.copy(), motion.quaternion.copy())
        if driven:
            motion.drive(twist * 10.0, LINEAR, ANGULAR, dt)
        else:
            turn = rotation_vector_to_quaternion(place)
            motion.approach(place, turn, LINEAR, ANGULAR, dt)
        now = (motion.position - before[0]) / dt
        assert np.linalg.norm(now) <= LINEAR.velocity + 1e-9
        assert np.linalg.norm(now - speed) <= LINEAR.acceleration * dt + 1e-9
        rate = float(angle_between(motion.quaternion, before[1])) / dt
        assert rate <= ANGULAR.velocity + 1e-6
        assert abs(rate - turning) <= ANGULAR.acceleration * dt + 1e-6
        assert np.all(motion.position >= LOWER - 0.01) and np.all(motion.position <= UPPER + 0.01)
        speed, turning = now, rate


@settings(max_examples=10, deadline=None)
@given(twists)
def test_it_comes_to_rest_at_a_wall_and_when_nothing_is_wanted(twist):
    motion = PoseMotion(*START, LOWER, UPPER)
    for _ in range(800):
        motion.drive(twist * 10.0, LINEAR, ANGULAR, 0.01)
    assert np.all(motion.position >= LOWER - 2e-3) and np.all(motion.position <= UPPER + 2e-3)
    for _ in range(25):
        motion.drive(np.zeros(6), LINEAR, ANGULAR, 0.01)
    assert motion.at_rest and motion.speeds == (0.0, 0.0)


@settings(max_examples=8, deadline=None)
@given(places, places)
def test_a_pose_is_reached_and_an_arm_that_is_outside_only_comes_in(place, turn):
    target = rotation_vector_to_quaternion(turn)
    motion = PoseMotion(*START, LOWER, UPPER)
    for _ in range(1800):
        motion.approach(place, target, LINEAR, ANGULAR, 0.01)
    assert np.allclose(motion.position, np.clip(place, LOWER, UPPER), atol=2e-3)
    assert angle_between(motion.quaternion, target) < 1e-3
    outside = PoseMotion(np.array([0.9, 0.0, 0.3]), START[1], LOWER, UPPER)
    outside.drive(np.array([1.0, 0, 0, 0, 0, 0]), LINEAR, ANGULAR, 0.01)
    assert outside.position[0] == 0.9
    for _ in range(200):
        outside.drive(np.array([-1.0, 0, 0, 0, 0, 0]), LINEAR, ANGULAR, 0.01)
    assert outside.position[0] < 0.8


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.tuples(*[st.floats(-4, 4)] * 2)),
                min_size=1, max_size=80))
def test_joints_move_within_their_own_limits_and_ranges(wishes):
    limits = Limits(np.array([1.0, 2.0]), np.array([5.0, 8.0]))
    lower, upper = np.array([-1.0, -2.0]), np.array([1.0, 2.0])
    motion = JointMotion(np.zeros(2), lower, upper)
    speed = np.zeros(2)
    for moves, target in wishes:
        before = motion.place.copy()
        if moves:
            motion.approach(np.array(target), limits, 0.01)
        else:
            motion.brake(limits, 0.01)
        now = (motion.place - before) / 0.01
        assert np.all(np.abs(now) <= limits.velocity + 1e-9)
        assert np.all(np.abs(now - speed) <= limits.acceleration * 0.01 + 1e-9)
        assert np.all(motion.place > lower - 0.01) and np.all(motion.place < upper + 0.01)
        speed = now
    for _ in range(2000):
        motion.approach(np.array([0.5, -1.5]), limits, 0.01)
    assert np.allclose(motion.place, [0.5, -1.5], atol=1e-4) and motion.at_rest


def test_axes_follow_the_person_or_the_tool():
    forward = np.array([1.0, 0, 0, 0, 0, 1.0])
    down = START[1]
    assert np.allclose(Axes().twist(forward, down), forward)
    assert np.allclose(Axes('base', np.pi / 2).twist(forward, down), [0, 1, 0, 0, 0, 1])
    tool = Axes('tool').twist(forward, down)
    assert np.allclose(tool, [1, 0, 0, 0, 0, -1])  # the tool's z points down


@settings(max_examples=40, deadline=None)
@given(places, places, places, st.sampled_from(['base', 'tool']), st.floats(-3, 3))
def test_an_anchor_begins_where_the_arm_is_and_follows_changes(start, way, turn, frame, yaw):
    device = (start, rotation_vector_to_quaternion(0.3 * start))
    anchor = Anchor(Axes(frame, yaw), 0.5, device, START)
    place, quaternion = anchor.target(*device)
    assert np.allclose(place, START[0]) and angle_between(quaternion, START[1]) < 1e-6
    turned = rotation_vector_to_quaternion(0.2 * turn)
    place, quaternion = anchor.target(start + way, quaternion_multiply(turned, device[1]))
    assert np.isclose(np.linalg.norm(place - START[0]), 0.5 * np.linalg.norm(way))
    assert np.isclose(angle_between(quaternion, START[1]),
                      angle_between(turned, [0, 0, 0, 1]), atol=1e-6)
    if frame == 'tool':
        assert np.allclose(place - START[0], 0.5 * quaternion_rotate(START[1], way))
