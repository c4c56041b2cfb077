"""Bags and a recorder for the tests."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vla_core import share

sys.path.insert(0, str(Path(__file__).parent))
from synthetic_bag import SyntheticBag, contract

# Pictures need the transport of the launch files: by default most are lost between processes.
os.environ.setdefault(
    'FASTRTPS_DEFAULT_PROFILES_FILE', str(share.find('vla_bringup', 'config/dds', 'fastdds.xml')))


@pytest.fixture
def make_bag(tmp_path):
    """Make a bag below the test's folder by name."""
    def make(name='episode', **options):
        return SyntheticBag(tmp_path / 'bags' / name, **options).close()
    return make


@pytest.fixture
def contract_file(tmp_path):
    """The contract that the bags serve, as a file."""
    path = tmp_path / 'synthetic.yaml'
    contract().save(path)
    return str(path)


@pytest.fixture
def python():
    """Start ``python -m …`` with this path; processes that still run are killed at the end."""
    running = []

    def start(*words, preexec=None):
        process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=preexec, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(10)


def wait_for(condition, seconds=30.0):
    """Wait until ``condition()`` is true, and return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.02)
    return value


@pytest.fixture(name='wait_for')
def wait_for_fixture():
    return wait_for
