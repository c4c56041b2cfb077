"""Limits against brute force and against Ruckig, the time-optimal reference."""
import math

import numpy as np
import pytest
import ruckig
from hypothesis import given, settings, strategies as st

from vla_core.limits import (
    braking,
    clamp_position,
    clamp_rate,
    clamp_velocity,
    stopping_speed,
    violations,
)

positive = st.floats(0.1, 50)


def ruckig_stop(v, a, max_acceleration, jerk):
    plan = ruckig.InputParameter(1)
    plan.control_interface = ruckig.ControlInterface.Velocity
    plan.current_position, plan.current_velocity, plan.current_acceleration = [0.0], [v], [a]
    plan.target_velocity, plan.target_acceleration = [0.0], [0.0]
    plan.max_acceleration, plan.max_jerk = [max_acceleration], [jerk]
    trajectory = ruckig.Trajectory(1)
    ruckig.Ruckig(1).calculate(plan, trajectory)
    extreme = trajectory.position_extrema[0]
    return (trajectory.duration, trajectory.at_time(trajectory.duration)[0][0],
            min(extreme.min, 0.0), max(extreme.max, 0.0))


@given(st.floats(-5, 5), st.floats(-1, 1), positive, positive)
def test_braking_agrees_with_ruckig(v, share, max_acceleration, jerk):
    a = share * max_acceleration
    stop = braking(v, a, max_acceleration, jerk)
    time_s, end, lower, upper = ruckig_stop(v, a, max_acceleration, jerk)
    tolerance = 1e-6 * (1 + abs(end) + abs(lower) + abs(upper))
    assert stop.time_s == pytest.approx(time_s, abs=1e-6 * (1 + time_s))
    assert stop.displacement == pytest.approx(end, abs=tolerance)
    assert stop.lower == pytest.approx(lower, abs=tolerance)
    assert stop.upper == pytest.approx(upper, abs=tolerance)


def test_an_acceleration_beyond_its_limit_is_not_raised_further():
    stop = braking([1.0], [-20.0], [10.0], [100.0])
    assert np.isfinite(stop.time_s)
    assert stop.upper > 0
    assert stop.lower <= 0


def test_braking_takes_an_array_of_joints(pair):
    stop = braking([0.0, 1.0, -1.0, 2.0], np.zeros(4), pair.limits.acceleration, pair.limits.jerk)
    assert stop.time_s.shape == (4,)
    assert stop.time_s[0] == stop.displacement[0] == 0
    assert np.sign(stop.displacement).tolist() == [0, 1, -1, 1]


@given(st.floats(0, 10), positive, positive)
def test_stopping_speed_is_the_inverse_of_braking(distance, max_acceleration, jerk):
    speed = stopping_speed(distance, max_acceleration, jerk)
    assert braking(speed, 0.0, max_acceleration, jerk).displacement == pytest.approx(
        distance, rel=1e-6, abs=1e-9)
    assert stopping_speed(-1.0, max_acceleration, jerk) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-50, 50), min_size=2, max_size=2), min_size=1, max_size=60),
    st.sampled_from([0.001, 0.002, 0.01, 0.02]))
def test_a_clamped_velocity_never_breaks_a_limit(pair, wishes, dt):
    limits = pair.arm('left').limits
    velocity, acceleration = np.zeros(2), np.zeros(2)
    for wish in wishes:
        # Hold each wish long enough for the limits to meet.
        for _ in range(5):
            before = acceleration
            velocity, acceleration = clamp_velocity(wish, velocity, acceleration, limits, dt)
            assert not violations(
                pair.arm('left').joints, limits, velocity=velocity, acceleration=acceleration,
                jerk=(acceleration - before) / dt, tolerance=1e-6)


def test_a_clamped_velocity_arrives(pair):
    limits = pair.arm('left').limits
    velocity, acceleration = np.zeros(2), np.zeros(2)
    for _ in range(2000):
        velocity, acceleration = clamp_velocity([9, -9], velocity, acceleration, limits, 0.001)
    assert velocity == pytest.approx([2.0, -3.0], abs=1e-9)


@given(st.floats(-10, 10), st.floats(-10, 10), positive, st.sampled_from([0.001, 0.1]))
def test_a_rate_holds_per_second(value, previous, rate, dt):
    moved = clamp_rate(value, previous, rate, dt)
    assert abs(moved - previous) <= rate * dt * (1 + 1e-9) + 1e-12
    if abs(value - previous) <= rate * dt:
        assert moved == value


def test_positions_are_moved_into_their_limits(pair):
    limits = pair.arm('left').limits
    assert clamp_position([[-9, 0], [9, 9]], limits).tolist() == [[-2, 0], [2, 1.5]]


def test_a_violation_names_joint_limit_value_and_bound(pair):
    arm = pair.arm('left')
    assert violations(arm.joints, arm.limits, position=[0, 0], velocity=[2, -3]) == []
    found = violations(arm.joints, arm.limits, position=[0, -1.5], velocity=[2.5, -4],
                       effort=[0, math.nan])
    assert [(entry.joint, entry.limit) for entry in found] == [
        ('left_elbow', 'position'), ('left_shoulder', 'velocity'), ('left_elbow', 'velocity'),
        ('left_elbow', 'effort')]
    assert str(found[1]) == (
        'left_shoulder: velocity 2.5 rad/s is beyond the limit 2 rad/s')
    assert str(found[0]) == 'left_elbow: position -1.5 rad is beyond the limit -1 rad'


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_a_violation(pair, value):
    arm = pair.arm('left')
    for name in ('position', 'velocity', 'acceleration', 'jerk', 'effort', 'effort_rate'):
        assert len(violations(arm.joints, arm.limits, **{name: [value, 0.0]})) == 1
