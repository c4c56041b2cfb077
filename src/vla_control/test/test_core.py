"""The whole chain in lockstep with the simulation: what an arm does, and what it never does."""
import numpy as np
import pytest

from vla_control.arm_runner import ArmStatus
from vla_control.controllers import ControllerError
from vla_control.controllers.trajectory import TrajectoryStatus
from vla_control.laws.joint_trajectory import Tolerances, TrajectoryPoints
from vla_control.safety.targets import TargetRefused

STILL = 0.02  # rad/s


def moving_pose(robot, speed=0.1):
    place, turn = robot.pose()
    start = robot.time
    return lambda t: [place[0], place[1] + speed * (t - start), place[2], *turn]


def test_an_arm_without_controllers_rests_where_it_is(lockstep):
    robot = lockstep().run(0.3)
    assert np.abs(robot.state.position - robot.arm.home).max() < 2e-3
    assert robot.runner.status is ArmStatus.RESTING


@pytest.mark.parametrize('kind', ['cartesian_impedance', 'operational_space'])
def test_a_stream_of_poses_is_tracked_not_stepped(lockstep, kind):
    """CRISP does not interpolate: a 50 Hz stream arrives as steps and trails by 0.2 s."""
    robot = lockstep()
    if kind == 'operational_space':
        robot.core.set_parameters(kind, {f'task.k_{p}_{a}': 400.0 for p in ('pos', 'rot')
                                         for a in 'xyz'})
    robot.core.switch([kind], [])
    target = moving_pose(robot)
    robot.run(1.5, 'pose', target)
    assert np.linalg.norm(np.array(robot.pose()[0]) - target(robot.time)[:3]) < 2e-3
    assert robot.largest_torque_step() <= 0.5 + 1e-9


@pytest.mark.parametrize('seed', [0, 3])
def test_targets_at_and_beyond_the_end_of_reach_make_no_joint_fast(lockstep, seed):
    """Near a stretched elbow a small motion of the tip is a large one of a joint."""
    robot = lockstep(controllers={'tip': {
        'type': 'cartesian_impedance', 'arm': 'arm', 'parameters': {'reference.limit_scale': 0.5}}})
    robot.core.switch(['tip'], [])
    place, turn = robot.pose()
    generator = np.random.default_rng(seed)
    fastest = 0.0
    for _ in range(8):
        there = np.array(place) + generator.uniform([-0.3, -0.6, -0.2], [0.6, 0.6, 0.5])
        for _ in range(10):
            step = there - robot.runner.controller.reference_pose()[0]
            there_or_nearer = there - step * max(0.0, 1.0 - 0.59 / np.linalg.norm(step))
            robot.run(0.1, 'pose', lambda t, to=there_or_nearer: [*to, *turn])
            fastest = max(fastest, (np.abs(robot.state.velocity) / robot.arm.limits.velocity).max())
        robot.core.stop('operator')
        robot.run(0.1)
        robot.core.release()
    assert not robot.core.latch.engaged
    assert fastest < 1.0


@pytest.mark.parametrize('robot_name', ['ur', 'aloha'])
def test_position_arms_track_and_yield_by_admittance(lockstep, robot_name):
    """CRISP's laws all end in torques; UR and ALOHA take positions."""
    robot = lockstep(robot_name)
    robot.core.switch(['cartesian_admittance'], [])
    place, turn = robot.pose()
    here = [*place, *turn]
    robot.run(0.3, 'pose', lambda t: here)
    robot.hardware.push(robot.arm.name, [0, 0, 10.5, 0, 0, 0], 2.0)
    robot.run(1.5, 'pose', lambda t: here)
    lifted = robot.pose()[0][2] - place[2]
    assert lifted == pytest.approx(10.0 / 500.0, rel=0.1)


def test_a_push_moves_the_tip_by_force_over_stiffness(lockstep):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    place, turn = robot.pose()
    here = [*place, *turn]
    robot.core.take_target(robot.arm.name, 'stiffness', [600.0] * 3 + [30.0] * 3)
    robot.run(0.2, 'pose', lambda t: here)
    robot.hardware.push(robot.arm.name, [0, 15, 0, 0, 0, 0], 2.0)
    robot.run(1.5, 'pose', lambda t: here)
    assert robot.pose()[0][1] - place[1] == pytest.approx(0.025, rel=0.1)


