"""The loop process: owns the hardware, ticks at its rate, and never waits for anybody.

Deadlines are absolute. A tick that begins more than a period late is missed and the deadlines go on
from there. When the node falls silent the arms hold, then the stop latches, then, when nobody comes
back, the hardware is deactivated and the process ends.

A simulated robot may live slower or faster than the clock: at a real-time factor f its periods last
1/f as long, and its time, in which targets age and trajectories run, is f times the steady clock's.
Stamps in shared memory are the steady clock's own.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import numpy as np

from vla_control.controllers import ControllerError
from vla_control.core import ControlCore
from vla_control.laws.joint_trajectory import Tolerances, TrajectoryError, TrajectoryPoints
from vla_control.loop.configuration import LoopConfiguration
from vla_control.loop.lateness import Histogram
from vla_control.loop.layout import KINDS, LAYOUT, MAGIC, VERSION
from vla_control.loop.publisher import StatePublisher
from vla_control.loop.ring import Ring, RingFull
from vla_control.loop.scheduling import prepare
from vla_control.safety.targets import TargetRefused
from vla_core.profile import RobotProfile
from vla_core.shared_memory import Seqlock, SharedBlock
from vla_hardware import HardwareError, create

__all__ = ['LoopProcess', 'run']

LENGTHY = ('hardware', 'recover', 'reset')  # requests during which no tick is not a death
LENGTHY_NS = 10_000_000_000


class LoopProcess:
    """The loop around one core."""

    def __init__(self, configuration: LoopConfiguration, core: ControlCore) -> None:
        self._configuration = configuration
        self._core = core
        self._block = SharedBlock.create(configuration.name, MAGIC, VERSION, LAYOUT)
        record = self._block.record
        self._beats = {name: memoryview(record[name].reshape(1)) for name in (
            'loop_beat_ns', 'node_beat_ns', 'stop_requests', 'shutdown')}
        record['loop_pid'] = os.getpid()
        self._requests, self._answers = Ring(record['requests']), Ring(record['answers'])
        self._targets = [
            (Seqlock(record['targets'][index, kind:kind + 1]), arm, name)
            for index, arm in enumerate(core.runners) for kind, name in enumerate(KINDS)]
        self._publisher = StatePublisher(core, Seqlock(record['state']))
        factor = configuration.real_time_factor
        self._period = round(core.dt / factor * 1e9)
        self._seconds = factor * 1e-9  # of the robot's time, in a nanosecond of the steady clock
        self._deadline = 0
        self._late, self._work = Histogram(), Histogram()
        self._missed = 0
        self._stops_seen = 0
        self._held = False
        # Sent after the tick: whoever has the answer reads a state that shows what was done.
        self._answered: dict[str, Any] | None = None
        self.ending = False
        self._handlers = {
            'switch': self._switch, 'load': self._load, 'unload': self._unload,
            'set_parameters': self._set_parameters, 'follow': self._follow,
            'cancel': self._cancel, 'release': self._release, 'recover': self._recover,
            'reset': self._reset, 'hardware': self._hardware, 'controllers': self._controllers,
            'diagnostics': self._diagnostics,
        }

    def run(self) -> None:
        """Tick until told to end."""
        core = self._core
        period, seconds = self._period, self._seconds
        clock = time.monotonic_ns
        self._deadline = clock() + period
        paced = core.hardware.paces_loop
        while not self.ending:
            if not paced:
                wait = self._deadline - clock()
                if wait > 0:
                    time.sleep(wait * 1e-9)
            begun = clock()
            late = begun - self._deadline
            core.sense(begun * seconds)
            if paced:
                begun = clock()
                late = begun - self._deadline
                self._deadline = begun
            self._late.add(late * 1e-3)
            if late > period:
                skipped = late // period
                self._missed += skipped
                self._deadline += skipped * period
            self._deadline += period
            self._listen(begun)
            core.act()
            self._publisher.publish(self._late, self._work, self._missed)
            if self._answered is not None:
                self._put(self._answered)
                self._answered = None
            self._beats['loop_beat_ns'][0] = clock()
            self._work.add((clock() - begun) * 1e-3)
            if core.events:
                self._report()

    def close(self) -> None:
        """Let go of the shared block."""
        self._block.close()

    # ---- what the node says

    def _listen(self, now: int) -> None:
        core = self._core
        stops = self._beats['stop_requests'][0]
        if stops != self._stops_seen:
            self._stops_seen = stops
            core.stop('stop requested')
        if self._beats['shutdown'][0]:
            self.ending = True
        self._watch_node(now)
        for lock, arm, kind in self._targets:
            if lock.changed() and lock.try_read():
                record = lock.local
                values = record['values'][:int(record['count'])].tolist()
                try:
                    core.take_target(arm, kind, values, int(record['stamp_ns']) * self._seconds)
                except TargetRefused as refusal:
                    core.note_refusal(refusal)
        if not self._requests.empty():
            self._answer()

    def _watch_node(self, now: int) -> None:
        beat = self._beats['node_beat_ns'][0]
        if not beat:
            return
        core, safety = self._core, self._core.safety
        silent = (now - beat) * 1e-9
        hold = silent > safety.node_timeout
        if hold != self._held:
            self._held = hold
            core.hold(hold)
            core.events.append(('warn', f'node silent for {silent:.1f} s: holding') if hold
                               else ('info', 'node is back'))
        if silent > safety.node_stop_timeout:
            core.stop(f'node silent for {safety.node_stop_timeout:g} s')
        if silent > self._configuration.orphan_timeout:
            self.ending = True

    def _answer(self) -> None:
        request = self._requests.get()
        number, verb = request.pop('id'), request.pop('verb')
        if verb in LENGTHY:
            self._beats['loop_beat_ns'][0] = time.monotonic_ns() + LENGTHY_NS
        try:
            result = self._handlers[verb](**request)
            self._answered = {'id': number, 'result': result}
        except (ControllerError, HardwareError, TrajectoryError, TargetRefused) as error:
            self._answered = {'id': number, 'error': str(error)}
        except (TypeError, ValueError, KeyError) as error:
            self._answered = {'id': number, 'error': f'request {verb!r}: {error}'}

    def _report(self) -> None:
        while self._core.events:
            level, text = self._core.events.popleft()
            self._put({'event': [level, text]})

    def _put(self, message: dict[str, Any]) -> None:
        try:
            self._answers.put(message)
        except RingFull:  # nobody reads; the loop goes on
            return

    # ---- requests

    def _switch(self, activate: list[str], deactivate: list[str], until_ns: int = 0) -> None:
        if until_ns and time.monotonic_ns() > until_ns:
            raise ControllerError('the time for this switch is over; nothing was changed')
        self._core.switch(activate, deactivate)

    def _load(self, name: str, spec: dict[str, Any]) -> None:
        self._core.load(name, spec)

    def _unload(self, name: str) -> None:
        self._core.unload(name)

    def _set_parameters(self, name: str, parameters: dict[str, Any]) -> None:
        self._core.set_parameters(name, parameters)

    def _follow(
        self, name: str, start_ns: int, times: np.ndarray, positions: np.ndarray,
        velocities: np.ndarray | None = None, accelerations: np.ndarray | None = None,
        path_tolerance: np.ndarray | None = None, goal_tolerance: np.ndarray | None = None,
        goal_time: float = 0.0,
    ) -> int:
        core = self._core
        controller = core.trajectory_controller(name)
        tolerances = None
        if path_tolerance is not None and goal_tolerance is not None:
            tolerances = Tolerances(path_tolerance, goal_tolerance, goal_time)
        start = core.time if not start_ns else start_ns * self._seconds
        points = TrajectoryPoints(times, positions, velocities, accelerations)
        return controller.follow(points, start, core.time, tolerances)

    def _cancel(self, name: str) -> None:
        self._core.trajectory_controller(name).cancel()

    def _release(self) -> None:
        self._core.release()

    def _recover(self) -> None:
        self._core.recover()
        self._deadline = time.monotonic_ns() + self._period  # it may have taken a while

    def _reset(self, arguments: dict[str, Any]) -> None:
        self._core.reset(**arguments)
        self._deadline = time.monotonic_ns() + self._period  # its time stood still meanwhile

    def _hardware(self, name: str, arguments: dict[str, Any]) -> None:
        self._core.hardware.request(name, **arguments)

    def _controllers(self) -> list[dict[str, Any]]:
        return [
            {'name': name, 'type': controller.type, 'arm': controller.arm.profile.name,
             'active': self._core.is_active(name), 'claims': controller.claims,
             'inputs': list(controller.inputs),
             'parameters': controller.parameters.model_dump(mode='json')}
            for name, controller in self._core.controllers.items()]

    def _diagnostics(self) -> dict[str, Any]:
        late50, late99 = self._late.percentiles(0.5, 0.99)
        work50, work99 = self._work.percentiles(0.5, 0.99)
        return {
            'ticks': self._core.ticks, 'missed': self._missed,
            'missed_ratio': self._missed / max(self._core.ticks, 1),
            'late_p50_ms': late50 * 1e-3, 'late_p99_ms': late99 * 1e-3,
            'late_max_ms': self._late.worst_us * 1e-3,
            'work_p50_us': work50, 'work_p99_us': work99, 'work_max_us': self._work.worst_us,
            **self._core.hardware.diagnostics(),
        }


def run(configuration: LoopConfiguration) -> int:
    """Run a loop process until it is told to end; the exit status."""
    try:
        profile = RobotProfile.load(configuration.robot)
        hardware = create(configuration.plugin, profile, **configuration.options)
        if configuration.real_time_factor != 1.0 and not hardware.simulated:
            raise HardwareError(f'real_time_factor: {configuration.plugin} is no simulation, its '
                                'time cannot be changed; leave it at 1')
        core = ControlCore(profile, hardware, configuration.controllers, configuration.safety)
        loop = LoopProcess(configuration, core)
    except (ValueError, HardwareError) as error:
        print(f'control loop: {error}', file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(loop, 'ending', True))
    # All that takes time comes first: an arm that is active waits for its commands.
    core.events.extend(('warn', line) for line in prepare(configuration.real_time))
    try:
        core.start()
    except (ValueError, HardwareError) as error:
        print(f'control loop: {error}', file=sys.stderr)
        loop.close()
        hardware.close()
        return 1
    try:
        loop.run()
    finally:
        loop.close()
        core.close()
    return 0
