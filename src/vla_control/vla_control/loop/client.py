"""The node's side of the loop: starts or finds the process, reads states, writes targets, asks.

    client = LoopClient.start(LoopConfiguration(name='robot', robot='franka', controllers={...}))
    client.switch(['cartesian_impedance_controller'], [])
    client.write_target('arm', 'pose', [x, y, z, qx, qy, qz, qw])
    state = client.read_state()

`beat` must be called a few times a second by whoever is responsible for the arm: when it stops, the
loop holds and then stops the arms. Reading and writing never wait; requests wait for their answer.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_control.arm_runner import ArmStatus
from vla_control.controllers.trajectory import TrajectoryStatus
from vla_control.core import ControllerSpec
from vla_control.laws.joint_trajectory import Tolerances, TrajectoryPoints
from vla_control.loop.configuration import LoopConfiguration
from vla_control.loop.layout import KINDS, LAYOUT, MAGIC, VERSION
from vla_control.loop.publisher import MODES
from vla_control.loop.ring import Ring, RingFull
from vla_control.safety.targets import TargetRefused, target_size
from vla_core.profile import RobotProfile
from vla_core.shared_memory import Seqlock, SharedBlock, SharedMemoryError
from vla_core.validation import near_matches
from vla_hardware import ControlMode

__all__ = ['ArmView', 'LoopClient', 'LoopDied', 'LoopError', 'LoopState']

SILENT = 1.0  # s without a tick after which the loop counts as dead
START_TIMEOUT = 30.0  # s
GRACE = 0.1  # s in which an answer of the last moment may still come


class LoopError(RuntimeError):
    """The loop refused a request; the message is its reason."""


class LoopDied(LoopError):  # noqa: N818 - it says what happened
    """The loop process is gone or hangs; the arm is held by its own controller or brakes."""


class LoopSilent(LoopDied):
    """The loop still ticks, or may; it has not answered in time."""


@dataclass(frozen=True)
class ArmView:
    """State of one arm: arrays [n] in rad, rad/s, N·m; poses [x, y, z, qx, qy, qz, qw] in its base
    frame; wrench and twist [6] along base axes; grippers normalised, 0 closed."""

    name: str
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    command: np.ndarray
    mode: ControlMode
    wrench: np.ndarray
    pose: np.ndarray
    twist: np.ndarray
    reference_position: np.ndarray
    reference_velocity: np.ndarray
    reference_pose: np.ndarray
    target_age: float
    status: ArmStatus
    limited: bool
    controller: str
    gripper_controller: str
    gripper_position: float
    gripper_velocity: float
    gripper_effort: float
    gripper_goal: float
    gripper_stalled: bool
    gripper_reached: bool
    trajectory_number: int
    trajectory_status: TrajectoryStatus


@dataclass(frozen=True)
class LoopState:
    """State of the robot at `stamp_ns` of the steady clock."""

    stamp_ns: int
    ticks: int
    missed: int
    late_us: tuple[float, float, float]  # p50, p99, max
    work_us: tuple[float, float, float]
    stopped: bool
    stop_reason: str
    fault: str
    arms: dict[str, ArmView]


class LoopClient:
    """One connection; make it by `start` or `attach`. Safe to use from several threads."""

    def __init__(
        self, name: str, profile: RobotProfile, process: subprocess.Popen | None = None
    ) -> None:
        self.profile = profile
        self._process = process
        self._arms = [*profile.arms, *profile.leaders]
        self._index = {arm.name: index for index, arm in enumerate(self._arms)}
        self._block = SharedBlock.attach(name, MAGIC, VERSION, LAYOUT)
        record = self._block.record
        self._record = record
        self._state = Seqlock(record['state'])
        self._targets = {
            (arm.name, kind): Seqlock(record['targets'][index, number:number + 1])
            for index, arm in enumerate(self._arms) for number, kind in enumerate(KINDS)}
        self._requests, self._answers = Ring(record['requests']), Ring(record['answers'])
        self._lock = threading.RLock()
        self._number = int(time.monotonic_ns())
        self._received: dict[int, dict[str, Any]] = {}
        self._abandoned: set[int] = set()
        self._events: deque[tuple[str, str]] = deque(maxlen=1000)
        self.pid = int(record['loop_pid'])

    @classmethod
    def start(cls, configuration: LoopConfiguration) -> LoopClient:
        """Start a loop process and wait until it ticks; LoopError says why it did not."""
        profile = RobotProfile.load(configuration.robot)
        SharedBlock.path(configuration.name).unlink(missing_ok=True)
        environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(
            [sys.executable, '-m', 'vla_control.loop'], stdin=subprocess.PIPE, text=True,
            env=environment, stderr=subprocess.PIPE, start_new_session=True)
        process.stdin.write(configuration.model_dump_json())
        process.stdin.close()
        said: deque[str] = deque(maxlen=50)
        threading.Thread(target=_relay, args=(process, said), daemon=True).start()
        try:
            return cls._await(configuration, profile, process, said)
        except BaseException:
            process.kill()  # nobody would ever tell it to end
            raise

    @classmethod
    def _await(
        cls, configuration: LoopConfiguration, profile: RobotProfile, process: subprocess.Popen,
        said: deque[str],
    ) -> LoopClient:
        deadline = time.monotonic() + START_TIMEOUT
        missing = ''
        while time.monotonic() < deadline:
            if process.poll() is not None:
                time.sleep(0.05)
                raise LoopError(''.join(said).strip() or
                                f'control loop ended with status {process.returncode}')
            try:
                client = cls(configuration.name, profile, process)
                if client._state.try_read() and client.pid == process.pid:
                    client.beat()
                    return client
            except SharedMemoryError as error:
                missing = f': {error}'
            time.sleep(0.01)
        raise LoopError(f'control loop did not tick within {START_TIMEOUT:g} s{missing}')

    @classmethod
    def attach(cls, name: str, robot: str) -> LoopClient:
        """Find a running loop by its block's name; LoopDied when there is none."""
        try:
            client = cls(name, RobotProfile.load(robot))
        except SharedMemoryError as error:
            raise LoopDied(str(error)) from error
        client.check()
        client.beat()
        return client

    # ---- heartbeat

    def beat(self) -> None:
        """Say that the node lives."""
        self._record['node_beat_ns'] = time.monotonic_ns()

    @property
    def alive(self) -> bool:
        """Whether the loop ticks."""
        if self._process is not None and self._process.poll() is not None:
            return False
        return time.monotonic_ns() - int(self._record['loop_beat_ns']) < SILENT * 1e9

    def check(self) -> None:
        """Raise LoopDied when the loop does not tick."""
        if not self.alive:
            raise LoopDied(f'the control loop (process {self.pid}) is dead; restart the controller '
                           'manager after looking at the arm')

    # ---- states and targets

    def read_state(self) -> LoopState:
        """The newest state; LoopDied when the loop is gone."""
        self.check()
        with self._lock:
            try:
                record = self._state.read()
            except SharedMemoryError as error:
                raise LoopDied(f'the control loop died while it wrote: {error}') from error
            return LoopState(
                stamp_ns=int(record['stamp_ns']),
                ticks=int(record['ticks']),
                missed=int(record['missed']),
                late_us=tuple(record['late_us'].tolist()),
                work_us=tuple(record['work_us'].tolist()),
                stopped=bool(record['stopped']),
                stop_reason=record['stop_reason'].item().decode(errors='replace'),
                fault=record['fault'].item().decode(errors='replace'),
                arms={arm.name: _view(arm.name, len(arm.joints), record['arms'][index])
                      for index, arm in enumerate(self._arms)},
            )

    def write_target(
        self, arm: str, kind: str, values: Sequence[float], stamp_ns: int | None = None
    ) -> None:
        """Give an arm a target of a kind (see `layout.KINDS`); the newest one counts.

        `stamp_ns` is the steady-clock time that the target is meant for, now by default. Lengths
        and numbers are checked here, the rest by the loop, which reports refusals as events.
        """
        if arm not in self._index:
            raise TargetRefused(
                'arm', f'the robot has no arm {arm!r}; {near_matches(arm, self._index)}')
        size = target_size(kind, len(self._arms[self._index[arm]].joints))
        array = np.asarray(values, dtype=float)
        if array.shape != (size,):
            raise TargetRefused(
                'length', f'{kind} target of {arm} has {array.size} numbers, needs {size}')
        if not np.isfinite(array).all():
            raise TargetRefused('not_finite', f'{kind} target of {arm} is not finite')
        with self._lock:
            lock = self._targets[arm, kind]
            lock.local['stamp_ns'] = time.monotonic_ns() if stamp_ns is None else stamp_ns
            lock.local['count'] = size
            lock.local['values'][:size] = array
            lock.write()

    # ---- stop

    def stop(self) -> None:
        """Latch the stop, at the loop's next tick, whatever else goes on."""
        with self._lock:
            self._record['stop_requests'] += 1

    def release(self) -> None:
        """Release the stop, on purpose."""
        self.request('release')

    def recover(self) -> None:
        """Clear a hardware fault; the stop stays until it is released."""
        self.request('recover', timeout=10.0)

    # ---- controllers

    def load(self, name: str, spec: ControllerSpec) -> None:
        """Make a controller instance in the loop."""
        self.request('load', name=name, spec=spec.model_dump())

    def unload(self, name: str) -> None:
        """Remove an inactive controller."""
        self.request('unload', name=name)

    def switch(
        self, activate: Sequence[str], deactivate: Sequence[str], timeout: float = 0.0
    ) -> None:
        """Activate and deactivate in one tick, all or nothing.

        A loop that does not come to it within `timeout` seconds does not do it later either, and
        LoopError says so; with 0 it may take as long as it lives.
        """
        fields = {'activate': list(activate), 'deactivate': list(deactivate)}
        if timeout <= 0.0:
            self.request('switch', timeout=math.inf, **fields)
            return
        until = time.monotonic_ns() + round(timeout * 1e9)
        try:
            self.request('switch', timeout=timeout + GRACE, until_ns=until, **fields)
        except LoopSilent as error:
            raise LoopError(f'not switched within {timeout:g} s; nothing was changed') from error

    def set_parameters(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Change parameters by dotted names, all or none."""
        self.request('set_parameters', name=name, parameters=dict(parameters))

    def controllers(self) -> list[dict[str, Any]]:
        """Name, type, arm, active, claims, inputs and parameters of every instance."""
        return self.request('controllers')

    def follow_trajectory(
        self, name: str, points: TrajectoryPoints, start_ns: int = 0,
        tolerances: Tolerances | None = None,
    ) -> int:
        """Follow a trajectory from `start_ns` of the steady clock (0: now); its number."""
        arrays = {'times': points.times, 'positions': points.positions,
                  'velocities': points.velocities, 'accelerations': points.accelerations}
        fields: dict[str, Any] = {'name': name, 'start_ns': start_ns}
        if tolerances is not None:
            arrays['path_tolerance'] = tolerances.path
            arrays['goal_tolerance'] = tolerances.goal
            fields['goal_time'] = tolerances.goal_time
        given = {key: np.asarray(a, dtype=float) for key, a in arrays.items() if a is not None}
        return self.request('follow', given, **fields)

    def cancel_trajectory(self, name: str) -> None:
        """Come to rest and hold."""
        self.request('cancel', name=name)

    # ---- hardware

    def reset(self, **arguments: Any) -> None:
        """Put a simulated robot and its world back, into the scene of `task`, `seed`, `axes`."""
        self.request('reset', arguments=arguments, timeout=10.0)

    def hardware_request(self, name: str, **arguments: Any) -> None:
        """An extra of the hardware plug-in, such as the simulation's push."""
        self.request('hardware', name=name, arguments=arguments)

    def diagnostics(self) -> dict[str, Any]:
        """Lateness, work and missed ticks, and the hardware's own figures."""
        return self.request('diagnostics')

    def events(self) -> list[tuple[str, str]]:
        """Take the (level, text) lines that the loop has said since the last call."""
        with self._lock:
            self._collect()
            taken = list(self._events)
            self._events.clear()
            return taken

    # ---- requests

    def request(
        self, verb: str, arrays: Mapping[str, np.ndarray] | None = None, timeout: float = 3.0,
        **fields: Any,
    ) -> Any:
        """Ask the loop and wait for its answer; LoopError is its refusal, LoopDied its death."""
        self.check()
        with self._lock:
            self._number += 1
            number = self._number
            try:
                self._requests.put({'id': number, 'verb': verb, **fields}, arrays)
            except RingFull as error:
                raise LoopDied(f'the control loop takes no requests: {error}') from error
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self._lock:
                self._collect()
                answer = self._received.pop(number, None)
            if answer is not None:
                if 'error' in answer:
                    raise LoopError(answer['error'])
                return answer['result']
            self.check()
            time.sleep(0.0005)
        with self._lock:
            self._abandoned.add(number)
        raise LoopSilent(f'the control loop did not answer {verb!r} within {timeout:g} s')

    def _collect(self) -> None:
        while (message := self._answers.get()) is not None:
            if 'event' in message:
                self._events.append(tuple(message['event']))
            elif message['id'] in self._abandoned:
                self._abandoned.discard(message['id'])
            else:
                self._received[message['id']] = message

    def end(self) -> None:
        """End a loop that another client started, and wait until it is gone."""
        self._record['shutdown'] = 1
        deadline = time.monotonic() + 5.0
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        """End the loop if this client started it; its hardware is deactivated first."""
        if self._process is not None and self._process.poll() is None:
            self._record['shutdown'] = 1
            try:
                self._process.wait(5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> LoopClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _relay(process: subprocess.Popen, said: deque[str]) -> None:
    for line in process.stderr:
        said.append(line)
        print(line, end='', file=sys.stderr)


def _view(name: str, joints: int, record: np.ndarray) -> ArmView:
    def array(field: str) -> np.ndarray:
        return record[field][:joints].copy()

    opening, speed, effort, goal = record['gripper'].tolist()
    return ArmView(
        name=name,
        position=array('position'), velocity=array('velocity'), effort=array('effort'),
        command=array('command'), mode=MODES[int(record['mode'])],
        wrench=record['wrench'].copy(), pose=record['pose'].copy(), twist=record['twist'].copy(),
        reference_position=array('reference_position'),
        reference_velocity=array('reference_velocity'),
        reference_pose=record['reference_pose'].copy(),
        target_age=float(record['target_age']),
        status=ArmStatus(int(record['status'])),
        limited=bool(record['limited']),
        controller=bytes(record['controller']).decode(),
        gripper_controller=bytes(record['gripper_controller']).decode(),
        gripper_position=opening, gripper_velocity=speed, gripper_effort=effort,
        gripper_goal=goal,
        gripper_stalled=bool(record['gripper_stalled']),
        gripper_reached=bool(record['gripper_reached']),
        trajectory_number=int(record['trajectory_number']),
        trajectory_status=TrajectoryStatus(int(record['trajectory_status'])),
    )
