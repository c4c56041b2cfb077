"""Servers as processes of their own, and the policy that stands in for a model."""
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from vla_core.observation import Observation

PEERS = Path(__file__).parent / 'peers'
sys.path.insert(0, str(PEERS))


class Process:
    """A process whose output is read line by line."""

    def __init__(self, command):
        path = os.pathsep.join([str(PEERS), *(entry for entry in sys.path if entry)])
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, 'PYTHONPATH': path}, cwd=PEERS)
        self.lines = []
        self._queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            self._queue.put(line.rstrip())
        self._queue.put(None)

    def wait_for_line(self, matches, timeout=110.0):
        """The first line from now on that matches; an AssertionError shows what came instead."""
        while True:
            try:
                line = self._queue.get(timeout=timeout)
            except queue.Empty:
                line = None
            assert line is not None, 'the process said only:\n' + '\n'.join(self.lines)
            if matches(line):
                return line

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope='module')
def start():
    """Start a process; it ends with the module's tests."""
    running = []

    def begin(*command):
        running.append(Process(command))
        return running[-1]
    yield begin
    for process in running:
        process.stop()


@pytest.fixture(scope='module')
def start_peer(start):
    """Start a fake server of peers/ and return it with its port."""
    def begin(script, *arguments, port=0):
        process = start(sys.executable, PEERS / script, port, *arguments)
        process.port = int(process.wait_for_line(str.isdecimal))
        return process
    return begin


@pytest.fixture(scope='module')
def serve(start):
    """Start our server and return it with its address."""
    def begin(policy, *arguments, port=0):
        process = start(sys.executable, '-m', 'vla_policies.serve', '--policy', policy,
                        '--port', port, *arguments)
        line = process.wait_for_line(lambda line: line.startswith('serving '))
        process.address = line.rsplit(' ', 1)[1]
        return process
    return begin


@pytest.fixture
def observe():
    """Make an observation for a contract; image i is of the brightness 10 (i + 1)."""
    def make(contract, instruction='pick it', **changes):
        labels = contract.state.labels if contract.state else ()
        images = {entry.key: np.full(
            (entry.processing.height, entry.processing.width, 3), 10 * (index + 1), np.uint8)
            for index, entry in enumerate(contract.images)}
        return Observation(**{
            'stamp_ns': 1_000, 'images': images, 'instruction': instruction,
            'state': np.arange(1, len(labels) + 1, dtype=np.float32) / 10,
            'state_names': labels, **changes})
    return make
