"""Beside a pose, a joint target is the posture of the spare joints, as with CRISP's controllers."""
import numpy as np
import pytest

from vla_control.follower import MotionLimits
from vla_control.target import PostureReference


def both(robot, seconds, posture, kinds=('pose', 'joint')):
    """Stream the present pose and a posture at 50 Hz; how far the tip strays, and elbow's path."""
    place, turn = robot.pose()
    strayed, path = 0.0, []
    for _ in range(round(seconds / 0.02)):
        if 'pose' in kinds:
            robot.core.take_target('arm', 'pose', [*place, *turn], robot.time)
        if 'joint' in kinds:
            robot.core.take_target('arm', 'joint', posture, robot.time)
        robot.run(0.02)
        strayed = max(strayed, np.linalg.norm(np.array(robot.pose()[0]) - place))
        path.append(robot.state.position.copy())
    return strayed, np.array(path)


@pytest.mark.parametrize('kind', ['cartesian_impedance', 'operational_space'])
def test_the_elbow_goes_to_the_posture_and_the_tip_stays(lockstep, kind):
    robot = lockstep()
    if kind == 'operational_space':
        robot.core.set_parameters(kind, {
            f'task.k_{part}_{axis}': 400.0 for part in ('pos', 'rot') for axis in 'xyz'})
    robot.core.switch([kind], [])
    robot.core.set_parameters(kind, {'nullspace.stiffness': 40.0, 'nullspace.max_tau': 20.0})
    aside = robot.arm.home + np.array([0.4, 0, -0.4, 0, 0, 0, 0])  # the elbow swings out
    before = robot.state.position.copy()
    strayed, path = both(robot, 2.0, aside)
    away, left = np.linalg.norm(aside - before), np.linalg.norm(aside - path[-1])
    assert left < 0.7 * away
    assert np.abs(path[-1] - before).max() > 0.1
    assert strayed < 5e-3
    assert robot.largest_torque_step() <= 0.5 + 1e-9


@pytest.mark.parametrize('posture', [
    [9.0] * 7, [-9.0] * 7, [9, -9, -9, -9, 9, 9, 9], [-9, 9, 9, 9, -9, 9, -9]])
def test_a_posture_out_of_every_range_leaves_the_tip_where_it_is(lockstep, posture):
    """It would draw joints to their ends, where what pushes them back moves the tip by 40 mm."""
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    strayed, path = both(robot, 4.0, posture)
    assert strayed < 5e-3
    limits = robot.arm.limits
    assert np.minimum(path - limits.position_lower, limits.position_upper - path).min() > 0.1
    assert not robot.core.latch.engaged


def test_postures_neither_keep_a_silent_stream_alive_nor_end_a_fresh_one(lockstep):
    robot = lockstep(target_timeout=0.1, stop_timeout=0.4)
    robot.core.switch(['cartesian_impedance'], [])
    both(robot, 0.2, robot.arm.home)
    both(robot, 0.3, robot.arm.home, ('joint',))
    assert robot.runner.status.name == 'HOLDING'
    both(robot, 0.2, robot.arm.home, ('pose',))
    both(robot, 0.5, robot.arm.home, ('pose',))
    assert robot.runner.status.name == 'RUNNING'


def test_a_held_arm_does_not_go_on_to_its_posture(lockstep):
    robot = lockstep(target_timeout=0.1, stop_timeout=0.4)
    robot.core.switch(['cartesian_impedance'], [])
    both(robot, 0.2, robot.arm.home + 0.5)
    robot.run(1.0)
    before = robot.state.position.copy()
    robot.run(0.5)
    assert np.abs(robot.state.position - before).max() < 2e-3


@pytest.mark.parametrize('period', [0.001, 0.01])
def test_a_posture_is_reached_within_the_limits_of_motion(period):
    limits = [MotionLimits(0.6, 2.5, 200.0), MotionLimits(1.0, 3.0, 1000.0)]
    posture = PostureReference(limits)
    posture.reset(np.array([0.0, 1.0]))
    generator, states = np.random.default_rng(4), []
    for tick in range(round(8.0 / period)):
        if tick % 20 == 0 and tick * period < 3.0:
            posture.aim(generator.uniform(-2.0, 2.0, 2))
        posture.step(period)
        states.append(np.array([posture.position, posture.velocity]))
    assert not posture.moving
    np.testing.assert_array_equal(posture.position, posture._goal)
    every = max(1, round(0.004 / period))
    velocity = np.array(states)[::every, 1]
    acceleration = np.diff(velocity, axis=0) / (every * period)
    for axis, limit in enumerate(limits):
        assert np.abs(velocity[:, axis]).max() <= limit.velocity * 1.02
        assert np.abs(acceleration[:, axis]).max() <= limit.acceleration * (1 + 1e-9)
    place = np.array(states)[:, 0]
    assert (np.abs(np.diff(place, axis=0)) <= 1.02 * period * np.array([0.6, 1.0]) + 3e-4).all()
