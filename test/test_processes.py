"""Each process of a running robot is killed in turn: what stops, what goes on, what comes back."""
import math
import signal
import time

import pytest

pytestmark = pytest.mark.alone  # a whole robot in real time
LAUNCH = ('ros2', 'launch', 'vla_bringup', 'robot.launch.py', 'policy:=none', 'runs:=none')
#: What commands no motion and is started again; the arm follows its targets meanwhile.
COMING_BACK = ('lib/vla_cameras/camera_node', 'lib/vla_inference/inference_node',
               'lib/vla_inference/task_check', 'lib/vla_monitoring/visualisation',
               'lib/vla_monitoring/web_view', 'robot_state_publisher')


def kill(terminal, words):
    process = terminal.process_of(words)
    assert process is not None, f'{words} ended by itself'
    process.send_signal(signal.SIGKILL)
    process.wait(5.0)


def test_what_commands_no_motion_comes_back_while_the_arm_goes_on(
        terminal, wait_for, probe_of, free_port):
    launch = terminal.start(*LAUNCH, f'web_port:={free_port}')
    wait_for(lambda: 'is ready' in launch.output.read_text(), 'the controller manager', 60.0)
    wait_for(lambda: terminal.process_of(COMING_BACK[0]), 'the cameras')
    probe = probe_of()
    start = probe('pose()')
    for words in COMING_BACK:
        wait_for(lambda words=words: terminal.process_of(words), words, 30.0)
    time.sleep(2.0)  # they have begun their work
    for words in COMING_BACK:
        kill(terminal, words)
    end = probe('stream_pose([0.0, 0.08, 0.05], 2.0)')
    assert math.dist(end[:3], [a + b for a, b in zip(start, (0.0, 0.08, 0.05))]) < 0.03
    for words in COMING_BACK:
        wait_for(lambda words=words: terminal.process_of(words), f'{words} again', 30.0)
    assert probe('safety()')[0] < 3

    # the supervisor's watch begins anew; a stop stays the controller's own
    kill(terminal, 'lib/vla_monitoring/supervisor')
    assert probe("trigger('stop')")[0]
    assert probe('safety()')[0] == 3
    wait_for(lambda: terminal.process_of('lib/vla_monitoring/supervisor'), 'it again', 30.0)
    time.sleep(2.0)
    assert probe('safety()')[0] == 3, 'a new supervisor lets go of nothing'
    assert probe("trigger('release')")[0]

    # without execution nobody gives targets: the arm stays, and nothing starts it by itself
    kill(terminal, 'lib/vla_execution/execution')
    before = probe('pose()')
    time.sleep(3.0)
    assert math.dist(probe('pose()')[:3], before[:3]) < 0.01
    assert terminal.process_of('lib/vla_execution/execution') is None
    terminal.interrupt(launch)
    assert not terminal.left_running()