def test_the_first_tick_after_activation_does_not_jump(lockstep):
    """CRISP keeps filters and the last torque from the previous activation."""
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    target = moving_pose(robot, 0.2)
    robot.run(0.5, 'pose', target)
    robot.core.switch([], ['cartesian_impedance'])
    robot.run(0.5)
    robot.core.switch(['cartesian_impedance'], [])
    before = np.array(robot.pose()[0])
    robot.run(0.3)
    assert np.linalg.norm(np.array(robot.pose()[0]) - before) < 2e-3
    assert robot.largest_torque_step() <= robot.arm.limits.effort_rate.max() * 1e-3 + 1e-9


def test_null_space_damping_follows_from_its_stiffness(lockstep):
    """CRISP's null-space damping is negative by default."""
    robot = lockstep()
    for name in ('cartesian_impedance', 'joint_impedance', 'gravity_compensation'):
        assert robot.core.controllers[name].parameters.nullspace.effective_damping >= 0.0


def test_switching_between_all_modes_is_bumpless(lockstep):
    robot = lockstep().run(0.1)
    active = []
    for name in ('cartesian_impedance', 'joint_position', 'joint_velocity', 'joint_impedance',
                 'cartesian_admittance', 'gravity_compensation', 'joint_trajectory'):
        robot.core.switch([name], active)
        active = [name]
        before = robot.state.position.copy()
        robot.run(0.15)
        assert np.abs(robot.state.velocity).max() < 0.15, name
        assert np.abs(robot.state.position - before).max() < 0.02, name


def test_a_silent_stream_holds_then_stops_and_resumes(lockstep):
    """CRISP has no watchdog: the last target stays for ever."""
    robot = lockstep(target_timeout=0.1, stop_timeout=0.5)
    robot.core.switch(['cartesian_impedance'], [])
    robot.run(0.5, 'pose', moving_pose(robot))
    robot.run(0.3)
    assert robot.runner.status is ArmStatus.HOLDING
    assert np.abs(robot.state.velocity).max() < STILL
    robot.run(0.5)
    assert robot.runner.status is ArmStatus.STOPPED
    robot.run(0.1, 'pose', moving_pose(robot))
    assert robot.runner.status is ArmStatus.RUNNING


@pytest.mark.parametrize('kind', ['cartesian_velocity', 'joint_velocity'])
def test_a_silent_velocity_comes_to_rest(lockstep, kind):
    robot = lockstep('ur')
    robot.core.switch([kind], [])
    twist = [0.1, 0, 0, 0, 0, 0]
    robot.run(0.5, 'twist' if kind == 'cartesian_velocity' else 'joint_velocity', lambda t: twist)
    assert np.abs(robot.state.velocity).max() > 0.05
    robot.run(0.8)
    assert np.abs(robot.state.velocity).max() < STILL


def test_bad_targets_change_nothing(lockstep):
    """CRISP checks neither NaN nor quaternions."""
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    place, turn = robot.pose()
    for bad in ([float('nan')] * 7, [*place, 0, 0, 0, 0], [*place, *turn, 1.0]):
        with pytest.raises(TargetRefused):
            robot.core.take_target(robot.arm.name, 'pose', bad)
    robot.run(0.2)
    np.testing.assert_allclose(robot.pose()[0], place, atol=2e-3)
    with pytest.raises(TargetRefused, match="no arm 'left'"):
        robot.core.take_target('left', 'pose', [*place, *turn])


def test_each_controller_takes_only_its_own_input(lockstep):
    robot = lockstep()
    robot.core.switch(['joint_trajectory'], [])
    assert not robot.core.take_target(robot.arm.name, 'joint', robot.arm.home + 0.1)
    assert not robot.core.take_target(robot.arm.name, 'pose', [0.4, 0, 0.4, 0, 0, 0, 1])
    robot.run(0.2)
    assert np.abs(robot.state.position - robot.arm.home).max() < 3e-3


