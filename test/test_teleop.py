"""Teleoperation under its launch file: a scripted gamepad moves the arm beside a policy."""
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader

pytestmark = pytest.mark.alone  # runs a control loop in real time
PROBE = Path(__file__).parent / 'teleop_probe.py'
NOBODY, POLICY, PERSON, SHARED = range(4)


@pytest.fixture
def probe(terminal, wait_for, tmp_path):
    """Launch arm, execution, recorder and teleoperation; a function that asks a probe."""
    pad = tmp_path / 'js0'
    os.mkfifo(pad)
    held = os.open(pad, os.O_RDWR | os.O_NONBLOCK)

    def launch(ready, *words):
        process = terminal.start('ros2', 'launch', 'vla_bringup', *words)
        wait_for(lambda: ready in process.output.read_text(), ready, 60.0)
    launch('is ready', 'control.launch.py')
    launch('executing mini_franka', 'execution.launch.py', 'strategy:=replace')
    launch('', 'record.launch.py', f'folder:={tmp_path / "episodes"}')
    launch('gamepad for franka', 'teleop.launch.py', 'devices:=gamepad',
           f'device_options:={{gamepad: {{path: {pad}}}}}', 'instruction:=lift it')
    process = subprocess.Popen(
        [sys.executable, PROBE, str(pad)], env=terminal.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(expression):
        process.stdin.write(expression + '\n')
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith('answer '):
                return json.loads(line.removeprefix('answer '))
        raise AssertionError(f'the probe died at {expression}')

    ask('place().tolist()')
    os.close(held)
    yield ask
    process.kill()
    process.wait()


@pytest.mark.timeout(300)
def test_a_session(probe, tmp_path):
    """Alone, taking over from a policy, sharing with it, losing the device, and a safety stop."""
    alone = probe('drive_alone()')
    assert alone['without_dead_man_mm'] < 2.0 and alone['in_charge'] == PERSON
    assert alone['moved_mm'] > 40.0 and alone['after_release_mm'] < 100.0
    assert alone['rest_mm'] < 20.0 and alone['silent']
    assert alone['step_mm'] < 12.0 and alone['speed'] < 0.8

    assert probe('toggle_gripper()') > 0.03  # closed, and open again

    episode = probe('record(EpisodeStatus.RECORDING)')
    taken = probe('take_over()')
    assert taken['taken_s'] < 6.0 and taken['moved_mm'] > 30.0
    assert taken['step_mm'] < 20.0 and taken['speed'] < 0.8  # no jump, there or back
    shared = probe('share()')
    assert shared['moved_mm'] > 30.0 and shared['step_mm'] < 20.0
    for motion in (alone, taken, shared):  # two never streamed at once
        assert not {'publishers', 'step', 'stale'} & set(motion['guards'])
    assert probe('record(EpisodeStatus.IDLE)') == episode

    died = probe('unplug()')
    assert died['rest_mm'] < 20.0 and died['after_mm'] < 20.0
    assert probe('stop_by_safety()') == NOBODY

    with AnyReader([tmp_path / 'episodes' / episode]) as bag:
        said, kinds = [], {}
        for connection, _, raw in bag.messages():
            kinds[connection.topic] = kinds.get(connection.topic, 0) + 1
            if connection.topic == '/teleop_status':
                said.append(bag.deserialize(raw, connection.msgtype).in_charge)
    said = [code for code in said if code != NOBODY]
    changes = [code for code, before in zip(said, [None, *said]) if code != before]
    assert changes[-4:] == [POLICY, PERSON, POLICY, SHARED]
    for topic in ('/action_chunk', '/target_pose', '/gripper_position_controller/commands'):
        assert kinds[topic] > 10


def test_the_keyboard_reads_the_terminal_of_its_launch(terminal):
    """What a launch starts has no terminal of its own."""
    ours, theirs = pty.openpty()
    launch = subprocess.Popen(
        ['ros2', 'launch', 'vla_bringup', 'teleop.launch.py'], env=terminal.environment,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    shown, end = b'', time.monotonic() + 30.0
    while b'space dead-man' not in shown:
        assert launch.poll() is None and time.monotonic() < end, shown.decode()
        if select.select([ours], [], [], 0.2)[0]:
            shown += os.read(ours, 65536)
    terminal.interrupt(launch)
    os.close(ours)
    os.close(theirs)
