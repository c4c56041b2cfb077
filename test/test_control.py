"""The controller manager under the launch file, used as people and policies use it."""
import math
import os
import signal
import time

import psutil
import pytest

from vla_core.profile import RobotProfile
from vla_simulation.suites import draw_task, load

pytestmark = pytest.mark.alone  # each test runs a control loop in real time
LAUNCH = ('ros2', 'launch', 'vla_bringup', 'robot.launch.py', 'cameras:=none', 'policy:=none',
          'web:=false', 'runs:=none')


@pytest.fixture
def robot(terminal, wait_for, probe_of):
    """Return a function that launches a robot and gives the launch and a probe."""
    def start(*arguments, namespace=''):
        launch = terminal.start(
            *LAUNCH, *arguments, *([f'namespace:={namespace}'] if namespace else []))
        wait_for(lambda: 'is ready' in launch.output.read_text(), 'the controller manager', 40.0)
        return launch, probe_of(namespace)

    return start


def test_a_session(terminal, wait_for, robot):
    """Controllers are listed, switched and given trajectories, targets, stops and parameters."""
    launch, probe = robot()
    listed = terminal.run('ros2', 'control', 'list_controllers').stdout
    assert 'joint_trajectory_controller     joint_trajectory              inactive' in listed
    assert 'cartesian_impedance_controller  cartesian_impedance           active' in listed
    components = terminal.run('ros2', 'control', 'list_hardware_components').stdout
    assert 'label=active' in components
    assert 'fr3_joint1/effort [available] [claimed]' in components

    # a trajectory, after a switch that strictness refuses at first
    ok, message = probe("switch(['joint_trajectory_controller'], [], 2)")
    assert not ok
    assert 'both claim fr3_joint1' in message
    ok, message = probe("switch(['joint_trajectory_controller', 'nobody'], "
                        "['cartesian_impedance_controller'], 1)")
    assert ok
    assert 'nobody' in message
    code, text = probe('trajectory({"fr3_joint7": 0.2}, 1.0)')
    assert (code, text) == (0, '')
    code, text = probe('trajectory({"elbow": 0.2}, 1.0)')
    assert code == -2
    assert 'elbow' in text

    # a stream of poses at 50 Hz is followed; a posture streamed beside it does not move the tip
    assert probe("switch(['cartesian_impedance_controller'], ['joint_trajectory_controller'], 2)"
                 )[0]
    start = probe('pose()')
    end = probe('stream_pose([0.0, 0.08, 0.05], 2.0)')
    assert math.dist(end[:3], [a + b for a, b in zip(start, (0.0, 0.08, 0.05))]) < 0.02

    # bad targets are named, and the arm stays
    for bad, named in (
            ("send_pose([float('nan'), 0.0, 0.0])", 'not_finite'),
            ("send_pose([0.0, 0.0, 0.0], frame='nowhere')", "no transform from 'nowhere'"),
            ('send_pose([0.0, 0.0, 0.0], frame="")', 'header.frame_id is empty'),
            ('send_pose([0.0, 0.0, 0.0], age=5.0)', 'stale: pose target'),
            ('send_pose([0.0, 0.0, 0.0], age=-5.0)', 'future: pose target')):
        probe(bad)
        wait_for(lambda named=named: named in launch.output.read_text(), named, 5.0)
    assert math.dist(probe('pose()')[:3], end[:3]) < 0.02

    # two publishers on one target
    probe('stream_rivals(1.0)')
    assert 'publishers stream at once' in launch.output.read_text()
    assert math.dist(probe('pose()')[:3], end[:3]) < 0.02

    # a stop wins over a stream until it is released
    stopped = probe('pose()')
    assert probe("trigger('stop')")[0]
    assert probe('safety()')[0] == 3
    assert math.dist(probe('stream_pose([0.0, -0.1, 0.0], 1.0)')[:3], stopped[:3]) < 0.02
    assert probe("trigger('release')")[0]
    wait_for(lambda: probe('safety()')[0] < 3, 'the release')

    # parameters are typed and live
    assert probe("set_parameter('cartesian_impedance_controller', 'task.k_pos_x', 300.0)") == ''
    refused = probe("set_parameter('cartesian_impedance_controller', 'task.k_pos_x', -1.0)")
    assert 'task.k_pos_x' in refused
    wait_for(lambda: {'control loop', 'safety', 'targets'} <= {
        name.split(': ')[-1] for name in probe('diagnostics()')}, 'its diagnostics')
    assert terminal.interrupt(launch) < 3.0
    assert not terminal.left_running()


