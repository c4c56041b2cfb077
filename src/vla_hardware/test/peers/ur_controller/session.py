"""A controller as a process of its own, with the hands of a person at the robot."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from ur_controller.bench import PORT

PEERS = Path(__file__).parents[1]


def free_address() -> str:
    """An address of this host at which no controller listens."""
    while True:
        address = '127.' + '.'.join(str(random.randrange(1, 255)) for _ in range(3))
        with socket.socket() as probe:
            try:
                probe.bind((address, PORT))
            except OSError:
                continue
        return address


class ControllerSession:
    """Starts a controller; every verb of the bench server is `do(verb, …)`."""

    def __init__(self, series: str = 'e', unlock_after: float = 0.5) -> None:
        self.address = free_address()
        path = os.pathsep.join([str(PEERS), *filter(None, sys.path)])
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'ur_controller', '--address', self.address,
             '--series', series, '--unlock-after', str(unlock_after), '--session'],
            stdout=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': path})
        if self._process.stdout.readline() != 'ready\n':
            raise RuntimeError(f'the controller ended with status {self._process.wait()}')
        self._bench = socket.create_connection((self.address, PORT))
        self._lines = self._bench.makefile('rw')

    def do(self, verb: str, **arguments: Any) -> Any:
        """Do something at the robot."""
        self._lines.write(json.dumps({'do': verb, **arguments}) + '\n')
        self._lines.flush()
        return json.loads(self._lines.readline())

    def state(self) -> dict[str, Any]:
        """What the controller knows of itself."""
        return self.do('state')

    def close(self) -> None:
        """End the controller."""
        if self._process.poll() is None:
            self.do('end')
            self._process.wait(5.0)
        self._bench.close()
        self._process.stdout.close()

    def __enter__(self) -> ControllerSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
