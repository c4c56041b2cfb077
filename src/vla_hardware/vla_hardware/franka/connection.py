"""The connection to the control box, without waiting for ever.

libfranka waits a minute for an address that nobody answers, and longer for a robot that another
client holds; its Python binding keeps the interpreter's lock while it waits for anything. So a
child process tries the handshake first, and the loop waits on the socket of the state datagrams
itself, which lets other threads run and notices a lost link at once.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from vla_hardware.interface import HardwareError

__all__ = ['FCI_PORT', 'Datagrams', 'datagrams_of', 'library', 'try_handshake']

FCI_PORT = 1337
_HANDSHAKE = """
import sys, pylibfranka
try:
    pylibfranka.Robot(sys.argv[1], pylibfranka.RealtimeConfig.kIgnore)
except RuntimeError as error:
    sys.exit(str(error))
"""
T = TypeVar('T')


def library() -> ModuleType:
    """The maker's library; HardwareError where it is not installed."""
    try:
        import pylibfranka
    except ImportError as error:
        raise HardwareError(
            f'franka: pylibfranka cannot be imported ({error}); pip install pylibfranka') from error
    return pylibfranka


def try_handshake(ip: str, timeout: float) -> None:
    """Connect and disconnect in a child process; HardwareError says why it cannot be done."""
    library()
    try:
        done = subprocess.run(
            [sys.executable, '-c', _HANDSHAKE, ip], timeout=timeout, capture_output=True,
            text=True, check=False)
    except subprocess.TimeoutExpired:
        raise HardwareError(f'franka: {_why_silent(ip, timeout)}') from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ['no reason given']
        said = lines[-1].removeprefix('libfranka: ')
        raise HardwareError(f'franka: {ip}: {said} (is this the address of the control box, and '
                            'is FCI active in Desk?)')


def _why_silent(ip: str, timeout: float) -> str:
    """What keeps a robot from answering a handshake."""
    try:
        with socket.create_connection((ip, FCI_PORT), min(timeout, 1.0)):
            return (f'{ip} answers but does not let us in within {timeout:g} s: another client '
                    'holds the robot; end it first')
    except OSError as error:
        return (f'{ip} does not answer at port {FCI_PORT} ({error}); check address, cable and '
                'network')


class Datagrams:
    """The socket on which a library receives the robot's datagrams, to wait for them."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def wait(self, timeout: float) -> bool:
        """Whether a datagram is there within `timeout` seconds; other threads run meanwhile."""
        return bool(self._poll.poll(timeout * 1e3))


def datagrams_of(connect: Callable[[], T]) -> tuple[T, Datagrams]:
    """Call `connect` and find the datagram socket that it opened; it stays the callee's own."""
    before = _sockets()
    made = connect()
    opened = [number for number in sorted(_sockets() - before) if _is_datagram(number)]
    if len(opened) != 1:
        raise HardwareError(f'franka: the library opened {len(opened)} datagram sockets, not one; '
                            'is this version of pylibfranka the pinned one?')
    return made, Datagrams(opened[0])


def _sockets() -> set[int]:
    numbers = set()
    for entry in Path('/proc/self/fd').iterdir():
        try:
            if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                numbers.add(int(entry.name))
        except OSError:
            continue  # the listing's own descriptor
    return numbers


def _is_datagram(descriptor: int) -> bool:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return copy.type == socket.SOCK_DGRAM
