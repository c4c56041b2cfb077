"""The execution under its launch file, between a slow policy and the simulated arm."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

# runs a control loop in real time
pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
PROBE = Path(__file__).parent / 'execution_probe.py'
IDLE, EXECUTING, STARVED, HOLDING, STOPPED = range(5)


@pytest.fixture
def probe(terminal, wait_for):
    """Launch arm and execution; a function that asks a probe beside them."""
    robot = terminal.start('ros2', 'launch', 'vla_bringup', 'control.launch.py')
    wait_for(lambda: 'is ready' in robot.output.read_text(), 'the controller manager', 90.0)
    execution = terminal.start(
        'ros2', 'launch', 'vla_bringup', 'execution.launch.py', 'strategy:=replace')
    wait_for(lambda: 'executing mini_franka' in execution.output.read_text(), 'the node', 60.0)
    process = subprocess.Popen(
        [sys.executable, PROBE], env=terminal.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(expression):
        process.stdin.write(expression + '\n')
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith('answer '):
                return json.loads(line.removeprefix('answer '))
        raise AssertionError(f'the probe died at {expression}')

    yield ask
    process.kill()
    process.wait()


def test_a_session(probe):
    """Chunks are followed, held, refused by name and stopped, and strategies change live."""
    followed = probe('follow()')
    assert followed['moving'] == EXECUTING and followed['held'] == HOLDING
    assert followed['accepted'] >= 5 and followed['refused'] == 0
    assert followed['acceleration'] <= 9.0 and followed['speed'] < 0.3
    assert followed['error_mm'] < 5.0 and followed['starvation'] > 0.0
    assert followed['committed_rows'] > 8 and followed['committed_first_s'] == 0.0

    assert probe("set_strategy('blend')")[0]
    accepted, reason = probe("set_strategy('blender')")
    assert not accepted and "did you mean 'blend'" in reason

    assert probe('refuse()') < 2.0  # mm that the arm has moved

    after, refusal, silent, begun, again = probe('stop_by_safety()')
    assert after == STOPPED and silent
    assert 'execution/start' in refusal
    assert begun and again == EXECUTING

    success, state, (acceleration, speed) = probe('stop_smoothly()')
    assert success and state == IDLE
    assert acceleration <= 9.0 and speed < 0.3
