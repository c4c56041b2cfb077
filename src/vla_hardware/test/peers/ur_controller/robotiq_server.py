"""The Robotiq gripper's server (port 63352): `SET NAME value …` → `ack`, `GET NAME` → `NAME value`.

Positions, speeds and forces are bytes; position 0 is open, 255 closed. OBJ: 0 moving, 1 stopped by
an object while opening, 2 while closing, 3 where it was asked to be.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ur_controller.server import LineConnection, Server

if TYPE_CHECKING:
    from ur_controller.arm import Arm

PORT = 63352
ACTIVE, RESET = 3, 0
MOVING, AT_REQUEST = 0, 3
NEAR = 3  # position counts


class Gripper:
    """Registers of the gripper."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self.values = {'ACT': 0, 'GTO': 0, 'ATR': 0, 'POS': 0, 'SPE': 255, 'FOR': 255, 'FLT': 0}

    def set(self, name: str, value: int) -> None:
        """Write one register."""
        self.values[name] = value

    def carry_out(self) -> None:
        """Move as the registers say."""
        if self.values['ACT'] and self.values['GTO']:
            self._arm.grip(1.0 - self.values['POS'] / 255.0, self.values['SPE'] / 255.0)

    def get(self, name: str) -> int | None:
        """Read one register or state."""
        place = round(255.0 * (1.0 - min(max(self._arm.opening, 0.0), 1.0)))
        if name == 'POS':
            return place
        if name == 'STA':
            return ACTIVE if self.values['ACT'] else RESET
        if name == 'PRE':
            return self.values['POS']
        if name == 'COU':
            return round(10.0 * abs(self._arm.gripper_force) / 125.0)
        if name == 'OBJ':
            return AT_REQUEST if abs(place - self.values['POS']) <= NEAR else MOVING
        return self.values.get(name)


class GripperConnection(LineConnection):
    """One client."""

    def __init__(self, stream: socket.socket, gripper: Gripper) -> None:
        super().__init__(stream)
        self._gripper = gripper

    def answer(self, line: str) -> str:
        verb, *words = line.split() or ['']
        if verb == 'GET' and len(words) == 1:
            value = self._gripper.get(words[0])
            return '?' if value is None else f'{words[0]} {value}'
        if verb == 'SET' and words and len(words) % 2 == 0:
            for name, value in zip(words[::2], words[1::2]):
                if name not in self._gripper.values or not value.isdigit() or int(value) > 255:
                    return '?'
                self._gripper.set(name, int(value))
            self._gripper.carry_out()
            return 'ack'
        return '?'


class GripperServer(Server):
    """All clients of the gripper."""

    def __init__(self, address: str, arm: Arm) -> None:
        self._gripper = Gripper(arm)
        super().__init__(address, PORT)

    def connect(self, stream: socket.socket) -> GripperConnection:
        return GripperConnection(stream, self._gripper)