def test_the_stop_wins_and_is_released_on_purpose(lockstep):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    target = moving_pose(robot, 0.15)
    robot.run(0.5, 'pose', target)
    robot.core.stop('pressed')
    with pytest.raises(TargetRefused, match='pressed'):
        robot.core.take_target(robot.arm.name, 'pose', target(robot.time))
    robot.run(1.0)
    assert robot.runner.status is ArmStatus.STOPPED
    assert np.abs(robot.state.velocity).max() < STILL
    place = robot.pose()[0]
    robot.core.release()
    robot.run(0.3)
    np.testing.assert_allclose(robot.pose()[0], place, atol=5e-3)  # nothing moves by itself
    robot.run(0.2, 'pose', moving_pose(robot))
    assert robot.runner.status is ArmStatus.RUNNING


def test_a_hardware_fault_latches_the_stop_until_recovered_and_released(lockstep):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    robot.run(0.1)
    robot.hardware.inject_fault('reflex', 'bumped', 'arm')
    assert (robot.core.fault_text, robot.core.latch.engaged) == ('', False)  # told as one
    robot.run(0.1)
    assert robot.core.latch.reason == 'hardware fault: arm: reflex: bumped'
    with pytest.raises(ControllerError, match='recover it first'):
        robot.core.release()
    robot.core.recover()
    assert robot.core.latch.engaged
    robot.core.release()
    robot.run(0.2)
    assert robot.runner.status is ArmStatus.RUNNING
    assert np.abs(robot.state.velocity).max() < STILL


def test_a_joint_beyond_its_speed_latches_the_stop(lockstep):
    robot = lockstep()
    robot.core.switch(['gravity_compensation'], [])
    robot.hardware.push(robot.arm.name, [0, 400, 0, 0, 0, 0], 0.4)
    robot.run(0.4)
    assert 'beyond its limit' in robot.core.latch.reason


def test_a_law_that_breaks_stops_the_arm(lockstep, monkeypatch):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    robot.run(0.05)
    monkeypatch.setattr(robot.core.controllers['cartesian_impedance'], 'update',
                        lambda *_: np.full(7, np.nan))
    robot.run(0.1)
    assert 'not finite' in robot.core.latch.reason
    assert np.isfinite(robot.commands).all()


def test_links_near_each_other_latch_the_stop(lockstep):
    robot = lockstep(self_collision_distance=0.05)
    robot.core.switch(['joint_trajectory'], [])
    folded = np.array([[0.0, 1.2, 0.0, -3.0, 0.0, 0.6, 0.8]])
    controller = robot.core.trajectory_controller('joint_trajectory')
    controller.follow(TrajectoryPoints(np.array([2.5]), folded), robot.time, robot.time)
    robot.run(3.0)
    assert robot.core.latch.reason.startswith('self-collision')
    assert np.abs(robot.state.velocity).max() < STILL


@pytest.mark.parametrize('robot_name', ['franka', 'ur'])
def test_a_trajectory_is_followed_to_its_goal(lockstep, robot_name):
    robot = lockstep(robot_name)
    robot.core.switch(['joint_trajectory'], [])
    controller = robot.core.trajectory_controller('joint_trajectory')
    goal = robot.arm.home + 0.2
    zero = np.zeros((1, len(goal)))
    points = TrajectoryPoints(np.array([0.8]), goal[None], zero, zero)
    assert controller.follow(points, robot.time, robot.time) == 1
    robot.run(1.5)
    assert controller.status is TrajectoryStatus.SUCCEEDED
    np.testing.assert_allclose(robot.state.position, goal, atol=0.02)


def test_a_violated_path_tolerance_holds_the_arm(lockstep):
    robot = lockstep('ur')
    robot.core.switch(['joint_trajectory'], [])
    controller = robot.core.trajectory_controller('joint_trajectory')
    far = robot.arm.home + np.eye(6)[0]
    tight = Tolerances(np.full(6, 0.01), np.full(6, 0.01))
    controller.follow(TrajectoryPoints(np.array([0.2]), far[None]), robot.time, robot.time, tight)
    robot.run(1.0)
    assert controller.status is TrajectoryStatus.PATH_TOLERANCE_VIOLATED
    assert 'joint' in controller.violation
    assert np.abs(robot.state.velocity).max() < STILL


