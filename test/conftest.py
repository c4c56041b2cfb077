"""Whole-system tests run commands as a person types them in a sourced workspace."""
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
PROBE = ROOT / 'test' / 'control_probe.py'
sys.path.insert(0, str(ROOT / 'tools'))


@pytest.fixture(scope='session')
def workspace_environment():
    """Return the environment of a terminal that has sourced the workspace."""
    printed = subprocess.run(
        [ROOT / 'tools' / 'in_workspace', 'env', '-0'], check=True, capture_output=True).stdout
    return dict(entry.split('=', 1) for entry in printed.decode().split('\0') if entry)


class Terminal:
    """A terminal in which commands are typed; it remembers every process they start."""

    def __init__(self, environment: dict[str, str], log_folder: Path) -> None:
        self.environment = {**environment, 'ROS_LOG_DIR': str(log_folder)}
        self.log_folder = log_folder
        self._sessions: list[subprocess.Popen] = []

    def run(self, *command: str, timeout: float = 30.0, **environment: str):
        """Run a command to its end and return it with its output."""
        return subprocess.run(
            command, env={**self.environment, **environment}, capture_output=True, text=True,
            timeout=timeout)

    def start(self, *command: str, **environment: str) -> subprocess.Popen:
        """Start a command as the leader of a session of its own, its output in a file."""
        output = self.log_folder / f'output_{len(self._sessions)}.txt'
        with output.open('w') as stream:
            process = subprocess.Popen(
                command, env={**self.environment, **environment}, stdout=stream,
                stderr=subprocess.STDOUT, start_new_session=True)
        process.output = output
        self._sessions.append(process)
        return process

    def left_running(self) -> list[psutil.Process]:
        """Return processes that carry this terminal's mark and still run."""
        mark = self.environment['ROS_LOG_DIR']
        left = []
        for process in psutil.process_iter():
            try:
                if process.environ().get('ROS_LOG_DIR') == mark and \
                        process.status() != psutil.STATUS_ZOMBIE:
                    left.append(process)
            except (psutil.AccessDenied, psutil.NoSuchProcess):
                continue
        return left

    def process_of(self, words: str) -> psutil.Process | None:
        """The process whose command line has these words; None when there is none."""
        return next((process for process in self.left_running()
                     if words in ' '.join(process.cmdline())), None)

    def interrupt(self, process: subprocess.Popen, timeout: float = 10.0) -> float:
        """Send Ctrl-C to a command and return the seconds until it and its children are gone."""
        start = time.monotonic()
        leader = psutil.Process(process.pid)
        family = [leader, *leader.children(recursive=True)]
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout)
        psutil.wait_procs(family, timeout)
        return time.monotonic() - start

    def close(self) -> None:
        left = self.left_running()
        for process in left:
            process.kill()
        psutil.wait_procs(left, 5.0)  # only then the next robot may take their place


@pytest.fixture
def terminal(workspace_environment, tmp_path):
    terminal = Terminal(workspace_environment, tmp_path)
    yield terminal
    terminal.close()


def wait_for(condition, what: str, timeout: float = 20.0):
    """Poll until `condition()` is true and return its value."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f'waited {timeout:.0f} s in vain for {what}')


@pytest.fixture(name='wait_for')
def wait_for_fixture():
    return wait_for


class Probe:
    """A node in a process of its own that is asked line by line."""

    def __init__(self, terminal: Terminal, namespace: str) -> None:
        environment = {**terminal.environment, 'ROS_LOG_DIR': str(terminal.log_folder / 'probe')}
        self._process = subprocess.Popen(
            [sys.executable, PROBE, namespace], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, expression: str):
        """What an expression of control_probe.py gives there."""
        self._process.stdin.write(expression + '\n')
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith('answer '):
                return eval(line.removeprefix('answer '), {'nan': math.nan})
        raise AssertionError(f'the probe died at {expression}')

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def probe_of(terminal):
    """A function that gives a probe of the robot in a namespace."""
    probes = []

    def start(namespace: str = '') -> Probe:
        probes.append(Probe(terminal, namespace))
        return probes[-1]

    yield start
    for probe in probes:
        probe.close()
