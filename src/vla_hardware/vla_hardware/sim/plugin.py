"""The `sim` plug-in: steps MuJoCo one hardware period for each write.

Like the real arms: efforts exclude gravity where the profile says that the firmware carries the
arm; position commands go to servos that trail by `servo_delay`; a faulted arm brakes and holds;
the external wrench is what touches or pushes the tool, as a wrist sensor feels it.

Options: `world` (a suite of vla_simulation by name, a callable, or 'module:name' of one),
`snapshot` (name of the shared block that cameras render from), `home` (start at the profile's home,
else at zero). In the world of a suite it starts in the scene of its first task.

Requests: `reset(task, seed, axes)` puts robot and world back, `push(arm, wrench, duration)` pushes
the tip with a wrench [fx, fy, fz, tx, ty, tz] along base axes, `inject_fault(code, text, arm)`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import mujoco
import numpy as np

from vla_core.profile import RobotProfile
from vla_hardware.interface import (
    ArmCapabilities,
    ControlMode,
    Fault,
    FaultCode,
    HardwareError,
    HardwareInterface,
    RobotCommand,
    RobotState,
)
from vla_hardware.sim.servo import ArmServos, mode_parameters
from vla_simulation import suites
from vla_simulation.model import World, build_model, set_home
from vla_simulation.scene import Scene, SceneError
from vla_simulation.snapshot import SnapshotWriter
from vla_simulation.world import WorldState, arrange

__all__ = ['SimulatedHardware']

BRAKE_STIFFNESS, BRAKE_DAMPING = 400.0, 40.0  # 1/s², 1/s, times each joint's inertia


def _resolve_world(world: World | str | None, profile: RobotProfile) -> World | None:
    try:
        return suites.load_world(world, profile) if isinstance(world, str) else world
    except SceneError as error:
        raise HardwareError(f'sim: {error}') from error


class _SimulatedArm:
    """What the plug-in remembers of one arm."""

    def __init__(self, servos: ArmServos, mode: ControlMode) -> None:
        self.servos = servos
        self.mode = mode
        self.hold = np.zeros(len(servos.dof))
        self.gripper_target = 1.0
        self.gripper_setpoint = 1.0
        self.push = np.zeros(6)
        self.push_until = 0.0


class SimulatedHardware(HardwareInterface):
    """MuJoCo as a robot; `model` and `data` are open to lockstep tests and evaluation."""

    simulated = True

    def __init__(
        self,
        profile: RobotProfile,
        world: World | str | None = None,
        snapshot: str | None = None,
        home: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        super().__init__(profile)
        self._world = _resolve_world(world, profile)
        self._snapshot_name = snapshot
        self._home = home
        self._clock = clock
        self._snapshot: SnapshotWriter | None = None
        self._active = False
        self.resets = 0
        self.scene: Scene | None = None
        self._earlier_s = 0.0  # simulated before the newest reset
        self.model = build_model(profile, self._world)
        self.data = mujoco.MjData(self.model)
        self._substeps = max(1, round(self.period / self.model.opt.timestep))
        self.model.opt.timestep = self.period / self._substeps
        self._sources = mode_parameters(profile)
        leaders = {arm.name for arm in profile.leaders}
        self._arms: dict[str, _SimulatedArm] = {}
        self._capabilities: dict[str, ArmCapabilities] = {}
        for arm in self.arm_profiles:
            servos = ArmServos(self.model, arm)
            leads = arm.name in leaders
            modes = (ControlMode.EFFORT,) if leads else tuple(
                ControlMode(mode) for mode in profile.control_modes)
            self._arms[arm.name] = _SimulatedArm(servos, modes[0])
            delay = stiffness = ()
            if ControlMode.POSITION in modes:
                delay = servos.servo_delay(self._sources['position'])
                stiffness = servos.servo_stiffness(self._sources['position'])
            self._capabilities[arm.name] = ArmCapabilities(
                modes=modes,
                gravity_compensated=profile.gravity_compensated or leads,
                wrench=True,
                gripper=arm.gripper is not None,
                servo_delay=delay,
                servo_stiffness=stiffness,
            )
        self._start(self._draw('', 0, ()))

    def _draw(self, task: str, seed: int, axes: Sequence[str]) -> Scene | None:
        if isinstance(self._world, suites.Suite):
            return suites.draw_task(self._world, task, seed, axes, self.profile)
        if task or axes:
            raise SceneError(f'no task {task!r}: the world has none; start it with a suite '
                             f'({", ".join(suites.available())})')
        return None

    def _start(self, scene: Scene | None) -> None:
        """Begin anew in a scene, or with the bare robot; SceneError leaves all as it was."""
        if scene is None:
            mujoco.mj_resetData(self.model, self.data)
            if self._home:
                set_home(self.profile, self.model, self.data)
            mujoco.mj_forward(self.model, self.data)
        else:
            before = WorldState(self.model, self.data)
            try:
                arrange(self._world, self.profile, self.model, self.data, scene)
            except SceneError:
                before.put_back(self.model, self.data)
                raise
        self.scene = scene
        for arm in self._arms.values():
            arm.hold[:] = self.data.qpos[arm.servos.qpos]
            arm.push_until = 0.0
            gripper = arm.servos.profile.gripper
            if gripper is not None:
                opening = float(gripper.from_joint(self.data.qpos[arm.servos.gripper_qpos]))
                arm.gripper_target = arm.gripper_setpoint = opening

    def capabilities(self, arm: str) -> ArmCapabilities:
        return self._capabilities[arm]

    def configure(self) -> None:
        if self._snapshot_name and self._snapshot is None:
            self._snapshot = SnapshotWriter(self._snapshot_name, self.model)
        self._publish()

    def activate(self) -> None:
        if self.fault is not None:
            raise HardwareError(f'sim: cannot activate with a fault ({self.fault}); recover first')
        self._take_hold()
        self._active = True

    def deactivate(self) -> None:
        self._take_hold()
        self._active = False

    def close(self) -> None:
        self._active = False
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None

    def set_mode(self, arm: str, mode: ControlMode) -> None:
        offered = self._capabilities[arm].modes
        if mode not in offered:
            raise HardwareError(f'arm {arm!r} has no {mode.value} mode; it has '
                                f'{", ".join(m.value for m in offered)}')
        simulated = self._arms[arm]
        if mode is not simulated.mode:
            simulated.mode = mode
            simulated.servos.set_mode(self.model, self._sources[mode.value])
            simulated.hold[:] = self.data.qpos[simulated.servos.qpos]

    def _take_hold(self) -> None:
        for arm in self._arms.values():
            arm.hold[:] = self.data.qpos[arm.servos.qpos]

    def read(self, state: RobotState) -> None:
        data = self.data
        state.stamp_ns = self._clock()
        for arm_state, arm in zip(state.arms, self._arms.values()):
            servos = arm.servos
            data.qpos.take(servos.qpos, out=arm_state.position, mode='clip')
            data.qvel.take(servos.dof, out=arm_state.velocity, mode='clip')
            data.qfrc_actuator.take(servos.dof, out=arm_state.effort, mode='clip')
            self._read_wrench(servos, arm_state.wrench)
            gripper = servos.profile.gripper
            if gripper is not None:
                span = gripper.open - gripper.closed
                arm_state.gripper_position = (
                    float(data.qpos[servos.gripper_qpos]) - gripper.closed) / span
                arm_state.gripper_velocity = float(data.qvel[servos.gripper_dof]) / span
                arm_state.gripper_effort = float(data.actuator_force[servos.gripper_actuator])

    def _read_wrench(self, servos: ArmServos, wrench: np.ndarray) -> None:
        data = self.data
        total = data.cfrc_ext[servos.tool].sum(axis=0)  # torque, force about the root's centre
        arm = data.subtree_com[servos.tool_root] - data.site_xpos[servos.site]
        force = total[3:]
        axes = data.xmat[servos.base].reshape(3, 3)  # base → world
        wrench[:3] = force @ axes
        wrench[3] = total[0] + arm[1] * force[2] - arm[2] * force[1]
        wrench[4] = total[1] + arm[2] * force[0] - arm[0] * force[2]
        wrench[5] = total[2] + arm[0] * force[1] - arm[1] * force[0]
        wrench[3:] = wrench[3:] @ axes

    def write(self, command: RobotCommand) -> None:
        if self._active and self.fault is None:
            self._take(command)
        for _ in range(self._substeps):
            self._step(command)
        mujoco.mj_rnePostConstraint(self.model, self.data)
        self._publish()

    def _take(self, command: RobotCommand) -> None:
        for given, arm in zip(command.arms, self._arms.values()):
            if given.mode is not arm.mode:
                self._fail(FaultCode.WRONG_MODE, f'got a {given.mode.value} command in '
                           f'{arm.mode.value} mode', given.name)
                return
            if not np.isfinite(given.values).all():
                self._fail(
                    FaultCode.INVALID_COMMAND, 'got a command that is not finite', given.name)
                return
            if given.gripper == given.gripper:
                arm.gripper_target = min(max(given.gripper, 0.0), 1.0)
            gripper = arm.servos.profile.gripper
            if gripper is not None and given.gripper_max_effort == given.gripper_max_effort:
                effort = min(max(given.gripper_max_effort, 0.0), gripper.max_effort)
                self.model.actuator_forcerange[arm.servos.gripper_actuator] = (-effort, effort)

    def _fail(self, code: FaultCode, text: str, arm: str) -> None:
        self.fault = Fault(code, text, arm)
        self._take_hold()

    def _step(self, command: RobotCommand) -> None:
        data, driven = self.data, self._active and self.fault is None
        for given, arm in zip(command.arms, self._arms.values()):
            servos = arm.servos
            if driven:
                data.ctrl[servos.actuators] = given.values
            else:
                data.ctrl[servos.actuators] = self._braking(arm)
            if servos.gripper_actuator >= 0:
                self._move_gripper(arm)
            if data.time < arm.push_until:
                axes = data.xmat[servos.base].reshape(3, 3)
                force, torque = axes @ arm.push[:3], axes @ arm.push[3:]
                lever = data.site_xpos[servos.site] - data.xipos[servos.tip_body]
                data.xfrc_applied[servos.tip_body, :3] = force
                data.xfrc_applied[servos.tip_body, 3:] = torque + np.cross(lever, force)
            else:
                data.xfrc_applied[servos.tip_body] = 0.0
        mujoco.mj_step(self.model, data)

    def _braking(self, arm: _SimulatedArm) -> np.ndarray:
        """What brakes do, in the unit of the arm's mode."""
        if arm.mode is ControlMode.POSITION:
            return arm.hold
        error = arm.hold - self.data.qpos[arm.servos.qpos]
        if arm.mode is ControlMode.VELOCITY:
            return 10.0 * error
        rate = self.data.qvel[arm.servos.dof]
        inertia = 1.0 / self.model.dof_invweight0[arm.servos.dof]
        carried = 0.0
        if not self._capabilities[arm.servos.profile.name].gravity_compensated:
            carried = self.data.qfrc_bias[arm.servos.dof]
        return inertia * (BRAKE_STIFFNESS * error - BRAKE_DAMPING * rate) + carried

    def _move_gripper(self, arm: _SimulatedArm) -> None:
        gripper = arm.servos.profile.gripper
        reach = gripper.max_velocity * self.model.opt.timestep / abs(gripper.open - gripper.closed)
        gap = arm.gripper_target - arm.gripper_setpoint
        arm.gripper_setpoint += min(max(gap, -reach), reach)
        self.data.ctrl[arm.servos.gripper_actuator] = (
            gripper.closed + arm.gripper_setpoint * (gripper.open - gripper.closed))

    def _publish(self) -> None:
        if self._snapshot is not None:
            self._snapshot.write(self.data, self._clock(), self.resets, self.scene)

    def recover(self) -> None:
        self.fault = None
        self._take_hold()

    def diagnostics(self) -> dict[str, str | float]:
        return {'simulated_time_s': self._earlier_s + float(self.data.time),
                'resets': float(self.resets)}

    def request(self, name: str, **arguments: object) -> None:
        handlers = {
            'reset': self.reset, 'push': self.push, 'inject_fault': self.inject_fault,
        }
        if name not in handlers:
            super().request(name, **arguments)
        try:
            handlers[name](**arguments)
        except (TypeError, ValueError, KeyError) as error:
            raise HardwareError(f'sim: request {name!r}: {error}') from error

    def reset(self, task: str = '', seed: int = 0, axes: Sequence[str] = ()) -> None:
        """Put robot and world into the scene that `vla_simulation.suites.draw_task` draws.

        The arms stand at home, off by what the scene says. Without a suite the robot goes home.
        """
        elapsed = float(self.data.time)
        self._start(self._draw(task, seed, axes))
        self._earlier_s += elapsed
        self.resets += 1
        self._publish()

    def push(self, arm: str, wrench: Sequence[float], duration: float) -> None:
        """Push the arm's tip with a wrench [6] along base axes for `duration` simulated seconds."""
        values = np.asarray(wrench, dtype=float)
        if values.shape != (6,) or not np.isfinite(values).all():
            raise ValueError('a wrench has 6 finite numbers')
        pushed = self._arms[arm]
        pushed.push[:] = values
        pushed.push_until = self.data.time + duration

    def inject_fault(self, code: str, text: str = 'injected', arm: str = '') -> None:
        """Fail as a real robot would, for tests."""
        self._fail(FaultCode(code), text, arm)