def test_parameters_change_whole_or_not_at_all(lockstep):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    robot.core.set_parameters('cartesian_impedance', {
        'task.k_pos_x': 300.0, 'nullspace.weights.fr3_joint1.value': 2.0})
    with pytest.raises(ControllerError, match=r'task\.k_pos_y'):
        robot.core.set_parameters(
            'cartesian_impedance', {'task.k_pos_x': 100.0, 'task.k_pos_y': -1.0})
    with pytest.raises(ControllerError, match='unknown key'):
        robot.core.set_parameters('cartesian_impedance', {'task.k_pos': 1.0})
    assert robot.core.controllers['cartesian_impedance'].parameters.task.k_pos_x == 300.0


def test_stop_commands_leave_only_what_carries_the_arm(lockstep):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    robot.core.set_parameters('cartesian_impedance', {'stop_commands': True})
    robot.run(0.1)
    assert np.abs(robot.runner.command.values).max() < 1e-9


def test_what_cannot_be_is_refused_by_name(lockstep):
    robot = lockstep('ur')
    with pytest.raises(ControllerError, match=r'needs one of the modes effort.*offers position'):
        robot.core.load('soft', {'type': 'cartesian_impedance', 'arm': 'arm'})
    with pytest.raises(ControllerError, match="no controller type 'impedence'"):
        robot.core.load('soft', {'type': 'impedence', 'arm': 'arm'})
    with pytest.raises(ControllerError, match="no arm 'left'"):
        robot.core.load('soft', {'type': 'joint_position', 'arm': 'left'})
    with pytest.raises(ControllerError, match='both claim'):
        robot.core.switch(['joint_position', 'joint_velocity'], [])
    with pytest.raises(ControllerError, match="no controller 'x'"):
        robot.core.switch(['x'], [])


def test_two_arms_and_a_leader_that_feels_its_follower(lockstep):
    robot = lockstep('aloha', {
        'left': {'type': 'joint_position', 'arm': 'left'},
        'right': {'type': 'cartesian_admittance', 'arm': 'right'},
        'feel': {'type': 'force_feedback', 'arm': 'leader_left',
                 'parameters': {'feedback.follower': 'left', 'feedback.k_fb': 1.0}},
    })
    robot.core.switch(['left', 'right', 'feel'], [])
    robot.run(0.3)
    leader = robot.core.runners['leader_left'].command
    free = leader.values.copy()
    robot.hardware.push('left', [0, 3, 0, 0, 0, 0], 1.0)
    robot.run(0.1)  # no hand holds the leader: it is off at once
    assert np.abs(leader.values - free).max() > 0.2
    assert not robot.core.latch.engaged


def test_the_gripper_moves_beside_the_arm(lockstep):
    robot = lockstep()
    robot.core.switch(['cartesian_impedance', 'gripper'], [])
    robot.core.take_target(robot.arm.name, 'gripper', [0.5, 0.0])
    robot.run(1.2)
    assert robot.state.gripper_position == pytest.approx(0.5, abs=0.02)
    assert robot.runner.gripper.motion.reached


def test_stepped_mode_hands_targets_on_at_once(lockstep):
    robot = lockstep()
    robot.core.set_parameters('cartesian_impedance', {'reference.mode': 'stepped'})
    robot.core.switch(['cartesian_impedance'], [])
    place, turn = robot.pose()
    robot.core.take_target(robot.arm.name, 'pose', [place[0], place[1] + 0.05, place[2], *turn])
    robot.run(0.002)
    assert robot.core.controllers['cartesian_impedance'].reference_pose()[0][1] == place[1] + 0.05


def test_the_tick_does_not_grow(lockstep):
    import gc
    import tracemalloc
    robot = lockstep()
    robot.core.switch(['cartesian_impedance'], [])
    target = moving_pose(robot, 0.0)

    def ticks(count):
        for tick in range(count):
            if tick % 20 == 0:
                robot.core.take_target(robot.arm.name, 'pose', target(robot.time), robot.time)
            robot.core.tick(robot.time)
            robot.time += robot.core.dt

    ticks(300)
    tracemalloc.start()
    ticks(100)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    ticks(400)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 4000
