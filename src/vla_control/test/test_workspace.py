"""The workspace holds for motion in joints too, and never keeps an arm from coming back in."""
import numpy as np
import pytest

from vla_control.arm_model import ArmModel
from vla_control.laws.joint_trajectory import TrajectoryError, TrajectoryPoints
from vla_control.safety.workspace import Workspace
from vla_core.profile import RobotProfile

ROOM = 0.10  # m from home to the side at +y
WIDE = ([-2.0, -2.0, -2.0], [2.0, 2.0, 2.0])
ROBOTS = ('franka', 'ur', 'aloha')
STREAMS = [(robot, kind) for robot in ROBOTS for kind in (
    'joint_position', 'joint_velocity', 'cartesian_velocity')] + [('franka', 'joint_impedance')]


def side_at(robot_name, room, below=2.0):
    """A workspace whose +y side is this far from home, m, and its -z side as far as `below`."""
    profile = RobotProfile.load(robot_name)
    model = ArmModel(profile, profile.arms[0])
    lower, upper = map(list, WIDE)
    _, upper[1], lower[2] = model.tip_at(profile.arms[0].home) + [0.0, room, -below]
    return lower, upper


def stream(robot, kind, direction, seconds):
    """Turn the arm about its base toward +y or -y, however it is asked; tip's y on the way."""
    n, start = len(robot.arm.home), robot.time
    turn = np.zeros(n)
    turn[0], turn[-1] = direction, 0.3
    speed = 0.12 if n == 6 and robot.core.dt > 0.005 else 0.3  # ALOHA's home is near singular
    targets = {
        'joint_velocity': ('joint_velocity', lambda t: turn),
        'cartesian_velocity': ('twist', lambda t: [0.0, speed * direction, 0, 0, 0, 0])}
    kind, target = targets.get(kind, ('joint', lambda t: robot.arm.home + (t - start) * turn))
    path = []
    for _ in range(round(seconds / 0.02)):
        robot.run(0.02, kind, target)
        path.append(robot.pose()[0][1])
    return np.array(path)


@pytest.mark.parametrize(('robot_name', 'kind'), STREAMS)
def test_a_stream_of_joints_or_speeds_ends_at_the_side(lockstep, robot_name, kind):
    robot = lockstep(robot_name, sides=side_at(robot_name, ROOM))
    side = robot.arm.workspace.upper[1]
    robot.core.switch([kind], [])
    path = stream(robot, kind, 1.0, 1.8)
    assert path.max() < side + 4e-3
    assert path[-1] > side - 0.02  # it gets there, and stays
    assert np.abs(robot.state.velocity[:-1]).max() < 0.08
    back = stream(robot, kind, -1.0, 0.8)
    assert back[-1] < side - 0.05


@pytest.mark.parametrize(('robot_name', 'kind'), STREAMS)
def test_an_arm_outside_may_come_in_and_not_go_further_out(lockstep, robot_name, kind):
    robot = lockstep(robot_name, sides=side_at(robot_name, -ROOM))
    outside = robot.pose()[0][1]
    robot.core.switch([kind], [])
    assert stream(robot, kind, 1.0, 0.4).max() < outside + 4e-3
    path = stream(robot, kind, -1.0, 1.6)
    assert path[-1] < robot.arm.workspace.upper[1]
    robot.run(0.6)
    back = stream(robot, kind, 1.0, 1.2)
    assert back.max() < robot.arm.workspace.upper[1] + 4e-3  # the side has closed behind it


@pytest.mark.parametrize('robot_name', ROBOTS)
def test_a_trajectory_whose_way_leads_out_is_refused_and_changes_nothing(lockstep, robot_name):
    robot = lockstep(robot_name, sides=side_at(robot_name, ROOM))
    robot.core.switch(['joint_trajectory'], [])
    controller = robot.core.trajectory_controller('joint_trajectory')
    home = robot.arm.home
    turned = np.eye(len(home))[0]
    # out and in again between two points that are inside, and only by the velocities there
    rows, rates = np.array([home - 0.2 * turned, home]), np.array([2.0 * turned, -2.0 * turned])
    with pytest.raises(TrajectoryError, match=r'way to point 2 .*out of the workspace.*\(y = '):
        controller.follow(TrajectoryPoints(np.array([0.5, 2.5]), rows, rates), robot.time,
                          robot.time)
    with pytest.raises(TrajectoryError, match='way to point 1'):
        controller.follow(TrajectoryPoints(np.array([9.0]), (home + 1.5 * turned)[None]),
                          robot.time, robot.time)
    assert controller.number == 0
    robot.run(0.3)
    assert np.abs(robot.state.position - home).max() < 5e-3
    assert controller.follow(TrajectoryPoints(np.array([1.0]), (home - 0.5 * turned)[None]),
                             robot.time, robot.time) == 1


def test_a_trajectory_may_begin_outside_and_lead_in(lockstep):
    robot = lockstep('ur', sides=side_at('ur', -ROOM))
    robot.core.switch(['joint_trajectory'], [])
    controller = robot.core.trajectory_controller('joint_trajectory')
    turned = np.eye(6)[0]
    inward = TrajectoryPoints(np.array([1.0]), (robot.arm.home - 0.5 * turned)[None])
    assert controller.follow(inward, robot.time, robot.time) == 1
    with pytest.raises(TrajectoryError, match='out of the workspace'):
        controller.follow(TrajectoryPoints(
            np.array([1.0, 2.0]), robot.arm.home + np.array([-0.5 * turned, 0.1 * turned])),
            robot.time, robot.time)


@pytest.mark.parametrize('robot_name', ROBOTS)
def test_any_joint_target_keeps_the_tip_inside_on_its_way(lockstep, robot_name):
    """Targets far away, whose joints do not arrive together: the way is no straight line."""
    lower, upper = side_at(robot_name, ROOM, 0.08)
    robot = lockstep(robot_name, sides=(lower, upper))
    robot.core.switch(['joint_position'], [])
    generator, arm = np.random.default_rng(7), robot.arm
    worst = 0.0
    for _ in range(8):
        goal = np.clip(arm.home + generator.uniform(-0.9, 0.9, len(arm.home)),
                       arm.limits.position_lower, arm.limits.position_upper)
        for _ in range(12):
            robot.run(0.1, 'joint', lambda t, goal=goal: goal)
            place = robot.model.tip_at(robot.runner.controller.reference_joints())
            worst = max(worst, place[1] - upper[1], lower[2] - place[2])
        if robot.core.latch.engaged:  # two links near each other is another guard's business
            robot.core.release()
    assert worst < 6e-3  # without the guard: decimetres


def test_the_side_closes_behind_a_tip_that_comes_in():
    profile = RobotProfile.load('ur')
    lower, upper = side_at('ur', -ROOM)
    arm = profile.arms[0].model_copy(update={'workspace': profile.arms[0].workspace.model_copy(
        update={'lower': np.array(lower), 'upper': np.array(upper)})})
    workspace, home, turned = Workspace(arm, ArmModel(profile, arm)), arm.home, np.eye(6)[0]
    assert workspace.leaves(home, home + 0.05 * turned)
    assert not workspace.leaves(home, home - 0.05 * turned)
    assert workspace.first_outside(np.array([home, home - 0.1 * turned, home]))[0] == 2
    np.testing.assert_allclose(workspace.confined(home, home + turned), home, atol=2e-3)
    np.testing.assert_array_equal(
        workspace.confined(home, home - 0.4 * turned), home - 0.4 * turned)
