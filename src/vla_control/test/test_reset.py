"""A simulated robot jumps home in a reset; its controllers begin anew there and do not yank it."""
import numpy as np
import pytest

from vla_control.laws.joint_trajectory import TrajectoryPoints

DRIVEN = [('franka', 'cartesian_impedance', 'pose'), ('franka', 'operational_space', 'pose'),
          ('franka', 'joint_impedance', 'joint'), ('franka', 'joint_position', 'joint'),
          ('franka', 'cartesian_velocity', 'twist'), ('franka', 'joint_trajectory', ''),
          ('ur', 'cartesian_admittance', 'pose'), ('ur', 'joint_position', 'joint'),
          ('ur', 'joint_trajectory', '')]


def driven_away(lockstep, name, controller, kind):
    """A robot that is on its way somewhere else, in the middle of the motion."""
    robot = lockstep(name, world='tabletop')
    robot.core.switch([controller, 'gripper'], [])
    home = robot.state.position.copy()
    if not kind:
        robot.core.controllers[controller].follow(
            TrajectoryPoints(np.array([1.0]), home[None] + 0.3), 0.0, 0.0)
        robot.run(0.6)
    else:
        place, turn = robot.pose()
        target = {'pose': [place[0], place[1] + 0.1, place[2] + 0.1, *turn],
                  'joint': (home + 0.3).tolist(), 'twist': [0.0, 0.1, 0.1, 0.0, 0.0, 0.0]}[kind]
        robot.run(0.6, kind, lambda _: target)
    robot.core.take_target(robot.arm.name, 'gripper', [0.0, 40.0], robot.time)
    assert np.abs(robot.state.position - home).max() > 0.02
    return robot


@pytest.mark.parametrize(('name', 'controller', 'kind'), DRIVEN)
def test_controllers_hold_the_arm_where_a_reset_puts_it(lockstep, name, controller, kind):
    robot = driven_away(lockstep, name, controller, kind)
    robot.core.reset(task='pick', seed=3)
    start = robot.state.position.copy()
    assert np.abs(start - robot.arm.home).max() < 0.06
    fastest = 0.0
    for _ in range(10):
        robot.run(0.04)
        fastest = max(fastest, np.abs(robot.state.velocity).max())
    assert fastest < 0.05
    assert np.abs(robot.state.position - start).max() < 0.01
    assert robot.state.gripper_position > 0.9
    assert not robot.core.latch.engaged, robot.texts()
    assert robot.core.is_active(controller)


def test_a_refused_reset_leaves_the_arm_on_its_way(lockstep):
    robot = driven_away(lockstep, 'franka', 'joint_trajectory', '')
    with pytest.raises(RuntimeError, match="no task 'pickk'"):
        robot.core.reset(task='pickk')
    robot.run(0.8)
    np.testing.assert_allclose(robot.state.position, robot.arm.home + 0.3, atol=0.1)


def test_a_latched_stop_outlasts_a_reset(lockstep):
    robot = driven_away(lockstep, 'franka', 'cartesian_impedance', 'pose')
    robot.core.stop('a person')
    robot.core.reset(task='pick', seed=3)
    start = robot.state.position.copy()
    robot.run(0.2)
    assert robot.core.latch.engaged
    assert np.abs(robot.state.position - start).max() < 0.01
