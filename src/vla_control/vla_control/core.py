"""The control core: everything one tick does, without processes, clocks or ROS.

    read → faults → targets → safety → laws → limits → write

The loop process runs it in real time; tests and benchmarks run it in lockstep with the simulation.
Time is given in seconds of one steady clock, and only the core decides what reaches the hardware.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError

from vla_control.arm_model import ArmModel
from vla_control.arm_runner import ArmRunner
from vla_control.controllers import ArmContext, Controller, ControllerError, controller_class
from vla_control.controllers.gripper import GripperController
from vla_control.controllers.trajectory import JointTrajectoryController
from vla_control.safety.parameters import SafetyParameters
from vla_control.safety.self_collision import SelfCollisionWatch
from vla_control.safety.stop import StopLatch
from vla_control.safety.targets import TargetRefused, target_size
from vla_core.profile import RobotProfile
from vla_core.validation import StrictModel, near_matches, one_line
from vla_hardware import HardwareError, HardwareInterface

__all__ = ['ControlCore', 'ControllerSpec', 'nested_parameters']


class ControllerSpec(StrictModel):
    """A controller instance: its type, its arm, its parameters (nested, or with dotted names)."""

    type: str
    arm: str = Field(min_length=1)
    parameters: dict[str, Any] = {}


def nested_parameters(flat: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> dict:
    """Dotted names as nested dictionaries, laid over `base`."""
    tree: dict[str, Any] = {
        key: nested_parameters(value) if isinstance(value, Mapping) else value
        for key, value in (base or {}).items()}
    for name, value in flat.items():
        *groups, key = name.split('.')
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        if isinstance(value, Mapping):
            branch[key] = nested_parameters(value, branch.get(key))
        else:
            branch[key] = value
    return tree


def validated(model: type[StrictModel], values: Mapping[str, Any], name: str) -> StrictModel:
    """Parameters of a controller; ControllerError in one line that names the field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ControllerError(f'controller {name!r}: {one_line(error)}') from error


