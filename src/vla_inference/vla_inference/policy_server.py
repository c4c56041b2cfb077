"""
A policy server of this machine: `python -m vla_policies.serve` in a process of its own.

torch lives there and only there. The process ends with the one that started it.
"""
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vla_inference.dependent_process import dependent

__all__ = ['PolicyServer', 'ServerError', 'serve_command']

class ServerError(RuntimeError):
    """The server ended or did not come up; one line."""


def serve_command(policy: str, contract: str, port: int) -> list[str]:
    """
    The command that serves a policy on a port of this machine.

    ``policy`` is a folder, which has its own contract, or ``module:attribute``.
    """
    command = [sys.executable, '-m', 'vla_policies.serve', '--policy', policy, '--port', str(port)]
    return command if Path(policy).is_dir() else [*command, '--contract', contract]


class PolicyServer:
    """The process; ``command`` gives its command line for a policy, a contract and a port."""

    def __init__(
        self, policy: str, contract: str,
        command: Callable[[str, str, int], Sequence[str]] = serve_command,
    ) -> None:
        self.name = Path(policy).name
        self.port = _free_port()
        self._process = subprocess.Popen(
            dependent(command(policy, contract, self.port)), stdin=subprocess.DEVNULL)

    @property
    def address(self) -> str:
        """Where its clients connect."""
        return f'ws://127.0.0.1:{self.port}'

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def exited(self) -> str:
        """'' while it runs, else how it ended."""
        status = self._process.poll()
        if status is None:
            return ''
        ended = (f'was ended by {signal.Signals(-status).name}' if status < 0
                 else f'ended with status {status}')
        return f'policy server of {self.name} {ended}'

    def wait_until_ready(self, timeout_s: float, given_up: Callable[[], bool]) -> None:
        """Wait until it answers; ServerError when it ends, takes too long or is given up."""
        end = time.monotonic() + timeout_s
        while not given_up():
            if self.exited():
                raise ServerError(self.exited())
            if self._is_healthy():
                return
            if time.monotonic() > end:
                raise ServerError(f'policy server of {self.name} was not ready after '
                                  f'{timeout_s:g} s')
            time.sleep(0.05)
        raise ServerError('given up')

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=1.0)
        try:
            connection.request('GET', '/healthz')
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def close(self, timeout_s: float = 0.5) -> None:
        """End it, by force if it does not soon: it keeps nothing that could be lost."""
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]

