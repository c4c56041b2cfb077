"""One arm in the loop: its active controllers, its safety chain, its command."""

from __future__ import annotations

import enum
from math import isfinite

import numpy as np

from vla_control.controllers import ArmContext, Controller
from vla_control.controllers.gripper import GripperController
from vla_control.safety.command_limits import Limiter, make_limiter
from vla_control.safety.parameters import SafetyParameters
from vla_control.safety.staleness import StreamState, StreamWatch
from vla_control.safety.stop import Rest, StopLatch
from vla_control.safety.targets import TargetGuard, TargetRefused
from vla_hardware import ArmCommand, ControlMode, HardwareInterface, RobotState

__all__ = ['ArmRunner', 'ArmStatus']


class ArmStatus(enum.IntEnum):
    """What an arm does."""

    RESTING = 0  # no controller: holds its place
    RUNNING = 1
    HOLDING = 2  # its stream is silent: the reference comes to rest
    STOPPED = 3  # the stream is over, or the stop is latched


class ArmRunner:
    """Runs the controllers of one arm; `tick` fills the arm's command."""

    def __init__(
        self,
        context: ArmContext,
        command: ArmCommand,
        hardware: HardwareInterface,
        robot: RobotState,
        safety: SafetyParameters,
        latch: StopLatch,
        leads: bool,
    ) -> None:
        self.context = context
        self.command = command
        self.controller: Controller | None = None
        self.gripper: GripperController | None = None
        self.guard = TargetGuard(context.profile, safety, context.workspace)
        self.status = ArmStatus.RESTING
        self._hardware = hardware
        self._robot = robot
        self._safety = safety
        self._latch = latch
        self._rest = Rest(context.model, context.capabilities, floats=leads)
        self._watch = StreamWatch(safety.target_timeout, safety.stop_timeout)
        self._limiters: dict[ControlMode, Limiter] = {
            mode: make_limiter(mode, context.profile.limits, context.period, safety.limit_margin)
            for mode in context.capabilities.modes}
        self._resting = False
        self._fastest = context.profile.limits.velocity * safety.velocity_tolerance

    @property
    def limiter(self) -> Limiter:
        """The limiter of the present mode."""
        return self._limiters[self.command.mode]

    def settle(self) -> None:
        """Take the measured state as the beginning of everything."""
        self._resting = False
        for limiter in self._limiters.values():
            limiter.reset(np.zeros(self.context.model.joints))
        self._reset_limiter(self.command.mode)
        self.rest()

    def _reset_limiter(self, mode: ControlMode) -> None:
        """Last command of a mode the arm was not in: where it is, how it moves, what carries it."""
        state, context = self.context.state, self.context
        if mode is ControlMode.POSITION:
            self._limiters[mode].reset(state.position)
        elif mode is ControlMode.VELOCITY:
            self._limiters[mode].reset(state.velocity)
        elif context.capabilities.gravity_compensated:
            self._limiters[mode].reset(np.zeros(context.model.joints))
        else:
            context.model.update(state.position, np.zeros(context.model.joints))
            self._limiters[mode].reset(context.model.gravity)

    def activate(self, controller: Controller) -> None:
        """Hand the arm to a controller without a jump; HardwareError when the mode is refused."""
        if controller.mode is not self.command.mode:
            self._hardware.set_mode(self.context.profile.name, controller.mode)
            self._hardware.read(self._robot)  # an arm may have had to brake for it
            self._reset_limiter(controller.mode)
            self.command.mode = controller.mode
        controller.start(self.limiter.last)
        self.controller = controller
        self._watch.reset()
        self._resting = False

    def deactivate(self) -> None:
        """Leave the arm to itself: it comes to rest and holds."""
        self.controller = None
        self.rest()

    def rest(self) -> None:
        """Begin to come to rest."""
        if self._resting:
            return
        self._resting = True
        state, mode = self.context.state, self.command.mode
        if mode is ControlMode.POSITION:
            limiter = self.limiter
            self._rest.start(mode, limiter.last, limiter.velocity)
        else:
            self._rest.start(mode, state.position, state.velocity)

    def resume(self) -> None:
        """After a stop was released: the controller begins anew from where the arm is."""
        self._resting = False
        self._watch.reset()
        if self.controller is not None:
            self.controller.start(self.limiter.last)
        if self.gripper is not None:
            self.gripper.start()

    def take(self, kind: str, stamp: float, now: float, values: list[float]) -> bool:
        """Give a target to the controller that listens to its kind; TargetRefused when it is bad.

        Returns whether any active controller listens. While the stop holds, targets are dropped.
        """
        for controller in (self.controller, self.gripper):
            if controller is None or kind not in controller.inputs:
                continue
            if self._latch.engaged:
                raise TargetRefused('stopped', f'{self.context.profile.name} is stopped '
                                    f'({self._latch.reason}); release the stop first')
            pose = joints = None
            if isinstance(controller, Controller):
                pose, joints = controller.reference_pose(), controller.reference_joints()
            checked = self.guard.check(kind, values, now - stamp, pose, joints)
            controller.take(kind, stamp, checked)
            if controller is self.controller and kind not in controller.latched:
                self._watch.saw(min(stamp, now))
            return True
        return False

    def target_age(self, time: float) -> float:
        """Seconds since the newest target."""
        return self._watch.age(time)

    def tick(self, time: float, dt: float, hold: bool) -> str:
        """Fill the command; returns why the stop must be latched, or ''."""
        state, command = self.context.state, self.command
        reason = ''
        values = None
        controller = self.controller
        if controller is not None and not self._latch.engaged:
            stream = self._watch.state(time) if controller.streamed else StreamState.FRESH
            silent = stream in (StreamState.HOLDING, StreamState.STOPPED)
            try:
                values = controller.update(time, dt, hold or silent)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
                reason = f'{controller.name}: {error}'
            else:
                if not all(map(isfinite, values.tolist())):
                    reason = f'{controller.name} computed a command that is not finite'
                    values = None
            self.status = (ArmStatus.STOPPED if stream is StreamState.STOPPED else
                           ArmStatus.HOLDING if hold or silent else ArmStatus.RUNNING)
            self._resting = False
        if values is None:
            self.rest()
            values = self._rest.compute(dt, state.position, state.velocity)
            self.status = ArmStatus.STOPPED if self._latch.engaged or reason else ArmStatus.RESTING
        command.values[:] = self.limiter.limit(values, state.position, state.velocity)
        if self.gripper is not None:
            command.gripper, command.gripper_max_effort = self.gripper.update(
                dt, hold or self._latch.engaged)
        else:
            command.gripper = command.gripper_max_effort = float('nan')
        return reason or self._too_fast()

    def _too_fast(self) -> str:
        speed = np.abs(self.context.state.velocity)
        if (speed <= self._fastest).all():
            return ''
        worst = int((speed / self._fastest).argmax())
        if not np.isfinite(speed).all():
            return f'{self.context.profile.name} measures a velocity that is not finite'
        return (f'{self.context.profile.joints[worst]} moves at {speed[worst]:.2f} rad/s, beyond '
                f'its limit of {self.context.profile.limits.velocity[worst]:.2f}')
