"""The command line as a process of its own, and the processes that it looks at."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
UNDERLAY = HERE.parents[1]
STOP_S = 10


@pytest.fixture(scope='session')
def environment() -> dict[str, str]:
    """Return an environment in which the source is importable."""
    sources = [str(setup.parent) for setup in sorted(UNDERLAY.glob('*/setup.py'))]
    inherited = os.environ.get('PYTHONPATH')
    return {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([*sources, *([inherited] if inherited else [])]),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(HERE / 'discovery.xml'),
        'PYTHONUNBUFFERED': '1',
    }


@pytest.fixture(scope='session')
def start(environment):
    """Return a context manager: a process of the command that is interrupted at the end."""
    @contextmanager
    def starter(*argv: str) -> Iterator[subprocess.Popen]:
        process = subprocess.Popen(
            [sys.executable, '-m', 'ros2cli', *argv], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            stop(process)

    return starter


@pytest.fixture(scope='session')
def ros2(environment):
    """Return a function that runs the command to its end."""
    def run(*argv: str, stdin: str = '', timeout: float = 30, **extra: str):
        return subprocess.run(
            [sys.executable, '-m', 'ros2cli', *argv], env={**environment, **extra}, text=True,
            input=stdin, capture_output=True, timeout=timeout, check=False)

    return run


@pytest.fixture(scope='session')
def refused(ros2):
    """Return a function that runs what must fail: one line on stderr, which is returned."""
    def run(*argv: str, **options):
        done = ros2(*argv, **options)
        assert done.returncode in (1, 2), done
        assert 'Traceback' not in done.stderr
        lines = [line for line in done.stderr.splitlines() if not line.startswith('WARNING')]
        assert len(lines) == 1, done.stderr
        return lines[0]

    return run


@pytest.fixture(scope='module')
def robot(environment) -> Iterator[None]:
    """Run the node that has one of everything."""
    with _fixture_process('fixture_node.py', environment):
        yield


@pytest.fixture(scope='module')
def controller_manager(environment) -> Iterator[None]:
    """Run a controller manager."""
    with _fixture_process('fixture_controller_manager.py', environment):
        yield


def stop(process: subprocess.Popen) -> None:
    """Interrupt a process as Ctrl-C does, and wait for its end."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    finally:
        process.stdout.close()


@contextmanager
def _fixture_process(name: str, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / name)], env=environment, text=True, stdout=subprocess.PIPE)
    try:
        for line in process.stdout:
            if line.strip() == 'ready':
                break
        else:
            pytest.fail(f'{name} ended before it was ready')
        yield
    finally:
        stop(process)
