"""The process: `python -m dynamixel_bus FOLDER`, ports and a socket for orders in that folder.

Each arm's port is FOLDER/<arm>. Orders come as JSON, one a line, on the socket FOLDER/orders, as
{"do": name, …}, and are answered in one line: see `Orders`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from .arms import Arms
from .bus import SimulatedBus


class Orders:
    """What a test may ask of the world. Every order names an arm."""

    def __init__(self, arms: Arms, buses: dict[str, SimulatedBus]) -> None:
        self._arms = arms
        self._buses = buses

    def carry_out(self, do: str, arm: str, **how: Any) -> Any:
        """Do what is ordered, and return what is to be told."""
        with self._arms.lock:
            return getattr(self, f'_do_{do}')(arm, **how)

    def _do_state(self, arm: str) -> dict[str, list[float]]:
        """Joint positions in rad, the gripper's finger in m, and motor torques by servo id."""
        own, data = self._arms.arms[arm], self._arms.data
        return {'position': data.qpos[own.qpos].tolist(),
                'velocity': data.qvel[own.dof].tolist(),
                'torque': {servo.id: servo.motor.torque for servo in own.all_servos}}

    def _do_register(self, arm: str, servo: int, name: str) -> int:
        return self._arms.arms[arm].servo(servo).value(name)

    def _do_set_register(self, arm: str, servo: int, name: str, value: int) -> None:
        """As the maker's own tool would, without asking the firmware."""
        self._arms.arms[arm].servo(servo)._store(name, value)

    def _do_trip(self, arm: str, servo: int, bits: int) -> None:
        self._arms.arms[arm].servo(servo).trip(bits)

    def _do_heat(self, arm: str, servo: int, temperature: float) -> None:
        self._arms.arms[arm].servo(servo).temperature = temperature

    def _do_supply(self, arm: str, voltage: float) -> None:
        for servo in self._arms.arms[arm].all_servos:
            servo.supply = voltage

    def _do_detach(self, arm: str, servo: int) -> None:
        """Pull a servo's cable."""
        self._arms.arms[arm].servo(servo).present = False

    def _do_attach(self, arm: str, servo: int) -> None:
        own = self._arms.arms[arm].servo(servo)
        own.present = True
        own.reboot()

    def _do_power(self, arm: str, on: bool) -> None:
        self._buses[arm].power(on)

    def _do_plug(self, arm: str, in_: bool) -> None:
        if in_:
            self._buses[arm].plug()
        else:
            self._buses[arm].unplug()

    def _do_firmware(self, arm: str, fast: bool) -> None:
        """Whether the servos know fast sync read."""
        self._buses[arm].fast = fast

    def _do_restore(self, arm: str) -> None:
        """As when the process began: all well, without torque, supported at home."""
        bus = self._buses[arm]
        if not bus.plugged:
            bus.plug()
        bus.corrupt_share, bus.drop_share, bus.fast = 0.0, 0.0, True
        self._arms.restore(arm)

    def _do_disturb(self, arm: str, corrupt: float = 0.0, drop: float = 0.0,
                    latency: float = 0.0005) -> None:
        """Shares of answers that are corrupted and lost, and the adapter's latency in s."""
        bus = self._buses[arm]
        bus.corrupt_share, bus.drop_share, bus.latency = corrupt, drop, latency

    def _do_load(self, arm: str, joint: int, torque: float) -> None:
        self._arms.arms[arm].load[joint] = torque

    def _do_lead(self, arm: str, position: list[float] | None, duration: float = 1.0) -> None:
        """A hand leads the joints there; None lets go."""
        self._arms.lead(arm, position, duration)

    def _do_obstruct(self, arm: str, place: float) -> None:
        """Something between the fingers keeps them from closing beyond this place in m."""
        model = self._arms.model
        model.jnt_range[self._arms.arms[arm].joint_ids[-1], 0] = place

    def _do_late(self, arm: str) -> int:
        """How often the physics fell a tenth of a second behind."""
        return self._arms.late


def serve(folder: Path, orders: Orders, ending: threading.Event) -> None:
    """Take orders until told to end."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / 'orders'))
        listener.listen()
        listener.settimeout(0.2)
        while not ending.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(
                target=_converse, args=(connection, orders), daemon=True).start()


def _converse(connection: socket.socket, orders: Orders) -> None:
    with connection, connection.makefile('rw') as stream:
        for line in stream:
            try:
                answer = {'result': orders.carry_out(**json.loads(line))}
            except (AttributeError, KeyError, TypeError, ValueError, StopIteration) as error:
                answer = {'error': f'{type(error).__name__}: {error}'}
            stream.write(json.dumps(answer) + '\n')
            stream.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--robot', default='aloha')
    arguments = parser.parse_args()
    sys.setswitchinterval(2e-4)  # answers come on time while the physics computes
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    arms = Arms(arguments.robot)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    buses = {name: SimulatedBus(arguments.folder / name, arm.all_servos, arms.lock)
             for name, arm in arms.arms.items()}
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    parent = os.getppid()
    threading.Thread(target=arms.run, args=(ending,), daemon=True).start()
    for bus in buses.values():
        bus.start()
    threading.Thread(
        target=serve, args=(arguments.folder, Orders(arms, buses), ending), daemon=True).start()
    while not ending.wait(0.5):
        if os.getppid() != parent:
            break  # nobody would ever end it
    for bus in buses.values():
        bus.stop()
    (arguments.folder / 'orders').unlink(missing_ok=True)


if __name__ == '__main__':
    main()
