"""Programs on the controller: the command loop that ur-rtde uploads, and anybody else's.

ur-rtde's program reads a command number from input integer register 0 and its arguments from the
other registers, and says in output integer register 0 that it is ready (1) or done (2). Commands
that stream (servo, speed, force mode) are carried out each cycle; of the others each is carried out
once, and acknowledged by a 0 in the command register.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from ur_controller.arm import ForceMode

if TYPE_CHECKING:
    from ur_controller.controller import Controller

READY, DONE = 1, 2
NOTHING, STOP_PROGRAM = 0, 255
STREAMED = frozenset({6, 9, 10, 11, 24, 25, 26, 27, 38})


class ForeignProgram:
    """A program of somebody else: it plays, and lets the arm stand."""

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self) -> bool:
        """One cycle; False when the program has ended."""
        return True


class RtdeControlProgram:
    """The command loop of ur-rtde over the registers of a controller."""

    def __init__(self, controller: Controller, name: str, offset: int) -> None:
        self.name = name
        self._controller = controller
        self._offset = offset
        self._executing = False
        self._waiting: Iterator[None] | None = None
        self._watchdog = 0.0  # s without an input after which the program ends
        self._commands: dict[int, Callable[[], Iterator[None] | None]] = {
            6: self._force_mode, 7: self._end_force_mode, 8: self._zero_sensor, 9: self._speed,
            11: self._servo, 15: self._stop_joints, 16: self._stop_joints, 17: self._payload,
            20: self._nothing, 21: self._nothing, 29: self._set_tcp, 31: self._protective_stop,
            33: self._stop_joints, 34: self._stop_joints, 35: self._set_watchdog,
            99: self._nothing,
        }
        self._signal(READY)

    def _signal(self, value: int) -> None:
        self._controller.outputs[f'output_int_register_{self._offset}'] = value

    def _integer(self, index: int) -> int:
        return self._controller.inputs[f'input_int_register_{self._offset + index}']

    def _doubles(self, first: int, count: int) -> np.ndarray:
        inputs, begin = self._controller.inputs, self._offset + first
        return np.array([inputs[f'input_double_register_{i}'] for i in range(begin, begin + count)])

    def step(self) -> bool:
        """One cycle; False when the program has ended."""
        controller = self._controller
        if self._watchdog:
            silent = controller.time - controller.updated[f'input_int_register_{self._offset}']
            if silent > self._watchdog:
                controller.say(f'RTDE watchdog: no input for {silent:.3f} s', warning=True)
                return False
        if self._waiting is not None:
            if next(self._waiting, self) is self:
                self._waiting = None
                self._signal(DONE)
            return True
        command = self._integer(0)
        if command == STOP_PROGRAM:
            return False
        if command in STREAMED:
            self._commands[command]()
            self._signal(READY)
        elif command == NOTHING:
            self._executing = False
            self._signal(READY)
        elif not self._executing:
            self._executing = True
            if command not in self._commands:
                controller.say(f'unknown command {command}', warning=True)
                return False
            self._waiting = self._commands[command]()
            if self._waiting is None:
                self._signal(DONE)
        return True

    # ---- commands, by the registers in which they find their arguments

    def _servo(self) -> None:
        _, lookahead, gain = self._doubles(8, 3)
        self._controller.arm.reference.servo(self._doubles(0, 6), lookahead, gain)

    def _speed(self) -> None:
        self._controller.arm.reference.speed(self._doubles(0, 6), self._doubles(6, 1)[0])

    def _stop_joints(self) -> Iterator[None]:
        reference = self._controller.arm.reference
        reference.stop(self._doubles(0, 1)[0])
        while not reference.still:
            yield

    def _force_mode(self) -> None:
        axes = np.array([self._integer(i) for i in range(2, 8)])
        self._controller.arm.force_mode = ForceMode(
            axes, self._doubles(6, 6), self._doubles(12, 6))

    def _end_force_mode(self) -> None:
        self._controller.arm.end_force_mode()

    def _zero_sensor(self) -> None:
        self._controller.arm.zero_wrench()

    def _payload(self) -> None:
        mass, *centre = self._doubles(0, 4).tolist()
        self._controller.outputs.update(payload=mass, payload_cog=centre)

    def _set_tcp(self) -> None:
        self._controller.outputs['tcp_offset'] = self._doubles(0, 6).tolist()

    def _protective_stop(self) -> None:
        self._controller.protective_stop()

    def _set_watchdog(self) -> None:
        self._watchdog = 1.0 / self._doubles(0, 1)[0]

    def _nothing(self) -> None:
        return


def load(controller: Controller, text: str) -> ForeignProgram | RtdeControlProgram:
    """The program that a script starts; ur-rtde's is known by its registers and its signals."""
    name = re.search(r'def\s+(\w+)\s*\(', text)
    name = name.group(1) if name else 'unnamed'
    if 'signal_done_with_cmd' not in text:
        return ForeignProgram(name)
    offset = re.search(r'reg_offset_int\s*=.*?(\d+)', text, re.DOTALL)
    return RtdeControlProgram(controller, name, int(offset.group(1)) if offset else 0)
