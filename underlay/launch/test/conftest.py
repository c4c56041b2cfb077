"""Launch files run as a user would run them: in a process of their own."""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LAUNCH_FILES = Path(__file__).parent / 'launch_files'

_RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    sys.argv[1], launch_arguments=[word.split(':=') for word in sys.argv[2:]])]))
sys.exit(service.run())
"""


class Launched:
    """A launch file that runs; its output goes to a file, so that nobody has to read it."""

    def __init__(self, path: Path, arguments: tuple[str, ...], folder: Path, **options) -> None:
        self._output = folder / 'output.txt'
        environment = {
            **os.environ, 'PYTHONPATH': os.pathsep.join(sys.path), 'ROS_LOG_DIR': str(folder),
            **options.pop('env', {})}
        with self._output.open('w') as stream:
            self.process = subprocess.Popen(
                [sys.executable, '-c', _RUN, str(path), *arguments],
                stdout=options.pop('stdout', stream), stderr=subprocess.STDOUT, env=environment,
                **options)

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._output.read_text()

    @property
    def said(self) -> list[str]:
        """The messages of LogInfo so far."""
        return re.findall(r'\[launch\.user\]: (.*)', self.output)

    def pids(self, count: int) -> list[int]:
        """Wait until `count` lines have told a process id, and return those."""
        deadline = time.monotonic() + 20.0
        while time.monotonic() < deadline:
            found = [int(pid) for pid in re.findall(r'pid=(\d+)', self.output)]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f'{count} process ids expected in:\n{self.output}')

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the launch process alone."""
        os.kill(self.process.pid, number)

    def wait(self, timeout: float = 30.0) -> int:
        """Return the exit code."""
        return self.process.wait(timeout)


def is_running(pid: int) -> bool:
    """Return whether the process exists and is more than a zombie."""
    try:
        stat = Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return False
    return stat.rpartition(')')[2].split()[0] not in 'ZX'


@pytest.fixture
def launch_file(tmp_path):
    """Start launch files of the tests by name; whatever still runs at the end is killed."""
    launched = []

    def start(name: str, *arguments: str, **options) -> Launched:
        path = LAUNCH_FILES / f'{name}.launch.py'
        launched.append(Launched(path, arguments, tmp_path, **options))
        return launched[-1]

    yield start
    for launch in launched:
        if launch.process.poll() is None:
            launch.process.kill()
            launch.process.wait()


@pytest.fixture
def running():
    """Return which of some processes still run."""
    return lambda pids: [pid for pid in pids if is_running(pid)]