def test_a_world_is_reset_by_task_and_lives_at_half_speed_in_a_clock_of_its_own(terminal, robot):
    launch, probe = robot('simulated_clock:=true', 'real_time_factor:=0.5')
    _, _, stamp = probe('joints_after(0.1)')
    simulated, steady = probe('clock()')
    assert abs(stamp - simulated) < 2.0

    profile = RobotProfile.load('franka')
    for task, family in (('tabletop/stack', 'stack'), ('', 'stack'), ('pick', 'pick')):
        probe('stream_pose([0.0, 0.1, 0.05], 1.0)')
        success, message, instruction = probe(f'reset_world({task!r}, 11)')
        assert (success, message) == (True, f'tabletop/{family}, seed 11')
        scene = draw_task(load('tabletop'), family, 11, (), profile)
        assert instruction == scene.instruction
        where, fastest, _ = probe('joints_after(0.5)')
        assert max(abs(a - b - c) for a, b, c in zip(where, profile.home, scene.start)) < 0.02
        assert fastest < 0.1
    success, message, instruction = probe("reset_world('tabletop/pikc', 11)")
    assert not success and instruction == ''
    assert "no task 'pikc'; did you mean 'pick'" in message

    simulated_later, steady_later = probe('clock()')
    passed = (simulated_later - simulated) / (steady_later - steady)
    assert 0.1 < passed < 0.55  # a machine that is busy may be slower, never faster
    with_sim_time = terminal.run('ros2', 'param', 'get', '/robot_state_publisher', 'use_sim_time')
    assert 'True' in with_sim_time.stdout
    terminal.interrupt(launch)


def test_a_dead_loop_is_a_fault_until_it_is_recovered_on_purpose(terminal, wait_for, robot):
    launch, probe = robot(namespace='left')
    terminal.process_of('vla_control.loop').send_signal(signal.SIGKILL)
    wait_for(lambda: probe('safety()')[0] == 4, 'the fault', 5.0)
    assert 'is dead' in probe('safety()')[1]
    ok, message = probe("switch(['cartesian_impedance_controller'], [], 2)")
    assert not ok
    assert "'cartesian_impedance_controller' is unconfigured" in message
    assert probe("trigger('recover')")[0]
    wait_for(lambda: probe('safety()')[0] < 4, 'the recovery')
    # joint states were silent meanwhile: the supervisor lets go on purpose only
    wait_for(lambda: probe("trigger('supervisor/release')")[0] and probe('safety()')[0] == 0,
             'the release')
    assert ('cartesian_impedance_controller', 'active') in probe('controllers()')
    os.killpg(launch.pid, signal.SIGTERM)
    launch.wait(10)
    wait_for(lambda: not terminal.left_running(), 'the last process to end', 3.0)


def test_a_dead_node_leaves_a_loop_that_stops_and_a_new_node_ends_it(terminal, wait_for, robot):
    launch, _ = robot('robot:=ur')
    loop = terminal.process_of('vla_control.loop')
    terminal.process_of('lib/vla_control/controller_manager').send_signal(signal.SIGKILL)
    time.sleep(1.0)
    assert loop.is_running()
    again = terminal.start('ros2', 'run', 'vla_control', 'controller_manager', '--ros-args',
                           '-p', 'robot:=ur')
    wait_for(lambda: 'is ready' in again.output.read_text(), 'the next controller manager')
    assert not psutil.pid_exists(loop.pid)
    os.killpg(again.pid, signal.SIGINT)
    again.wait(10)
    terminal.interrupt(launch)


def test_two_arms_have_topics_of_their_own(terminal, robot):
    launch, probe = robot('robot:=aloha')
    active = {name for name, state in probe('controllers()') if state == 'active'}
    assert {'left_joint_position_controller', 'right_joint_position_controller',
            'left_gripper_position_controller'} <= active
    topics = terminal.run('ros2', 'topic', 'list').stdout.split()
    assert {'/left/target_joint', '/right/target_joint', '/left/current_pose'} <= set(topics)
    assert terminal.interrupt(launch) < 4.0


@pytest.mark.parametrize(('argument', 'named'), [
    ('hardware:=nobody', "no hardware plug-in 'nobody'"),
    ('controllers:=nobody', "no controllers are configured for robot 'nobody'"),
    ('hardware_options:=[1]', 'must map names to values'),
    ('world:=tabeltop', "no suite 'tabeltop'; did you mean 'tabletop'"),
    ('world:=bimanual', 'suite bimanual is for robot aloha, not franka'),
    ('real_time_factor:=0', 'real_time_factor'),
])
def test_wrong_argument_is_named_and_ends_the_launch(terminal, argument, named):
    ended = terminal.run(*LAUNCH, argument)
    assert ended.returncode != 0
    assert named in ended.stdout + ended.stderr
    assert 'Traceback' not in ended.stdout + ended.stderr
    assert not terminal.left_running()
