"""The test's side: starts the process, names its ports, gives orders."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ['DynamixelBuses']

START_TIMEOUT = 30.0  # s
PEERS = Path(__file__).parents[1]


class DynamixelBuses:
    """All buses of one robot as a process of their own; a context manager."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        path = os.pathsep.join([str(PEERS), *filter(None, sys.path)])
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'dynamixel_bus', str(folder), *arguments],
            env={**os.environ, 'PYTHONPATH': path})
        self._connection: socket.socket | None = None
        deadline = time.monotonic() + START_TIMEOUT
        while self._connection is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError('the simulated Dynamixel buses did not start')
            self._connection = self._connect()
        self._stream = self._connection.makefile('rw')

    def _connect(self) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self.folder / 'orders'))
        except OSError:
            connection.close()
            time.sleep(0.02)
            return None
        return connection

    def port(self, arm: str) -> str:
        """Serial device of an arm."""
        return str(self.folder / arm)

    def ports(self, *arms: str) -> dict[str, str]:
        """Serial devices by arm."""
        return {arm: self.port(arm) for arm in arms}

    def order(self, do: str, arm: str, **how: Any) -> Any:
        """Give an order (see `__main__.Orders`) and return the answer."""
        self._stream.write(json.dumps({'do': do, 'arm': arm, **how}) + '\n')
        self._stream.flush()
        answer = json.loads(self._stream.readline())
        if 'error' in answer:
            raise ValueError(answer['error'])
        return answer['result']

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> DynamixelBuses:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
