"""Start and handle a simulated Franka (`franka_robot.py`) from tests and benchmarks."""
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from peer_environment import ROOT, peer_python

from vla_core.profile import RobotProfile

SCRIPT = Path(__file__).with_name('franka_robot.py')
STARVED_S = 0.015  # a longer pause between two states is the machine's fault, not the client's


class FrankaPeer:
    """One control box at an address of this host; a context manager."""

    def __init__(self, folder: Path, host: str = '127.0.0.1') -> None:
        self.host = host
        self.log = folder / 'franka_robot.log'
        model = folder / 'fr3.xml'
        if not model.exists():
            model.write_text(subprocess.run(
                [sys.executable, '-m', 'vla_simulation.export', 'franka', '--bare', 'fr3_hand_tcp',
                 'cameras=false'], check=True, capture_output=True, text=True, cwd=ROOT).stdout)
        home = RobotProfile.load('franka').arms[0].home
        with self.log.open('a') as log:
            self.process = subprocess.Popen(
                [peer_python('franka'), SCRIPT, '--host', host, '--home',
                 json.dumps([float(angle) for angle in home])],
                env={'FR3_MJCF': str(model), 'PATH': '/usr/bin:/bin'}, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        self._await()

    def _await(self) -> None:
        """Wait until both ports listen, without connecting: they take one client each."""
        end = time.monotonic() + 30.0
        while not {1337, 1338} <= _listening(self.host):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError('the simulated Franka did not start:\n' + self.log.read_text())
            time.sleep(0.05)

    def ask(self, do: str, **arguments) -> dict:
        """Do something to the robot; see `franka_robot.py`."""
        self.process.stdin.write(json.dumps({'do': do, **arguments}) + '\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def starved(self) -> bool:
        """Whether the robot itself had to pause for want of processor time since last asked."""
        return self.process.poll() is None and self.ask('state')['worst_gap_s'] > STARVED_S

    def kill(self) -> None:
        """End at once, as with the power switch."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.kill()


def _listening(host: str) -> set[int]:
    """Ports on which somebody listens at an address (`/proc/net/tcp`, state 0A)."""
    address = socket.inet_aton(host)[::-1].hex().upper()
    rows = [line.split() for line in Path('/proc/net/tcp').read_text().splitlines()[1:]]
    return {int(row[1].split(':')[1], 16) for row in rows
            if row[3] == '0A' and row[1].split(':')[0] == address}