class ControlCore:
    """All arms of one robot. `events` collects (level, text) for the log, newest last."""

    def __init__(
        self,
        profile: RobotProfile,
        hardware: HardwareInterface,
        controllers: Mapping[str, ControllerSpec | Mapping[str, Any]] | None = None,
        safety: SafetyParameters | None = None,
    ) -> None:
        self.profile = profile
        self.hardware = hardware
        self.safety = safety or SafetyParameters()
        self.latch = StopLatch()
        self.events: deque[tuple[str, str]] = deque(maxlen=256)
        self.state = hardware.make_state()
        self.command = hardware.make_command()
        self.dt = hardware.period
        self.ticks = 0
        self.time = 0.0
        self._hold = False
        self.fault_text = ''  # the hardware's fault that the stop was latched for
        self._refusals: dict[str, float] = {}
        self._noted_idle: set[str] = set()
        self.runners: dict[str, ArmRunner] = {}
        contexts: dict[str, ArmContext] = {}
        leaders = {arm.name for arm in profile.leaders}
        for arm, state, command in zip(
                hardware.arm_profiles, self.state.arms, self.command.arms):
            contexts[arm.name] = context = ArmContext(
                profile, arm, hardware.capabilities(arm.name), state,
                ArmModel(profile, arm), ArmModel(profile, arm), self.dt, contexts)
            self.runners[arm.name] = ArmRunner(
                context, command, hardware, self.state, self.safety, self.latch,
                arm.name in leaders)
        distance = self.safety.self_collision_distance
        self._collisions = SelfCollisionWatch(profile, distance) if distance > 0.0 else None
        self.controllers: dict[str, Controller | GripperController] = {}
        for name, spec in (controllers or {}).items():
            self.load(name, spec)

    # ---- lifecycle

    def start(self) -> None:
        """Configure and activate the hardware and take its first state."""
        self.hardware.configure()
        self.hardware.read(self.state)
        for runner in self.runners.values():
            self.hardware.set_mode(runner.context.profile.name, runner.command.mode)
        self.hardware.activate()
        self.hardware.read(self.state)
        for runner in self.runners.values():
            runner.settle()

    def close(self) -> None:
        """Deactivate and close the hardware."""
        try:
            self.hardware.deactivate()
        finally:
            self.hardware.close()

    # ---- controllers

    def load(self, name: str, spec: ControllerSpec | Mapping[str, Any]) -> None:
        """Make a controller instance, inactive; ControllerError says what is wrong."""
        if not isinstance(spec, ControllerSpec):
            spec = validated(ControllerSpec, dict(spec), name)
        if name in self.controllers:
            raise ControllerError(f'controller {name!r} is loaded already')
        if spec.arm not in self.runners:
            raise ControllerError(f'controller {name!r}: the robot has no arm {spec.arm!r}; '
                                  f'{near_matches(spec.arm, self.runners)}')
        kind = controller_class(spec.type)
        context = self.runners[spec.arm].context
        parameters = validated(
            kind.parameters_model(context.profile), nested_parameters(spec.parameters), name)
        try:
            self.controllers[name] = kind(name, context, parameters)
        except ControllerError:
            raise
        except ValueError as error:
            raise ControllerError(f'controller {name!r}: {error}') from error
        self._note_idle_parameters(name)

    def unload(self, name: str) -> None:
        """Remove an inactive controller."""
        if self.is_active(name):
            raise ControllerError(f'controller {name!r} is active; deactivate it first')
        del self.controllers[name]
        self._noted_idle.discard(name)

    def _named(self, name: str) -> Controller | GripperController:
        if name not in self.controllers:
            raise ControllerError(
                f'no controller {name!r}; {near_matches(name, self.controllers)}')
        return self.controllers[name]

    def is_active(self, name: str) -> bool:
        """Whether the named controller drives its arm or gripper."""
        controller = self._named(name)
        runner = self.runners[controller.arm.profile.name]
        return controller is runner.controller or controller is runner.gripper

    def switch(self, activate: Sequence[str], deactivate: Sequence[str]) -> None:
        """Deactivate and activate in one tick, all or nothing; ControllerError changes nothing."""
        leaving = [self._named(name) for name in deactivate]
        coming = [self._named(name) for name in activate]
        claims: dict[str, str] = {}
        for name, controller in self.controllers.items():
            if controller in coming or (self.is_active(name) and controller not in leaving):
                for claim in (c.rpartition('/')[0] for c in controller.claims):
                    if claim in claims:
                        raise ControllerError(f'controllers {claims[claim]!r} and {name!r} both '
                                              f'claim {claim}; deactivate one of them')
                    claims[claim] = name
        for controller in leaving:
            runner = self.runners[controller.arm.profile.name]
            if controller is runner.gripper:
                runner.gripper = None
            elif controller is runner.controller and not any(
                    c.arm is controller.arm and isinstance(c, Controller) for c in coming):
                runner.deactivate()
        for controller in coming:
            runner = self.runners[controller.arm.profile.name]
            if isinstance(controller, GripperController):
                if controller is not runner.gripper:
                    controller.start()
                    runner.gripper = controller
            elif controller is not runner.controller:
                try:
                    runner.activate(controller)
                except HardwareError as error:
                    runner.deactivate()
                    raise ControllerError(f'controller {controller.name!r}: {error}') from error

    def set_parameters(self, name: str, changes: Mapping[str, Any]) -> None:
        """Change parameters (dotted names) of a controller, all or none, in motion too."""
        controller = self._named(name)
        values = nested_parameters(changes, controller.parameters.model_dump())
        parameters = validated(type(controller.parameters), values, name)
        try:
            controller.configure(parameters)
        except ControllerError:
            raise
        except ValueError as error:
            raise ControllerError(f'controller {name!r}: {error}') from error
        self._note_idle_parameters(name)

    def _note_idle_parameters(self, name: str) -> None:
        controller = self.controllers[name]
        if name in self._noted_idle or not isinstance(controller, Controller):
            return
        idle = controller.idle_parameters()
        if idle:
            self._noted_idle.add(name)
            text = (f'controller {name!r} takes {", ".join(idle)}, but they have no effect: its '
                    'arm has a loop of its own behind it')
            self.events.append(('warn', text))

    def trajectory_controller(self, name: str) -> JointTrajectoryController:
        """The named trajectory controller; ControllerError when it is none, or is not active."""
        controller = self._named(name)
        if not isinstance(controller, JointTrajectoryController):
            raise ControllerError(f'controller {name!r} is of type {controller.type}; '
                                  'trajectories need a joint_trajectory controller')
        if not self.is_active(name):
            raise ControllerError(f'controller {name!r} is not active; switch to it first')
        if self.latch.engaged:
            raise ControllerError(f'the robot is stopped ({self.latch.reason}); release it first')
        return controller

    # ---- targets

    def take_target(
        self, arm: str, kind: str, values: Sequence[float], stamp: float | None = None
    ) -> bool:
        """Give a target to an arm's active controllers.

        Returns False when none of them listens to this kind. TargetRefused when the target is bad;
        the arm then goes on with what it had.
        """
        if arm not in self.runners:
            raise TargetRefused('arm', f'the robot has no arm {arm!r}; '
                                f'{near_matches(arm, self.runners)}')
        runner = self.runners[arm]
        target_size(kind, runner.context.model.joints)
        stamp = self.time if stamp is None else stamp
        return runner.take(kind, stamp, self.time, [float(value) for value in values])

    def note_refusal(self, refusal: TargetRefused) -> None:
        """Log a refused target, each guard at most once a second."""
        last = self._refusals.get(refusal.code, float('-inf'))
        if self.time - last >= 1.0:
            self._refusals[refusal.code] = self.time
            self.events.append(('warn', f'target refused: {refusal}'))

    # ---- stop

    def stop(self, reason: str) -> None:
        """Latch the stop: every arm comes to rest within its limits and holds."""
        if self.latch.engage(reason):
            self.events.append(('error', f'stopped: {self.latch.reason}'))
            for runner in self.runners.values():
                runner.rest()

    def release(self) -> None:
        """Release the stop, on purpose; controllers begin anew from where the arms are."""
        if self.hardware.fault is not None:
            raise ControllerError(
                f'the hardware has a fault ({self.hardware.fault}); recover it first')
        if self.latch.engaged:
            self.events.append(('info', f'stop released (was: {self.latch.reason})'))
            self.latch.release()
            if self._collisions is not None:
                self._collisions.accept(self.time, self.state.arms)
            for runner in self.runners.values():
                runner.resume()

    def hold(self, engaged: bool) -> None:
        """Let every reference come to rest while engaged, as for a silent stream."""
        self._hold = engaged

    def recover(self) -> None:
        """Clear the hardware's fault; the stop stays latched until it is released."""
        self.hardware.recover()
        self.hardware.read(self.state)  # a link that was gone saw nothing of a fall
        self.fault_text = ''
        for runner in self.runners.values():
            runner.settle()
        self.events.append(('info', 'hardware recovered'))

    def reset(self, **arguments: object) -> None:
        """Put a simulated robot and its world back; the controllers begin anew there."""
        self.hardware.request('reset', **arguments)
        self.hardware.read(self.state)
        if self._collisions is not None:
            self._collisions.accept(self.time, self.state.arms)
        for runner in self.runners.values():
            runner.settle()
            runner.resume()

    # ---- the tick

    def tick(self, time: float) -> None:
        """One period at `time` (s): `sense` and then `act`."""
        self.sense(time)
        self.act()

    def sense(self, time: float) -> None:
        """Read the hardware's state."""
        self.time = time
        self.hardware.read(self.state)

    def act(self) -> None:
        """Judge the state, compute every arm's command and write it."""
        time = self.time
        fault = self.hardware.fault
        if fault is not None and str(fault) != self.fault_text:
            self.fault_text = str(fault)
            self.stop(f'hardware fault: {fault}')
        if self._collisions is not None and not self.latch.engaged:
            near = self._collisions.check(time, self.state.arms)
            if near:
                self.stop(f'self-collision: {near}')
        for runner in self.runners.values():
            reason = runner.tick(time, self.dt, self._hold)
            if reason:
                self.stop(reason)
        self.hardware.write(self.command)
        self.ticks += 1
