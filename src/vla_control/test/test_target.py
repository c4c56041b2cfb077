"""References are continuous, within limits whatever the stream does, and do not trail it."""
import numpy as np
from hypothesis import given, settings, strategies as st

from vla_control import so3
from vla_control.follower import AxisFollower, MotionLimits, VectorFollower
from vla_control.target import JointReference, PoseReference, TargetEstimator

LINEAR, ANGULAR = MotionLimits(0.8, 3.0, 500.0), MotionLimits(1.2, 6.0, 1000.0)
places = st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3)


def lengths(rows):
    return np.linalg.norm(np.array(rows), axis=1)


@settings(max_examples=25, deadline=None)
@given(st.lists(places, min_size=1, max_size=8), st.sampled_from([1000, 500, 100]),
       st.floats(0.0, 0.9))
def test_any_stream_is_followed_within_limits(targets, rate, memory):
    reference = PoseReference(LINEAR, ANGULAR, memory=memory)
    reference.reset((0, 0, 0), (0, 0, 0, 1))
    dt, time = 1.0 / rate, 0.0
    velocities, accelerations = [], [(0.0, 0.0, 0.0)]
    for target in targets:
        turn = so3.normalised(so3.exponential(tuple(3.0 * np.array(target))))
        reference.observe(time, target, turn)
        for _ in range(round(0.06 * rate)):
            time += dt
            reference.step(time, dt)
            velocities.append(reference.linear_velocity)
            accelerations.append(reference.linear_acceleration)
    assert lengths(velocities).max() <= LINEAR.velocity * 1.001
    assert lengths(accelerations).max() <= LINEAR.acceleration * 1.001
    assert lengths(np.diff(accelerations, axis=0)).max() / dt <= LINEAR.jerk * 1.001


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=8), st.sampled_from([1000, 500, 50]))
def test_joints_stay_within_limits_and_arrive(targets, rate):
    limits = MotionLimits(2.0, 10.0, 3000.0)
    reference = JointReference([limits])
    reference.reset(np.zeros(1))
    dt, time = 1.0 / rate, 0.0
    velocities, accelerations = [], []
    for target in [*targets, *targets[-1:] * 60]:
        reference.observe(time, [target])
        for _ in range(round(0.06 * rate)):
            time += dt
            reference.step(time, dt)
            velocities.append(reference.velocity[0])
            accelerations.append(reference.acceleration[0])
    assert np.abs(velocities).max() <= limits.velocity * 1.001
    assert np.abs(accelerations).max() <= limits.acceleration * 1.001
    assert np.abs(np.diff(accelerations)).max() / dt <= limits.jerk * 1.001
    assert abs(reference.position[0] - targets[-1]) < 1e-3


def test_a_moving_stream_is_followed_without_lag():
    reference = PoseReference(LINEAR, ANGULAR)

    def path(t):
        return np.array([0.15 * np.sin(1.6 * t), 0.1 * np.sin(2.4 * t), 0.2])

    reference.reset(path(0), (0, 0, 0, 1))
    errors = []
    for tick in range(4000):
        if tick % 20 == 0:
            reference.observe(1e-3 * tick, path(1e-3 * tick), (0, 0, 0, 1))
        reference.step(1e-3 * (tick + 1), 1e-3)
        errors.append(np.linalg.norm(path(1e-3 * (tick + 1)) - reference.position))
    assert max(errors[1000:]) < 0.5e-3


def test_a_step_goes_straight_without_overshoot_and_rotations_the_short_way():
    reference = PoseReference(LINEAR, ANGULAR)
    reference.reset((0, 0, 0), (0, 0, 0, 1))
    goal = np.array([0.3, 0.2, -0.1])
    turn = so3.normalised((0.0, 0.0, -np.sin(0.4), -np.cos(0.4)))  # the double cover of +0.8 rad
    beyond, aside, angle = [], [], []
    for tick in range(3000):
        if tick % 20 == 0:
            reference.observe(1e-3 * tick, goal, turn)
        reference.step(1e-3 * (tick + 1), 1e-3)
        along = np.dot(reference.position, goal) / np.dot(goal, goal)
        beyond.append(along - 1.0)
        aside.append(np.linalg.norm(np.array(reference.position) - along * goal))
        angle.append(so3.logarithm(reference.quaternion)[2])
    assert max(beyond) < 1e-3
    assert max(aside) < 1e-9
    assert min(angle) > -1e-3
    assert abs(angle[-1] - 0.8) < 1e-4


def test_an_overdue_stream_ends_at_its_newest_target():
    estimator = TargetEstimator(LINEAR, 0.3)
    for index in range(10):
        estimator.observe(0.02 * index, (0.3 * 0.02 * index,))
    moving, velocity, _ = estimator.predict(0.19)
    assert abs(moving[0] - 0.057) < 1e-6
    assert abs(velocity[0] - 0.3) < 1e-6
    place, velocity, _ = estimator.predict(0.4)
    assert place[0] == 0.3 * 0.18
    assert velocity == (0.0,)


def test_a_jump_in_a_moving_stream_gives_no_false_speed():
    estimator = TargetEstimator(LINEAR, 0.3)
    for index in range(10):
        estimator.observe(0.02 * index, (0.2 * 0.02 * index,))
    estimator.observe(0.2, (0.4,))
    assert abs(estimator.predict(0.2)[1][0]) < 0.21


def test_targets_that_are_older_than_the_newest_are_left_out():
    estimator = TargetEstimator(LINEAR, 0.3)
    estimator.observe(1.0, (1.0,))
    estimator.observe(0.9, (9.0,))
    assert estimator.latest == (1.0,)


def test_stepped_mode_takes_each_target_at_once():
    reference = PoseReference(LINEAR, ANGULAR, stepped=True)
    reference.reset((0, 0, 0), (0, 0, 0, 1))
    reference.observe(0.0, (0.3, 0.0, 0.0), (0, 0, 0, 1))
    reference.step(0.001, 0.001)
    assert reference.position == (0.3, 0.0, 0.0)
    assert reference.linear_velocity == (0.0, 0.0, 0.0)


def test_braking_comes_to_rest_within_limits():
    axis = AxisFollower(MotionLimits(2.0, 10.0, 1000.0))
    axis.reset(0.0, 1.5, 5.0)
    last = axis.acceleration
    for _ in range(1000):
        axis.brake(1e-3)
        assert abs(axis.acceleration - last) <= 1.0 + 1e-9
        last = axis.acceleration
    assert abs(axis.velocity) < 1e-3
    vector = VectorFollower(LINEAR)
    vector.velocity = (0.5, 0.2, 0.0)
    for _ in range(1500):
        vector.brake(1e-3)
    assert np.linalg.norm(vector.velocity) < 1e-3
