"""One bus: a pseudo-terminal, the servos on it, and what goes wrong on the way."""

from __future__ import annotations

import os
import random
import select
import threading
import time
import tty
from collections.abc import Sequence
from pathlib import Path

from .packet import (
    BROADCAST,
    Instruction,
    Packet,
    Reader,
    fast_status_packet,
    status_packet,
)
from .servo import INSTRUCTION, LENGTH, Servo

__all__ = ['SimulatedBus']

CRC_ERROR = 3
RETURN_DELAY = 2e-6  # s in a unit of the return delay time
LATENCY = 0.0005  # s, the adapter's


class SimulatedBus:
    """Servos on a pseudo-terminal that is found under the name `link`."""

    def __init__(self, link: Path, servos: Sequence[Servo], lock: threading.Lock,
                 baud_rate: int = 1_000_000) -> None:
        self.servos = list(servos)
        self.latency = LATENCY
        self.corrupt_share = 0.0  # of the answers
        self.drop_share = 0.0
        self.fast = True  # whether the firmware knows fast sync read
        self._link = link
        self._lock = lock  # of the physics, which the servos share
        self._byte_time = 10.0 / baud_rate
        self._random = random.Random(0)
        self._master = self._slave = -1
        self._ending = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self.plug()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ending = True
        self._thread.join(2.0)
        self.unplug()

    def plug(self) -> None:
        """Make the terminal and its name."""
        master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))
        self._master = master

    def unplug(self) -> None:
        """Take the adapter out: the device is gone."""
        master, slave, self._master, self._slave = self._master, self._slave, -1, -1
        self._link.unlink(missing_ok=True)
        for descriptor in (master, slave):
            if descriptor >= 0:
                os.close(descriptor)

    @property
    def plugged(self) -> bool:
        """Whether there is a terminal."""
        return self._master >= 0

    def power(self, on: bool) -> None:
        """Switch the servos' supply; those that come back have forgotten their RAM."""
        for servo in self.servos:
            servo.present = on
            servo.reboot()

    # ---- the wire

    def _serve(self) -> None:
        reader = Reader()
        while not self._ending:
            master = self._master
            try:
                if master < 0 or not select.select([master], [], [], 0.05)[0]:
                    time.sleep(0.01 if master < 0 else 0.0)
                    continue
                data = os.read(master, 4096)
            except (OSError, ValueError):
                time.sleep(0.01)
                continue
            begun = time.monotonic()
            for packet in reader.feed(data):
                with self._lock:
                    answer, delay = self._carry_out(packet)
                self._answer(master, answer, begun + delay + self.latency +
                             self._byte_time * (packet.size + len(answer)))

    def _answer(self, master: int, answer: bytes, due: float) -> None:
        if not answer or self._random.random() < self.drop_share:
            return
        if self._random.random() < self.corrupt_share:
            broken = bytearray(answer)
            broken[self._random.randrange(len(broken))] ^= 1 << self._random.randrange(8)
            answer = bytes(broken)
        wait = due - time.monotonic()
        if wait > 0.0:
            time.sleep(wait)
        try:
            os.write(master, answer)
        except OSError:
            return  # it was unplugged meanwhile

    # ---- instructions

    def _carry_out(self, packet: Packet) -> tuple[bytes, float]:
        """The answer's bytes and the servos' own delay in s."""
        for servo in self.servos:
            if servo.alive:
                servo.hear()
        if packet.instruction == Instruction.SYNC_READ:
            return self._sync_read(packet)
        if packet.instruction == Instruction.FAST_SYNC_READ:
            return self._fast_sync_read(packet) if self.fast else (b'', 0.0)
        if packet.instruction == Instruction.SYNC_WRITE:
            self._sync_write(packet)
            return b'', 0.0
        answers, delay = b'', 0.0
        for servo in self.servos:
            if packet.id == BROADCAST or servo.obeys(packet.id):
                answer = self._single(servo, packet)
                # A servo that listens to its secondary id obeys and keeps silent.
                if packet.id in (servo.id, BROADCAST) and servo.alive | bool(answer):
                    answers += answer
                    delay += self._delay(servo)
        return answers, delay

    def _delay(self, servo: Servo) -> float:
        return RETURN_DELAY * servo.value('return_delay_time')

    def _single(self, servo: Servo, packet: Packet) -> bytes:
        if not packet.valid:
            return status_packet(servo.id, CRC_ERROR | servo.alert)
        parameters = packet.parameters
        if packet.instruction == Instruction.PING:
            data = servo.value('model_number').to_bytes(2, 'little') + bytes(
                [servo.value('firmware_version')])
            return status_packet(servo.id, servo.alert, data)
        if packet.id == BROADCAST:
            return b''
        if packet.instruction == Instruction.READ and len(parameters) == 4:
            address, size = (int.from_bytes(part, 'little')
                             for part in (parameters[:2], parameters[2:]))
            error, data = servo.read(address, size)
            return status_packet(servo.id, error | servo.alert, data)
        if packet.instruction == Instruction.WRITE and len(parameters) > 2:
            error = servo.write(int.from_bytes(parameters[:2], 'little'), parameters[2:])
            return status_packet(servo.id, error | servo.alert)
        if packet.instruction == Instruction.REBOOT:
            answer = status_packet(servo.id, servo.alert)
            servo.reboot()
            return answer
        known = packet.instruction in (Instruction.READ, Instruction.WRITE)
        return status_packet(servo.id, (LENGTH if known else INSTRUCTION) | servo.alert)

    def _asked(self, packet: Packet) -> tuple[int, int, list[Servo]]:
        """Address, size and the servos that answer: after one that keeps silent, nobody does."""
        parameters = packet.parameters
        address, size = (int.from_bytes(part, 'little')
                         for part in (parameters[:2], parameters[2:4]))
        present = {servo.id: servo for servo in self.servos if servo.alive}
        chain = []
        for id_ in parameters[4:]:
            if id_ not in present:
                break
            chain.append(present[id_])
        return address, size, chain

    def _sync_read(self, packet: Packet) -> tuple[bytes, float]:
        if not packet.valid:
            return b'', 0.0
        address, size, chain = self._asked(packet)
        answers = b''
        for servo in chain:
            error, data = servo.read(address, size)
            answers += status_packet(servo.id, error | servo.alert, data)
        return answers, sum(map(self._delay, chain))

    def _fast_sync_read(self, packet: Packet) -> tuple[bytes, float]:
        if not packet.valid:
            return b'', 0.0
        address, size, chain = self._asked(packet)
        if not chain:
            return b'', 0.0
        answers = []
        for servo in chain:
            error, data = servo.read(address, size)
            answers.append((servo.id, error | servo.alert, data))
        return fast_status_packet(answers, len(packet.parameters) - 4), self._delay(chain[0])

    def _sync_write(self, packet: Packet) -> None:
        if not packet.valid:
            return
        parameters = packet.parameters
        address, size = (int.from_bytes(part, 'little')
                         for part in (parameters[:2], parameters[2:4]))
        for begin in range(4, len(parameters), size + 1):
            for servo in self.servos:
                if servo.obeys(parameters[begin]):
                    servo.write(address, parameters[begin + 1:begin + 1 + size])
