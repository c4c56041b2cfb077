"""Each guard of the safety chain, by what happens without it."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from vla_control.safety.command_limits import EffortLimiter, PositionLimiter, VelocityLimiter
from vla_control.safety.parameters import SafetyParameters
from vla_control.safety.self_collision import SelfCollisionWatch
from vla_control.safety.staleness import StreamState, StreamWatch
from vla_control.safety.stop import StopLatch
from vla_control.safety.targets import TargetGuard, TargetRefused
from vla_core.kinematics import ArmKinematics
from vla_core.profile import RobotProfile
from vla_hardware import ArmState

PROFILE = RobotProfile.load('franka')
ARM = PROFILE.arms[0]
HERE = ((0.4, 0.0, 0.4), (0.0, 0.0, 0.0, 1.0))
GOOD = [0.4, 0.0, 0.4, 0.0, 0.0, 0.0, 1.0]


def changed(index, value):
    return [*GOOD[:index], value, *GOOD[index + 1:]]


@pytest.mark.parametrize(('kind', 'values', 'age', 'code'), [
    ('pose', changed(1, float('nan')), 0.0, 'not_finite'),
    ('pose', changed(1, float('inf')), 0.0, 'not_finite'),
    ('pose', GOOD[:6], 0.0, 'length'),
    ('pose', changed(6, 0.0), 0.0, 'quaternion'),
    ('pose', changed(6, 2.0), 0.0, 'quaternion'),
    ('pose', GOOD, 1.0, 'stale'),
    ('pose', GOOD, -1.0, 'future'),
    ('pose', changed(0, -0.2), 0.0, 'step'),
    ('pose', [0.4, 0.0, 0.4, 0.0, 0.0, 1.0, 0.0], 0.0, 'step'),
    ('joint', [0.0] * 6, 0.0, 'length'),
    ('joint', [2.7, 0, 0, -2.0, 0, 1.5, 0.7], 0.0, 'step'),
    ('stiffness', [-1.0, 0, 0, 0, 0, 0], 0.0, 'stiffness'),
])
def test_bad_targets_are_refused_by_name(kind, values, age, code):
    guard = TargetGuard(ARM, SafetyParameters())
    joints = np.array([-2.0, 0, 0, -2.0, 0, 1.5, 0.7])
    far = ((0.5, 0.0, 0.4), HERE[1]) if kind == 'pose' else None
    with pytest.raises(TargetRefused) as refused:
        guard.check(kind, values, age, far, joints)
    assert refused.value.code == code
    assert 'arm' in str(refused.value)


def test_good_targets_pass_normalised_and_inside_the_workspace():
    guard = TargetGuard(ARM, SafetyParameters())
    assert guard.check('pose', GOOD, 0.01, *HERE[:0]) == GOOD
    nearly = guard.check('pose', changed(6, 1.01), 0.0, HERE)
    assert nearly[6] == pytest.approx(1.0)
    low = guard.check('pose', changed(2, -0.05), 0.0, HERE)
    assert low[2] == ARM.workspace.lower[2]
    assert guard.clamped
    inside = guard.check('joint', [9.0, 0, 0, -2, 0, 1.5, 0.7], 0.0)
    assert inside[0] == ARM.limits.position_upper[0]
    force = guard.check('wrench', [400.0, 0, 0, 0, 0, 0], 0.0)
    assert force[0] == 40.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=30))
def test_torque_and_its_rate_are_bounded_per_second_at_any_rate(torques):
    """CRISP has no absolute torque limit, and limits the rate per tick."""
    for period in (0.001, 0.01):
        limiter = EffortLimiter(ARM.limits, period, 0.05)
        last = np.zeros(7)
        for torque in torques:
            out = limiter.limit(np.full(7, torque), ARM.home, np.zeros(7)).copy()
            assert (np.abs(out) <= ARM.limits.effort).all()
            assert (np.abs(out - last) <= ARM.limits.effort_rate * period * 1.0001).all()
            last = out


def test_no_torque_pushes_a_joint_over_its_end():
    limiter = EffortLimiter(ARM.limits, 1.0, 0.05)
    outward = limiter.limit(ARM.limits.effort, ARM.limits.position_upper, np.zeros(7))
    assert (outward <= -0.9 * ARM.limits.effort).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-4.0, 4.0), min_size=1, max_size=10), st.sampled_from([0.002, 0.01]))
def test_position_commands_stay_within_all_limits_and_arrive(jumps, period):
    limits = RobotProfile.load('ur').arms[0].limits
    limiter = PositionLimiter(limits, period)
    limiter.reset(np.zeros(6))
    track = [np.zeros(6)] * 3
    for jump in [*jumps, *jumps[-1:] * 40]:
        for _ in range(round(0.1 / period)):
            track.append(limiter.limit(np.full(6, jump), np.zeros(6), np.zeros(6)).copy())
    track = np.array(track)
    velocity = np.diff(track, axis=0) / period
    acceleration = np.diff(velocity, axis=0) / period
    jerk = np.diff(acceleration, axis=0) / period
    assert (np.abs(velocity) <= limits.velocity * 1.001).all()
    assert (np.abs(acceleration) <= limits.acceleration * 1.001).all()
    assert (np.abs(jerk) <= limits.jerk * 1.01).all()
    goal = np.clip(np.full(6, jumps[-1]), limits.position_lower, limits.position_upper)
    np.testing.assert_allclose(track[-1], goal, atol=2e-3)


def test_a_smooth_command_passes_untouched_and_a_limited_one_catches_up():
    limits = RobotProfile.load('aloha').arms[0].limits
    limiter = PositionLimiter(limits, 0.01)
    limiter.reset(np.zeros(6))
    for tick in range(400):
        wave = np.full(6, 0.3 * np.sin(2.0 * tick * 0.01))  # starts with a jump in speed
        out = limiter.limit(wave, np.zeros(6), np.zeros(6))
    assert not limiter.limited
    np.testing.assert_array_equal(out, wave)
    out = limiter.limit(wave + 2e-4, np.zeros(6), np.zeros(6))
    assert not limiter.limited  # a kink that it smooths holds nobody back
    limiter.limit(wave + 0.2, np.zeros(6), np.zeros(6))
    assert limiter.limited


def test_velocity_commands_stop_before_the_end_of_the_range():
    limits = RobotProfile.load('ur').arms[0].limits
    limiter = VelocityLimiter(limits, 0.002)
    position = limits.position_upper - 0.5
    last = np.zeros(6)
    for _ in range(2000):
        rate = limiter.limit(np.full(6, 100.0), position, last).copy()
        assert (np.abs(rate) <= limits.velocity * 1.0001).all()
        assert (np.abs(rate - last) <= limits.acceleration * 0.002 * 1.001).all()
        position = position + 0.002 * rate
        last = rate
    assert (position <= limits.position_upper + 1e-3).all()


def test_a_silent_stream_is_held_and_then_over():
    watch = StreamWatch(0.3, 2.0)
    assert watch.state(0.0) is StreamState.WAITING
    watch.saw(1.0)
    assert [watch.state(t) for t in (1.2, 1.5, 4.0)] == [
        StreamState.FRESH, StreamState.HOLDING, StreamState.STOPPED]


def test_the_latch_keeps_its_first_reason_until_released():
    latch = StopLatch()
    assert latch.engage('first')
    assert not latch.engage('second')
    assert latch.reason == 'first'
    latch.release()
    assert not latch.engaged


def arm_state(arm, position, opening=0.0):
    state = ArmState(arm.name, len(arm.joints))
    state.position[:] = position
    state.gripper_position = opening
    return state


def test_links_that_near_each_other_are_named_before_they_touch():
    watch = SelfCollisionWatch(PROFILE, 0.02)
    folded = np.array([0.0, 1.2, 0.0, -3.0, 0.0, 0.6, 0.8])

    def folding(share):
        return [arm_state(ARM, ARM.home + share * (folded - ARM.home))]

    time, found = 0.0, ''
    for share in np.linspace(0.0, 1.0, 2000):
        time += 0.001
        found = watch.check(time, folding(share))
        if found:
            break
    assert 'mm apart' in found
    assert 'fr3_link' in found or 'finger' in found or 'hand' in found
    watch.accept(time, folding(share))
    parting = [watch.check(time + 0.001 * k, folding(share - 5e-4 * k)) for k in range(1, 200)]
    assert not any(parting)


@pytest.mark.parametrize(('sideways', 'passes'), [(0.0, False), (0.023, True)])
def test_fingers_of_two_grippers_come_near_but_do_not_touch(sideways, passes):
    """Half open, they go into each other's gaps where one hand stands a little beside the other."""
    profile = RobotProfile.load('aloha')
    watch = SelfCollisionWatch(profile, 0.01)
    kinematics = [ArmKinematics(profile, arm) for arm in profile.arms]
    poses = [each.forward(arm.home) for each, arm in zip(kinematics, profile.arms)]
    joints = [arm.home for arm in profile.arms]
    middle = kinematics[0].in_base('world', np.array([0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 1.0]))[0]
    time, found = 0.0, ''
    for reach in np.arange(poses[0][0], middle + (0.02 if passes else 0.05), 0.001):
        time += 0.01
        for pose in poses:
            pose[0] = reach
        poses[0][1] = sideways
        joints = [each.inverse(pose, near)
                  for each, pose, near in zip(kinematics, poses, joints)]
        found = watch.check(time, [arm_state(arm, position, 0.5)
                                   for arm, position in zip(profile.arms, joints)])
        if found:
            break
    assert (found == '') is passes, f'{reach - middle} {found}'
    assert passes or found.count('finger') == 2
    assert passes or reach > middle - 0.01
