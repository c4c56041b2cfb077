"""The launch file starts the robot, stops cleanly and refuses bad arguments in one line."""
import os
import re
import signal
import time

import pytest
from manifests import ROOT

from vla_simulation.episode import Inference

LAUNCH = ('ros2', 'launch', 'vla_bringup', 'robot.launch.py')


def started(process):
    return lambda: 'process started' in process.output.read_text()


def test_arguments_are_described(terminal):
    shown = terminal.run(*LAUNCH[:2], '-s', *LAUNCH[2:])
    assert shown.returncode == 0, shown.stderr
    for argument in ('robot', 'namespace', 'peer'):
        assert f"'{argument}':" in shown.stdout
    assert 'No description' not in shown.stdout
    strategy = re.search(r"'strategy':.*?\(default: '(\w+)'\)", shown.stdout, re.DOTALL)
    assert strategy[1] == Inference.strategy, 'lockstep is to execute as the launch does'


@pytest.mark.alone
@pytest.mark.parametrize('robot', ['franka', 'ur', 'aloha'])
def test_robot_is_described_and_stops_on_interrupt(terminal, wait_for, robot):
    launch = terminal.start(*LAUNCH, f'robot:={robot}')
    description = terminal.run(
        'ros2', 'topic', 'echo', '--once', '--full-length', '--field', 'data',
        '/robot_description')
    assert '<robot' in description.stdout, description.stderr + launch.output.read_text()
    static = terminal.run('ros2', 'topic', 'echo', '--once', '/tf_static')
    assert 'frame_id: ' in static.stdout, static.stderr
    wait_for(lambda: 'is ready' in launch.output.read_text(), 'the controller manager', 40.0)
    assert terminal.interrupt(launch) < 3.0
    assert not terminal.left_running()
    assert 'Traceback' not in launch.output.read_text()


def test_terminate_to_the_launch_process_alone_leaves_nothing(terminal, wait_for):
    launch = terminal.start(*LAUNCH)
    wait_for(started(launch), 'the first process')
    os.kill(launch.pid, signal.SIGTERM)
    launch.wait(10)
    wait_for(lambda: not terminal.left_running(), 'the last process to end', 3.0)


def test_interrupt_at_once_leaves_nothing(terminal):
    launch = terminal.start(*LAUNCH)
    time.sleep(0.6)
    assert terminal.interrupt(launch) < 5.0
    assert not terminal.left_running()


def test_namespace_moves_every_topic(terminal, wait_for):
    launch = terminal.start(*LAUNCH, 'namespace:=left')
    wait_for(lambda: '/left/robot_description' in
             terminal.run('ros2', 'topic', 'list').stdout, 'the namespaced description')
    nodes = terminal.run('ros2', 'node', 'list').stdout.split()
    assert '/left/robot_state_publisher' in nodes
    terminal.interrupt(launch)


def complaint(result):
    """Return the one line that says what is wrong."""
    assert result.returncode != 0
    printed = result.stdout + result.stderr
    assert 'Traceback' not in printed
    lines = [line for line in printed.splitlines() if '[INFO]' not in line]
    assert len(lines) == 1, printed
    return lines[0]


@pytest.mark.parametrize(('argument', 'named'), [
    ('robott:=ur', "'robott' is not declared: did you mean robot"),
    ('robot:=urr', "no robot profile 'urr'; did you mean 'ur'"),
    ('robot:=/nowhere/profile.yaml', '/nowhere/profile.yaml'),
    ('robot', 'robot'),
    ('peer:=no such machine', "peer 'no such machine' is no address"),
    ('namespace:=no name', "namespace '/no name'"),
])
def test_wrong_argument_is_named(terminal, argument, named):
    assert named in complaint(terminal.run(*LAUNCH, argument))
    assert not terminal.left_running()


def test_malformed_profile_is_named(terminal, tmp_path):
    profile = tmp_path / 'mine.yaml'
    franka = (ROOT / 'config' / 'robots' / 'franka.yaml').read_text()
    profile.write_text(franka.replace('rate_hz: 1000', 'rate_hz: fast'))
    line = complaint(terminal.run(*LAUNCH, f'robot:={profile}'))
    assert f'{profile}: rate_hz: ' in line


@pytest.mark.parametrize(('words', 'named'), [
    (('vla_bringupp', 'robot.launch.py'), 'vla_bringupp'),
    (('vla_bringup', 'robott.launch.py'), 'robott.launch.py'),
])
def test_missing_package_or_file_is_named(terminal, words, named):
    assert named in complaint(terminal.run('ros2', 'launch', *words))


def test_impossible_domain_is_named(terminal):
    assert "ROS_DOMAIN_ID is '300'" in complaint(terminal.run(*LAUNCH, ROS_DOMAIN_ID='300'))


def test_second_robot_in_the_same_place_is_refused(terminal, wait_for):
    first = terminal.start(*LAUNCH)
    wait_for(started(first), 'the first robot')
    assert 'runs already in namespace /' in complaint(terminal.run(*LAUNCH))
    assert first.poll() is None
    second = terminal.start(*LAUNCH, 'namespace:=second')
    wait_for(started(second), 'a robot in a namespace of its own')
    terminal.interrupt(second)
    terminal.interrupt(first)


def test_read_only_home_does_not_matter(terminal, wait_for):
    launch = terminal.start(*LAUNCH, HOME='/proc', ROS_LOG_DIR='/proc/nowhere')
    wait_for(started(launch), 'the start without a writable home')
    os.killpg(launch.pid, signal.SIGINT)
    launch.wait(10)
