"""What the Franka plug-in asks of the robot stays inside the robot's limits; refusals are named."""
import numpy as np
import pytest

from vla_core.profile import RobotProfile
from vla_hardware import FaultCode, HardwareError, create
from vla_hardware.franka.connection import try_handshake
from vla_hardware.franka.faults import diagnose
from vla_hardware.franka.motion_limits import (
    JointMotionLimiter,
    TipMotionLimiter,
    TorqueLimiter,
    velocity_envelope,
)

PROFILE = RobotProfile.load('franka')
ARM = PROFILE.arms[0]
LIMITS = ARM.limits
DT = 0.001


def derivatives(start, positions):
    """Velocity, acceleration and jerk of a track [t, n] that begins at rest at `start` [n]."""
    track = np.concatenate((np.tile(start, (3, 1)), positions))
    velocity = np.diff(track, axis=0) / DT
    acceleration = np.diff(velocity, axis=0) / DT
    return velocity, acceleration, np.diff(acceleration, axis=0) / DT


def wild(seed, steps, size):
    """What a bad policy asks: jumps, noise and silence, as offsets [steps, size] up to 1."""
    rng = np.random.default_rng(seed)
    jumps = np.repeat(rng.uniform(-1.0, 1.0, (steps // 100 + 1, size)), 100, axis=0)[:steps]
    return jumps + rng.normal(0.0, 0.05, (steps, size)) * (np.arange(steps) % 500 < 250)[:, None]


@pytest.mark.parametrize('seed', [1, 2])
def test_torques_never_change_faster_than_the_robot_allows(seed):
    limiter = TorqueLimiter(LIMITS, DT)
    received = np.zeros(7)
    for asked in 500.0 * wild(seed, 1000, 7):
        torque = limiter.limit(asked, received)
        assert np.all(np.abs(torque) <= LIMITS.effort)
        assert np.all(np.abs(torque - received) <= LIMITS.effort_rate * DT)
        if np.random.default_rng(seed).random() > 0.1:  # now and then one is lost
            received = torque


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_joint_positions_stay_within_envelope_acceleration_and_jerk(seed):
    limiter = JointMotionLimiter(LIMITS, DT)
    limiter.start(ARM.home)
    track = np.array([limiter.limit_position(ARM.home + 1.5 * offset).copy()
                      for offset in wild(seed, 3000, 7)])
    velocity, acceleration, jerk = derivatives(ARM.home, track)
    low, high = velocity_envelope(track, LIMITS)
    assert np.all((low - 1e-3 <= velocity[2:]) & (velocity[2:] <= high + 1e-3))
    assert np.all(np.abs(acceleration) <= LIMITS.acceleration)
    assert np.all(np.abs(jerk) <= LIMITS.jerk)


def test_a_position_within_the_limits_passes_and_a_step_is_reached():
    limiter = JointMotionLimiter(LIMITS, DT)
    limiter.start(ARM.home)
    for i in range(2000):
        wanted = ARM.home + 0.2 * (1.0 - np.cos(2.0 * i * DT))
        reached = limiter.limit_position(wanted)
        np.testing.assert_allclose(reached, wanted, atol=1e-9)
    for _ in range(2500):
        reached = limiter.limit_position(ARM.home)
    np.testing.assert_allclose(reached, ARM.home, atol=1e-4)


def test_velocities_brake_before_the_end_of_a_joint():
    limiter = JointMotionLimiter(LIMITS, DT)
    limiter.start(ARM.home)
    for _ in range(6000):
        limiter.limit_velocity(np.full(7, 10.0))
        assert np.all(limiter.position <= LIMITS.position_upper + 1e-3)
    assert np.all(np.abs(limiter.velocity) < 0.05)


def test_a_lost_command_is_taken_from_the_robots_record():
    limiter = JointMotionLimiter(LIMITS, DT)
    limiter.start(ARM.home)
    for i in range(50):
        limiter.limit_position(ARM.home + 0.5 * (i * DT)**2)
    before = limiter.position.copy(), limiter.velocity.copy(), limiter.acceleration.copy()
    for _ in range(5):
        limiter.limit_position(ARM.home + 0.1)  # none of these arrives
    limiter.confirm(*before)
    step = limiter.limit_position(ARM.home + 0.1) - before[0]
    change = (step / DT - before[1]) / DT
    assert np.all(np.abs(change - before[2]) <= LIMITS.jerk * DT)


def test_a_robot_that_rests_where_it_was_told_to_be_is_believed():
    limiter = JointMotionLimiter(LIMITS, DT)
    limiter.start(ARM.home)
    first = limiter.limit_position(ARM.home + 0.1).copy()
    limiter.confirm(first, np.zeros(7), np.zeros(7))  # it began to count with this command
    step = limiter.limit_position(ARM.home + 0.1) - first
    assert np.all(np.abs(step) <= LIMITS.jerk * DT**3)


@pytest.mark.parametrize('seed', [1, 2])
def test_the_tip_stays_within_its_limits(seed):
    limiter = TipMotionLimiter(ARM.cartesian, DT)
    start = np.array([0.4, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0])
    limiter.start(start)
    places = []
    for offset in wild(seed, 3000, 3):
        wanted = start.copy()
        wanted[:3] += 0.2 * offset
        places.append(limiter.limit_pose(wanted)[:3].copy())
    velocity, acceleration, jerk = derivatives(start[:3], np.array(places))
    for values, most in ((velocity, ARM.cartesian.linear_velocity),
                         (acceleration, ARM.cartesian.linear_acceleration),
                         (jerk, ARM.cartesian.linear_jerk)):
        assert np.linalg.norm(values, axis=1).max() <= most


@pytest.mark.parametrize(('options', 'named'), [
    ({}, 'ip: is missing'),
    ({'ip': '10.0.0.2', 'pay': {}}, "pay: unknown key; did you mean 'payload'"),
    ({'ip': '10.0.0.2', 'payload': {'mass': -1.0}}, 'payload.mass'),
    ({'ip': '10.0.0.2', 'collision': {'upper_torque': [1.0] * 6}}, 'collision.upper_torque.*7'),
    ({'ip': '10.0.0.2', 'collision': {'upper_wrench': [5.0] * 6}}, 'upper_wrench.*lower_wrench'),
    ({'ip': '10.0.0.2', 'end_effector': {'quaternion': [1.0, 1.0, 0.0, 0.0]}}, 'unit quaternion'),
])
def test_a_wrong_option_is_named(options, named):
    with pytest.raises(HardwareError, match=named):
        create('franka', PROFILE, **options)


def test_another_robot_is_refused():
    with pytest.raises(HardwareError, match='not one arm of seven joints'):
        create('franka', RobotProfile.load('ur'), ip='10.0.0.2')


@pytest.mark.parametrize(('ip', 'named'), [
    ('127.83.11.7', 'refused.*address of the control box'),
    ('no-such-robot.invalid', 'not found'),
])
def test_an_address_without_a_robot_is_named(ip, named):
    with pytest.raises(HardwareError, match=named):
        try_handshake(ip, 5.0)


@pytest.mark.parametrize(('mode', 'errors', 'said', 'code'), [
    ('UserStopped', '[]', '', FaultCode.USER_STOP),
    ('Idle', '[]', 'Move command aborted: User Stop pressed!', FaultCode.USER_STOP),
    ('Guiding', '[]', '', FaultCode.WRONG_MODE),
    ('Other', '["joint_reflex"]', '', FaultCode.WRONG_MODE),
    ('Reflex', '["cartesian_reflex"]', '', FaultCode.REFLEX),
    ('Reflex', '["communication_constraints_violation"]', '', FaultCode.LINK_QUALITY),
    ('Idle', '[]', 'aborted by reflex! ["controller_torque_discontinuity"]',
     FaultCode.LIMIT_VIOLATION),
    ('Reflex', '["self_collision_avoidance_violation"]', '', FaultCode.PROTECTIVE_STOP),
    ('Idle', '[]', 'libfranka: something new', FaultCode.INTERNAL),
])
def test_modes_and_errors_have_names(mode, errors, said, code):
    found, text = diagnose(mode, errors, said)
    assert found is code
    assert text and '\n' not in text
