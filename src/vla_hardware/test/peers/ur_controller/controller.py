"""The controller: its state, its program, its servers, one cycle after another."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from math import sin

import numpy as np

from ur_controller.arm import Arm
from ur_controller.bench import BenchServer
from ur_controller.dashboard_server import UNLOCK_AFTER, DashboardServer
from ur_controller.modes import RobotMode, RuntimeState, SafetyMode, safety_status_bits
from ur_controller.program import load
from ur_controller.robotiq_server import GripperServer
from ur_controller.rtde_server import RtdeServer
from ur_controller.script_server import PORTS, ScriptServer
from ur_controller.variables import INPUTS, OUTPUTS

VERSIONS = {'e': (5, 15, 0, 126), 'cb3': (3, 15, 8, 106)}
RATES = {'e': 500, 'cb3': 125}
STOP_RATE = 10.0  # rad/s², when a program ends
PROTECTIVE_RATE = 25.0  # rad/s², when the safety system stops the arm
ALLOWED = (SafetyMode.NORMAL, SafetyMode.REDUCED)


class Controller:
    """One robot at one address."""

    def __init__(
        self, address: str, series: str = 'e', unlock_after: float = UNLOCK_AFTER,
        session: bool = False,
    ) -> None:
        self.version, self.rate = VERSIONS[series], RATES[series]
        self.unlock_after = unlock_after
        self.cycles = 0
        self.arm = Arm(1.0 / self.rate)
        self.robot_mode, self.safety_mode = RobotMode.RUNNING, SafetyMode.NORMAL
        self.remote = True
        self.program = None
        self.stopped_at = 0.0
        self.said: deque[str] = deque(maxlen=50)
        self.inputs = dict.fromkeys(INPUTS, 0)
        self.updated = dict.fromkeys(INPUTS, 0.0)
        self.outputs: dict[str, object] = {
            name: [0.0] * int(kind[6]) if 'VECTOR' in kind else 0 for name, kind in OUTPUTS.items()}
        self.outputs['joint_mode'] = [253] * 6  # running
        self.outputs.update(target_speed_fraction=1.0, speed_scaling=1.0)
        self.rtde = RtdeServer(address, self)
        self.servers = [
            self.rtde, DashboardServer(address, self), GripperServer(address, self.arm),
            *(ScriptServer(address, port, self) for port in PORTS)]
        self.bench = BenchServer(address, self, session)

    @property
    def time(self) -> float:
        """Seconds since the controller began."""
        return self.cycles / self.rate

    def run(self) -> None:
        """Keep the rate until the bench server is told to end."""
        period = 1.0 / self.rate
        deadline = time.monotonic()
        while not self.bench.ending:
            deadline += period
            late = time.monotonic() - deadline
            if late > 0.1:  # the machine stood still: go on from here
                deadline += late
            elif late < 0.0:
                time.sleep(-late)
            self.cycle()

    def cycle(self) -> None:
        """One period."""
        self.bench.poll()
        for index, server in enumerate(self.servers):
            server.poll(greets=self.cycles % len(self.servers) == index)
        self._run_program()
        powered = self.robot_mode is RobotMode.RUNNING
        if not self.arm.step(powered):
            self.say('Path deviation: the joints cannot follow', warning=True)
            self.protective_stop()
        self.cycles += 1
        self._fill_outputs()
        self.rtde.publish()

    # ---- program

    def start_program(self, script: str) -> None:
        """Carry out a script in place of the program that plays; an arm that may not ignores it."""
        if not self.remote or self.robot_mode is not RobotMode.RUNNING \
                or self.safety_mode not in ALLOWED:
            self.say('script refused', warning=True)
            return
        self.end_program()
        self.program = load(self, script)
        self._starts_at = self.time + 0.02

    def _run_program(self) -> None:
        if self.program is not None and self.time >= self._starts_at and not self.program.step():
            self.end_program()

    def end_program(self, rate: float = STOP_RATE) -> None:
        """End the program; the arm comes to rest."""
        if self.program is not None:
            self.say(f'program {self.program.name} ended', warning=False)
        self.program = None
        self.arm.force_mode = None
        self.arm.reference.stop(rate)

    # ---- safety

    def protective_stop(self) -> None:
        """As when the arm meets resistance."""
        if self.safety_mode in ALLOWED:
            self.safety_mode, self.stopped_at = SafetyMode.PROTECTIVE_STOP, self.time
            self.end_program(PROTECTIVE_RATE)

    def emergency_stop(self) -> None:
        """The button is pressed: the arm stops, then loses power."""
        self.safety_mode = SafetyMode.ROBOT_EMERGENCY_STOP
        self.end_program(PROTECTIVE_RATE)

    def release_emergency_stop(self) -> None:
        """The button is turned; the arm stays without power."""
        self.safety_mode = SafetyMode.NORMAL
        self.robot_mode = RobotMode.POWER_OFF

    def power_off(self) -> None:
        """The brakes close."""
        self.robot_mode = RobotMode.POWER_OFF
        self.end_program()

    def restore(self) -> None:
        """Make everything as it was in the beginning, but for where the arm is."""
        self.end_program()
        self.robot_mode, self.safety_mode = RobotMode.RUNNING, SafetyMode.NORMAL
        self.remote = True
        self.arm.reference.scaling = 1.0
        self.said.clear()

    # ---- exchange

    def take_inputs(self, values: Mapping[str, object]) -> None:
        """Input variables that a client has written."""
        for name, value in values.items():
            self.inputs[name] = value
            self.updated[name] = self.time
        if values.get('speed_slider_mask'):
            self.arm.reference.scaling = min(max(values['speed_slider_fraction'], 0.0), 1.0)

    def say(self, text: str, *, warning: bool) -> None:
        """Put a line into the log and to every client of the exchange."""
        self.said.append(text)
        self.rtde.say(text, warning)

    def _fill_outputs(self) -> None:
        arm, outputs = self.arm, self.outputs
        reference = arm.reference
        if self.safety_mode is SafetyMode.ROBOT_EMERGENCY_STOP and reference.still:
            self.robot_mode = RobotMode.POWER_OFF
        torque = arm.torque.tolist()
        playing = self.program is not None and self.time >= self._starts_at
        powered = self.robot_mode is RobotMode.RUNNING
        pose = arm.tcp_pose
        outputs.update(
            timestamp=self.time, target_q=reference.q.tolist(), target_qd=reference.qd.tolist(),
            target_qdd=reference.qdd.tolist(), target_moment=torque, actual_q=arm.q.tolist(),
            actual_qd=arm.qd.tolist(), actual_current_as_torque=torque, actual_TCP_pose=pose,
            target_TCP_pose=pose, actual_TCP_force=arm.wrench.tolist(),
            ft_raw_wrench=arm.wrench.tolist(),
            joint_temperatures=[27.0 + 2.0 * sin(0.01 * self.time)] * 6,
            target_speed_fraction=reference.scaling, speed_scaling=reference.scaling,
            actual_main_voltage=48.0, actual_robot_voltage=48.0 if powered else 0.0,
            robot_mode=int(self.robot_mode), safety_mode=int(self.safety_mode),
            safety_status=int(self.safety_mode),
            runtime_state=int(RuntimeState.PLAYING if playing else RuntimeState.STOPPED),
            robot_status_bits=int(powered) | int(playing) << 1,
            safety_status_bits=safety_status_bits(self.safety_mode))

    def push(self, wrench: Sequence[float], seconds: float) -> None:
        """Push the flange with a wrench [6] along the axes of `base_link`."""
        self.arm.push(np.asarray(wrench, dtype=float), seconds)
