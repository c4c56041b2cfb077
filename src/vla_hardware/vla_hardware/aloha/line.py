"""The thread of one bus: sends the newest command, reads the newest state, watches the servos.

Each bus has its own, so that a slow or silent one delays no other. A failed exchange is repeated at
once; what goes on failing becomes a named fault. Times are of the steady clock.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from vla_core.profile import ArmProfile
from vla_hardware.aloha.arm import ServoArm
from vla_hardware.aloha.bus import BusError, CorruptAnswer, PortLost
from vla_hardware.aloha.control_table import HardwareErrorBit
from vla_hardware.aloha.wiring import Wiring
from vla_hardware.interface import (
    ArmCommand,
    ArmState,
    ControlMode,
    Fault,
    FaultCode,
    HardwareError,
)

__all__ = ['Line']

PRIORITY = 70  # SCHED_FIFO, just below the control loop's
HEALTH_PERIOD = 1.0  # s between two looks at temperature and voltage
WINDOW = 1.0  # s over which bad answers are counted
IDLE_PERIODS = 3  # without a command, after which the state is read all the same
JOB_TIMEOUT = 10.0  # s
MEANINGS = (
    (HardwareErrorBit.OVERLOAD, FaultCode.SERVO_OVERLOAD, 'was overloaded'),
    (HardwareErrorBit.OVERHEATING, FaultCode.SERVO_OVERHEATED, 'overheated'),
    (HardwareErrorBit.INPUT_VOLTAGE, FaultCode.SERVO_VOLTAGE, 'had a wrong voltage'),
    (HardwareErrorBit.ELECTRICAL_SHOCK, FaultCode.SERVO_FAILURE, 'had too little power'),
    (HardwareErrorBit.ENCODER, FaultCode.SERVO_FAILURE, 'lost its encoder'),
)


class Line:
    """One arm's bus at work. `arm` is used by this line's thread alone once it runs."""

    def __init__(self, arm: ServoArm, wiring: Wiring, period: float, real_time: bool) -> None:
        self.arm = arm
        self.fault: Fault | None = None
        self.errors = self.recovered = self.samples = 0
        self.cycle_s = 0.0  # slowest exchange of the last window
        self._wiring = wiring
        self._period = period
        self._real_time = real_time
        profile: ArmProfile = arm.profile
        self._sample = ArmState(profile.name, len(profile.joints))
        self._working = ArmState(profile.name, len(profile.joints))
        mode = ControlMode.EFFORT if arm.leads else ControlMode.POSITION
        self._command = ArmCommand(profile.name, len(profile.joints), mode)
        self._sending = ArmCommand(profile.name, len(profile.joints), mode)
        self._stamp = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._fresh = False
        self._silent = 0
        self._jobs: deque[_Job] = deque()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._failing_since = 0.0
        self._streak = 0
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._health_due = 0.0

    # ---- the control loop's side

    def start(self) -> None:
        """Begin to exchange."""
        self._ending = False
        self._thread = threading.Thread(
            target=self._run, name=f'dynamixel {self.arm.name}', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; the servos keep their last goals."""
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None

    @property
    def running(self) -> bool:
        """Whether the thread works."""
        return self._thread is not None

    def copy_state(self, state: ArmState) -> int:
        """Fill the newest state and return its time in ns; 0 when there is none yet."""
        with self._lock:
            sample = self._sample
            state.position[:] = sample.position
            state.velocity[:] = sample.velocity
            state.effort[:] = sample.effort
            state.gripper_position = sample.gripper_position
            state.gripper_velocity = sample.gripper_velocity
            state.gripper_effort = sample.gripper_effort
            return self._stamp

    def send(self, command: ArmCommand) -> None:
        """Hand over a command; the newest one counts."""
        with self._lock:
            own = self._command
            own.values[:] = command.values
            own.gripper, own.gripper_max_effort = command.gripper, command.gripper_max_effort
            self._fresh = True
        self._wake.set()

    def do(self, work: Callable[[], Any]) -> Any:
        """Let the thread do `work` between two exchanges; what it raises is raised here."""
        return self.wait(self.ask(work))

    def ask(self, work: Callable[[], Any]) -> _Job:
        """Have `work` done without waiting for it."""
        job = _Job(work)
        self._jobs.append(job)
        self._wake.set()
        return job

    def wait(self, job: _Job) -> Any:
        """The result of a job; HardwareError when the bus failed."""
        if not job.done.wait(JOB_TIMEOUT):
            raise HardwareError(f'{self.arm.name}: the bus did not finish in {JOB_TIMEOUT:g} s')
        if isinstance(job.error, BusError):
            raise HardwareError(f'{self.arm.name}: {job.error}') from job.error
        if job.error is not None:
            raise job.error
        return job.result

    # ---- the thread

    def _run(self) -> None:
        if self._real_time:
            with suppress(PermissionError):
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        while not self._ending:
            self._wake.wait(IDLE_PERIODS * self._period)
            self._wake.clear()
            while self._jobs:
                self._jobs.popleft().run()
            if not self._ending:
                self._exchange()

    def _take_command(self) -> bool:
        with self._lock:
            fresh, self._fresh = self._fresh, False
            if fresh:
                sending, own = self._sending, self._command
                sending.values[:] = own.values
                sending.gripper, sending.gripper_max_effort = own.gripper, own.gripper_max_effort
        self._silent = 0 if fresh else self._silent + 1
        if self.arm.leads and self._silent == 1:
            self._sending.values[:] = 0.0  # nobody says what a leader shall feel
            return True
        return fresh

    def _exchange(self) -> None:
        begun = time.monotonic()
        commanded = self._take_command()
        try:
            self._attempt(commanded)
        except BusError as error:
            self._failed(error, begun)
            try:
                self._attempt(commanded)
            except BusError as again:
                self._failed(again, begun)
                self._judge(again, begun)
                return
        now = time.monotonic()
        self._succeeded(begun, now)
        try:
            self._look_after(now)
        except BusError as error:
            self._failed(error, now)

    def _attempt(self, commanded: bool) -> None:
        if commanded:
            self.arm.write_command(self._sending)
        self.arm.read_motion(self._working)

    def _succeeded(self, begun: float, now: float) -> None:
        with self._lock:
            self._sample, self._working = self._working, self._sample
            self._stamp = time.monotonic_ns()
        self.samples += 1
        self.recovered += self._streak
        self._streak = 0
        self._failing_since = 0.0
        self._count(now, False)
        self.cycle_s = max(0.99 * self.cycle_s, now - begun)
        self._judge_share(now)

    def _failed(self, error: BusError, now: float) -> None:
        self.errors += 1
        self._streak += 1
        self._failing_since = self._failing_since or now
        self._count(now, isinstance(error, CorruptAnswer))

    def _count(self, now: float, corrupt: bool) -> None:
        self._outcomes.append((now, corrupt))
        while self._outcomes[0][0] < now - WINDOW:
            self._outcomes.popleft()

    def _judge_share(self, now: float) -> None:
        bad = sum(corrupt for _, corrupt in self._outcomes)
        if bad > max(5, self._wiring.corrupt_share * len(self._outcomes)):
            self._fail(FaultCode.LINK_QUALITY,
                       f'{bad} of {len(self._outcomes)} answers within a second on '
                       f'{self.arm.bus.name} were corrupt; look at the cables and their shields')

    def _judge(self, error: BusError, now: float) -> None:
        """Say what a bus that goes on failing suffers from."""
        if self.fault is not None:
            return
        if isinstance(error, PortLost):
            self._fail(FaultCode.LINK_LOST, str(error))
        elif time.monotonic() - self._failing_since > self._wiring.link_timeout:
            try:
                missing = self.arm.missing()
            except BusError as other:
                error, missing = other, []
            if len(missing) == len(self.arm.ids):
                self._fail(FaultCode.LINK_LOST, f'no servo answers on {self.arm.bus.name}; see '
                           "that the arm's power is on and its cable is in")
            elif missing:
                self._fail(FaultCode.SERVO_MISSING, f'{self.arm.called(missing[0])} does not '
                           'answer; look at its cable, support the arm')
            elif isinstance(error, CorruptAnswer):
                self._fail(FaultCode.LINK_QUALITY, f'{error}; look at the cables')
            else:
                self._fail(FaultCode.LINK_LOST, str(error))

    def _look_after(self, now: float) -> None:
        alerts = self.arm.alerts()
        if alerts and self.fault is None:
            for id_, error in self.arm.hardware_errors(alerts).items():
                code, text = next(((code, text) for bit, code, text in MEANINGS if bit & error),
                                  (FaultCode.SERVO_FAILURE, f'has the error {int(error)}'))
                self._fail(code, f'{self.arm.called(id_)} {text} and let go; support the arm')
        if now >= self._health_due:
            self._health_due = now + HEALTH_PERIOD
            self.arm.read_health()
            if hot := self.arm.too_hot():
                self._fail(FaultCode.SERVO_OVERHEATED, hot)
            if wrong := self.arm.wrong_voltage():
                self._fail(FaultCode.SERVO_VOLTAGE, wrong)

    def _fail(self, code: FaultCode, text: str) -> None:
        if self.fault is None:
            self.fault = Fault(code, text, self.arm.name)

    def forgive(self) -> None:
        """Forget the fault and begin to count anew; by a job, after the cause is gone."""
        self.fault = None
        self._streak = 0
        self._failing_since = 0.0
        self._outcomes.clear()


class _Job:
    """Work for the thread, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Do it."""
        try:
            self.result = self._work()
        except Exception as error:
            self.error = error
        self.done.set()
