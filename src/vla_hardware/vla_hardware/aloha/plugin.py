"""The `aloha` plug-in: followers held by position control, leaders led by hand.

Options: `wiring` (file or name in config/dynamixel; the profile's name by default), `ports`
(serial device by arm, in place of the wiring's), `force_feedback` (drive the leaders' currents;
else they are without torque), `real_time` (ask for real-time scheduling of the buses' threads).

Requests: `torque(arm, on)` holds an arm or lets it go: support it, it falls.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError, near_matches
from vla_hardware.aloha.arm import ServoArm
from vla_hardware.aloha.bus import Bus, BusError
from vla_hardware.aloha.line import Line
from vla_hardware.aloha.wiring import load_wiring
from vla_hardware.interface import (
    ArmCapabilities,
    ArmCommand,
    ControlMode,
    Fault,
    FaultCode,
    HardwareError,
    HardwareInterface,
    RobotCommand,
    RobotState,
)

__all__ = ['AlohaHardware']

FIRST_SAMPLE = 1.0  # s within which a bus that was checked gives its first state
HANGS = 2.0  # s without a state or a reason for it
LARGEST_STEP = 0.25  # rad between two commands of a joint; more is no motion but a mistake


class AlohaHardware(HardwareInterface):
    """All arms of one robot, each on a bus with a thread of its own."""

    def __init__(
        self,
        profile: RobotProfile,
        wiring: str = '',
        ports: Mapping[str, str] | None = None,
        force_feedback: bool = False,
        real_time: bool = True,
    ) -> None:
        super().__init__(profile)
        try:
            self._wiring = load_wiring(wiring, profile)
            ports = dict(ports or {})
            for name in ports:
                if name not in self._wiring.arms:
                    raise ConfigurationError(
                        f'ports: no arm {name!r}; {near_matches(name, self._wiring.arms)}')
            leaders = {arm.name for arm in profile.leaders}
            self._lines: dict[str, Line] = {}
            for arm in self.arm_profiles:
                self._wiring.kind(arm)
                port = ports.get(arm.name, self._wiring.arms[arm.name].port)
                bus = Bus(port, self._wiring.baud_rate, self._wiring.response_timeout)
                servos = ServoArm(
                    arm, self._wiring, bus, arm.name in leaders, force_feedback)
                self._lines[arm.name] = Line(servos, self._wiring, self.period, real_time)
        except ConfigurationError as error:
            raise HardwareError(f'aloha: {error}') from error
        self._active = False
        self._last: dict[str, np.ndarray | None] = dict.fromkeys(self._lines)
        self._begun = 0.0

    # ---- lifecycle

    def capabilities(self, arm: str) -> ArmCapabilities:
        return self._lines[arm].arm.capabilities()

    def configure(self) -> None:
        try:
            for line in self._lines.values():
                if not line.running:
                    _connect(line.arm)
        except HardwareError:
            self.close()
            raise
        for line in self._lines.values():
            if not line.running:
                line.start()
        self._begun = time.monotonic()
        deadline = self._begun + FIRST_SAMPLE
        state = self.make_state()
        for arm_state, line in zip(state.arms, self._lines.values()):
            while not line.copy_state(arm_state):
                if time.monotonic() > deadline:
                    self.close()
                    raise HardwareError(f'aloha: {line.arm.name}: no state within '
                                        f'{FIRST_SAMPLE:g} s; look at its cables')
                time.sleep(0.002)

    def activate(self) -> None:
        if self.fault is not None:
            raise HardwareError(
                f'aloha: cannot activate with a fault ({self.fault}); recover first')
        self._do_everywhere(lambda arm: arm.hold)
        self._forget_commands()
        self._active = True

    def deactivate(self) -> None:
        """Followers go on holding their last goals; leaders are let go."""
        self._active = False
        jobs = [(line, line.ask(line.arm.release)) for line in self._lines.values()
                if line.running and line.arm.leads]
        for line, job in jobs:
            try:
                line.wait(job)
            except HardwareError:
                if line.fault is None:
                    raise

    def close(self) -> None:
        self._active = False
        for line in self._lines.values():
            line.stop()
            line.arm.bus.close()

    def set_mode(self, arm: str, mode: ControlMode) -> None:
        offered = self.capabilities(arm).modes
        if mode not in offered:
            raise HardwareError(f'aloha: arm {arm!r} has no {mode.value} mode; it has '
                                f'{", ".join(m.value for m in offered)}')

    # ---- the cycle

    def read(self, state: RobotState) -> None:
        now = time.monotonic_ns()
        oldest = now
        for arm_state, line in zip(state.arms, self._lines.values()):
            stamp = line.copy_state(arm_state)
            oldest = min(oldest, stamp)
            if self.fault is None:
                if line.fault is not None:
                    self.fault = line.fault
                elif now - stamp > 1e9 * HANGS:
                    self.fault = Fault(FaultCode.LINK_LOST, f'{line.arm.bus.name} hangs; plug the '
                                       'adapter in again', line.arm.name)
        state.stamp_ns = oldest

    def write(self, command: RobotCommand) -> None:
        if not self._active:
            return
        for given, line in zip(command.arms, self._lines.values()):
            if self._admissible(given, line):
                line.send(given)

    def _admissible(self, given: ArmCommand, line: Line) -> bool:
        """A command that would jump or is no number goes nowhere, and is a fault."""
        if not np.isfinite(given.values).all():
            self._refuse(given.name, 'got a command that is not finite')
            return False
        if line.arm.leads:
            return True
        last = self._last[given.name]
        if last is None:
            self._last[given.name] = given.values.copy()
            return True
        step = np.abs(given.values - last)
        if step.max() > LARGEST_STEP:
            worst = int(step.argmax())
            self._refuse(given.name, f'{line.arm.profile.joints[worst]} was commanded '
                         f'{step[worst]:.2f} rad away from its last command')
            return False
        last[:] = given.values
        return True

    def _refuse(self, arm: str, text: str) -> None:
        if self.fault is None:
            self.fault = Fault(FaultCode.INVALID_COMMAND, text, arm)

    def _forget_commands(self) -> None:
        """What the arms measure now counts as the last command."""
        state = self.make_state()
        for arm_state, line in zip(state.arms, self._lines.values()):
            line.copy_state(arm_state)
            self._last[line.arm.name] = arm_state.position.copy()

    # ---- the way back

    def recover(self) -> None:
        """Open what is closed, reboot what tripped, hold where the arms are."""
        for line in self._lines.values():
            if line.fault is not None:
                line.do(lambda arm=line.arm: _mend(arm))
        if self._active:
            self._do_everywhere(lambda arm: arm.hold)
        for line in self._lines.values():
            line.do(line.forgive)
            line.do(lambda arm=line.arm: arm.bus.read_group(arm.motion))
        self._forget_commands()
        self.fault = None

    def _do_everywhere(self, work: Any) -> None:
        jobs = [(line, line.ask(work(line.arm))) for line in self._lines.values()]
        for line, job in jobs:
            line.wait(job)

    # ---- what it tells

    def diagnostics(self) -> dict[str, str | float]:
        lines = self._lines.values()
        elapsed = max(time.monotonic() - self._begun, 1e-3)
        figures: dict[str, str | float] = {
            'bus_errors': float(sum(line.errors for line in lines)),
            'bus_errors_recovered': float(sum(line.recovered for line in lines)),
            'bus_hz': min(line.samples for line in lines) / elapsed,
        }
        for name, line in self._lines.items():
            arm = line.arm
            figures |= {
                f'{name}_port': arm.bus.name,
                f'{name}_fast_sync_read': 'yes' if arm.bus.fast else 'no',
                f'{name}_samples': float(line.samples),
                f'{name}_bus_errors': float(line.errors),
                f'{name}_bus_errors_recovered': float(line.recovered),
                f'{name}_cycle_max_ms': 1e3 * line.cycle_s,
            }
            if arm.temperature:
                figures[f'{name}_temperature_max_c'] = float(max(arm.temperature.values()))
                figures[f'{name}_voltage_min_v'] = min(arm.voltage.values())
                figures[f'{name}_firmware_min'] = float(min(arm.firmware.values()))
        return figures

    def request(self, name: str, **arguments: object) -> None:
        if name != 'torque':
            super().request(name, **arguments)
        try:
            self.torque(**arguments)
        except TypeError as error:
            raise HardwareError(f'aloha: request torque: {error}') from error

    def torque(self, arm: str, on: bool) -> None:
        """Hold an arm where it is, or let it go: support it, it falls."""
        if arm not in self._lines:
            raise HardwareError(f'aloha: no arm {arm!r}; {near_matches(arm, self._lines)}')
        line = self._lines[arm]
        line.do(line.arm.hold if on else line.arm.release)
        self._forget_commands()


def _connect(arm: ServoArm) -> None:
    try:
        arm.bus.open()
        arm.check()
    except BusError as error:
        raise HardwareError(f'{arm.name}: {error}') from error


def _mend(arm: ServoArm) -> None:
    """Bring a bus back whose fault has gone; HardwareError says what is still to be done."""
    arm.bus.open()
    arm.find_all()
    tripped = arm.hardware_errors(arm.ids)
    arm.read_health()
    for cause in (arm.too_hot(), arm.wrong_voltage()):
        if cause:
            raise HardwareError(f'{arm.name}: {cause}')
    arm.reboot(tripped)
    arm.check()
