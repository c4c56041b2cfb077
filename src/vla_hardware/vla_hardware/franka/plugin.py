"""The `franka` plug-in: the maker's library, the robot's own 1 kHz cycle, named faults.

Options: `franka.options.FrankaOptions`. `read` waits for the robot's next state, which paces the
loop; `write` sends the answer to it. Efforts exclude gravity, which the robot carries itself.

A fault never raises: the robot stops by its own means and the fault has a name. `recover` connects
again where the link was lost, clears the robot's errors and lets it hold where it is.

Requests: `homing()`, `move(opening, speed)`, `grasp(opening, speed, force)`, `stop_hand()`,
`payload(mass, center, inertia)`, `collision_behavior(lower_torque, …)`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from pydantic import ValidationError

from vla_core.profile import RobotProfile
from vla_core.rotation import matrix_to_quaternion, quaternion_to_matrix
from vla_core.validation import one_line
from vla_hardware.franka.connection import Datagrams, datagrams_of, library, try_handshake
from vla_hardware.franka.faults import describe_mode, diagnose
from vla_hardware.franka.hand import Hand
from vla_hardware.franka.motion_limits import (
    JointMotionLimiter,
    TipMotionLimiter,
    TorqueLimiter,
)
from vla_hardware.franka.options import CollisionBehavior, FrankaOptions, Payload
from vla_hardware.interface import (
    ArmCapabilities,
    ArmCommand,
    ArmState,
    ControlMode,
    Fault,
    FaultCode,
    HardwareError,
    HardwareInterface,
    RobotCommand,
    RobotState,
)

__all__ = ['FrankaHardware']

CYCLE = 0.001  # s, the robot's own
AT_REST = 0.01  # rad/s
BRAKING_TIME = 0.5  # s


class FrankaHardware(HardwareInterface):
    """One Franka arm with its hand."""

    paces_loop = True

    def __init__(self, profile: RobotProfile, **options: object) -> None:
        super().__init__(profile)
        try:
            self._options = FrankaOptions.model_validate(options)
        except ValidationError as error:
            raise HardwareError(f'franka: option {one_line(error)}') from error
        if len(self.arm_profiles) != 1 or len(profile.arms[0].joints) != 7:
            raise HardwareError(f'franka: robot {profile.name!r} is not one arm of seven joints')
        if profile.rate_hz != round(1.0 / CYCLE):
            raise HardwareError(
                f'franka: the robot runs at 1000 Hz; rate_hz of {profile.name!r} is '
                f'{profile.rate_hz:g}')
        arm = profile.arms[0]
        self._arm = arm.name
        self._mode = ControlMode(profile.control_modes[0])
        self._torque = TorqueLimiter(arm.limits, CYCLE)
        self._joints = JointMotionLimiter(arm.limits, CYCLE)
        self._tip = TipMotionLimiter(arm.cartesian, CYCLE)
        self._robot: Any = None
        self._control: Any = None
        self._states: Datagrams | None = None
        self._newest: Any = None
        self._elapsed = 1  # cycles since the state before
        self._met = False  # whether a state of this motion has been read: older ones mislead
        self._begun = False  # whether the motion has had its first command
        self._active = False
        self._cycles = self._lost_cycles = self._aborts = 0
        self._hand: Hand | None = None
        if self._options.gripper is not None and arm.gripper is not None:
            self._hand = Hand(self._options.ip, arm.gripper, self._options.gripper)

    def capabilities(self, arm: str) -> ArmCapabilities:
        return ArmCapabilities(
            modes=tuple(ControlMode(mode) for mode in self.profile.control_modes),
            tip_modes=(ControlMode.POSE, ControlMode.TWIST),
            gravity_compensated=True, wrench=True,
            gripper=self._hand is not None, gripper_takes_goals=True)

    # ---- lifecycle

    def configure(self) -> None:
        self._connect()
        if self._hand is not None:
            self._hand.connect(self._options.connect_timeout)

    def _connect(self) -> None:
        """Open the connection and give the robot its parameters."""
        options = self._options
        self._disconnect()
        try_handshake(options.ip, options.connect_timeout)
        franka = library()
        try:
            self._robot, self._states = datagrams_of(
                lambda: franka.Robot(options.ip, franka.RealtimeConfig.kIgnore))
            self._newest = self._robot.read_once()
            self._set_parameters()
        except RuntimeError as error:
            self._disconnect()
            raise HardwareError(f'franka: {options.ip}: {_plain(error)}') from error

    def _set_parameters(self) -> None:
        options, robot = self._options, self._robot
        self._set_collision_behavior(options.collision)
        if options.payload is not None:
            self._set_payload(options.payload)
        if options.end_effector is not None:
            robot.set_EE(options.end_effector.column_major())
        if options.stiffness_frame is not None:
            robot.set_K(options.stiffness_frame.column_major())
        if options.joint_impedance is not None:
            robot.set_joint_impedance(options.joint_impedance.tolist())

    def _set_collision_behavior(self, behavior: CollisionBehavior) -> None:
        self._robot.set_collision_behavior(
            behavior.lower_torque.tolist(), behavior.upper_torque.tolist(),
            behavior.lower_wrench.tolist(), behavior.upper_wrench.tolist())

    def _set_payload(self, payload: Payload) -> None:
        self._robot.set_load(payload.mass, payload.center.tolist(), payload.inertia.tolist())

    def activate(self) -> None:
        """Start to control the arm; a robot that does not let us is a fault, as it is later."""
        if self._robot is None:
            raise HardwareError('franka: configure before activating')
        self._active = True
        self._read_once()
        if self.fault is None:
            self._start()
        if self._hand is not None and self._options.gripper.homing and self.fault is None:
            self._hand.ask('homing')

    def deactivate(self) -> None:
        self._stop()
        self._active = False

    def close(self) -> None:
        self._stop()
        self._active = False
        self._disconnect()
        if self._hand is not None:
            self._hand.close()

    def _disconnect(self) -> None:
        self._control = None
        self._robot = self._states = None

    # ---- motions

    def _start(self) -> None:
        """Begin to command the arm in its mode; a refusal becomes the fault."""
        franka, robot = library(), self._robot
        impedance = franka.ControllerMode.JointImpedance
        begin: dict[ControlMode, Callable[[], Any]] = {
            ControlMode.EFFORT: robot.start_torque_control,
            ControlMode.POSITION: lambda: robot.start_joint_position_control(impedance),
            ControlMode.VELOCITY: lambda: robot.start_joint_velocity_control(impedance),
            ControlMode.POSE: lambda: robot.start_cartesian_pose_control(impedance),
            ControlMode.TWIST: lambda: robot.start_cartesian_velocity_control(impedance),
        }
        try:
            self._control = begin[self._mode]()
        except RuntimeError as error:
            self._abort(error)
        self._met = self._begun = False

    def _stop(self) -> None:
        """End the motion; the library tells the robot to stop, and the robot brakes and holds."""
        with suppress(RuntimeError):
            self._control = None

    def set_mode(self, arm: str, mode: ControlMode) -> None:
        offered = self.capabilities(arm)
        if mode not in offered.modes + offered.tip_modes:
            raise HardwareError(f'arm {arm!r} has no {mode.value} mode; it has '
                                f'{", ".join(m.value for m in offered.modes + offered.tip_modes)}')
        if mode is self._mode:
            return
        self._mode = mode
        if self._control is not None:
            self._stop()
            self._come_to_rest()
            if self.fault is None:
                self._start()

    def _come_to_rest(self) -> None:
        """Wait until the robot has braked: its own motion generators start at rest only."""
        end = time.monotonic() + BRAKING_TIME
        self._read_once()
        while (self.fault is None and time.monotonic() < end
                and np.abs(self._newest.dq).max() > AT_REST):
            self._read_once()

    # ---- the cycle

    def read(self, state: RobotState) -> None:
        if self._states is None:
            time.sleep(CYCLE)
        elif not self._states.wait(self._options.link_timeout):
            self._lose_link(f'no state for {self._options.link_timeout * 1e3:.0f} ms')
        elif self._control is not None:
            try:
                self._newest, elapsed = self._control.readOnce()
            except RuntimeError as error:
                self._abort(error)
            else:
                self._met = True
                self._elapsed = max(round(elapsed.to_sec() / CYCLE), 1)
                self._cycles += self._elapsed
                self._lost_cycles += self._elapsed - 1
            state.stamp_ns = time.monotonic_ns()
        else:
            self._read_once()
            state.stamp_ns = time.monotonic_ns()
        self._fill(state.arms[0])

    def _read_once(self) -> None:
        """The newest state while no motion runs; while active, a robot not ready is a fault."""
        try:
            self._newest = self._robot.read_once()
        except RuntimeError as error:
            self._lose_link(_plain(error))
            return
        mode = self._newest.robot_mode.name
        if self._active and self.fault is None and (
                describe_mode(mode) or self._newest.current_errors):
            self._fail(*diagnose(mode, str(self._newest.current_errors)))

    def _fill(self, arm: ArmState) -> None:
        newest = self._newest
        arm.position[:] = newest.q
        arm.velocity[:] = newest.dq
        arm.effort[:] = newest.tau_J
        np.negative(newest.O_F_ext_hat_K, out=arm.wrench)  # theirs is what the arm does
        if self._hand is not None:
            hand = self._hand
            hand.update()
            arm.gripper_position, arm.gripper_velocity = hand.opening, hand.velocity
            arm.gripper_effort = hand.effort

    def write(self, command: RobotCommand) -> None:
        given = command.arms[0]
        if self.fault is not None or not self._active:
            return
        if self._hand is not None:
            self._hand.aim(given.gripper, given.gripper_max_effort)
        if self._control is None or not self._met:
            return
        if given.mode is not self._mode:
            self._halt(FaultCode.WRONG_MODE,
                       f'commanded in mode {given.mode.value}, but is in {self._mode.value}')
            return
        values = given.tip if given.mode in (ControlMode.POSE, ControlMode.TWIST) else given.values
        if not np.isfinite(values).all():
            self._halt(FaultCode.INVALID_COMMAND, 'the command is not finite')
            return
        try:
            self._control.writeOnce(self._admissible(given))
        except RuntimeError as error:
            self._abort(error)

    def _admissible(self, given: ArmCommand) -> Any:
        """The command in libfranka's form, within what the robot accepts next."""
        franka, newest = library(), self._newest
        if not self._begun:
            return self._first(given.mode)
        if given.mode is ControlMode.EFFORT:
            return franka.Torques(
                self._torque.limit(given.values, np.array(newest.tau_J_d)).tolist())
        if given.mode is ControlMode.POSE:
            self._tip.confirm_pose(_pose(newest.O_T_EE_c), self._elapsed)
            return franka.CartesianPose(_column_major(self._tip.limit_pose(given.tip)))
        if given.mode is ControlMode.TWIST:
            self._tip.confirm_twist(np.array(newest.O_dP_EE_c))
            return franka.CartesianVelocities(self._tip.limit_twist(given.tip[:6]).tolist())
        self._joints.confirm(
            np.array(newest.q_d), np.array(newest.dq_d), np.array(newest.ddq_d))
        if given.mode is ControlMode.POSITION:
            return franka.JointPositions(self._joints.limit_position(given.values).tolist())
        return franka.JointVelocities(self._joints.limit_velocity(given.values).tolist())

    def _first(self, mode: ControlMode) -> Any:
        """The first command of a motion: where the robot says that it is, at rest."""
        franka, newest = library(), self._newest
        self._begun = True
        self._joints.start(np.array(newest.q_d))
        self._tip.start(_pose(newest.O_T_EE_c))
        if mode is ControlMode.EFFORT:
            return franka.Torques(newest.tau_J_d)
        if mode is ControlMode.POSE:
            return franka.CartesianPose(newest.O_T_EE_c)
        if mode is ControlMode.TWIST:
            return franka.CartesianVelocities([0.0] * 6)
        if mode is ControlMode.POSITION:
            return franka.JointPositions(newest.q_d)
        return franka.JointVelocities([0.0] * 7)

    # ---- faults

    def _fail(self, code: FaultCode, text: str) -> None:
        if self.fault is None:
            self.fault = Fault(code, text, self._arm)

    def _halt(self, code: FaultCode, text: str) -> None:
        """End a motion for a reason of our own."""
        self._fail(code, text)
        self._stop()

    def _abort(self, error: RuntimeError) -> None:
        """The robot ended the motion, or did not begin it: say why."""
        self._stop()
        if type(error) is library().NetworkException:
            self._lose_link(_plain(error))
            return
        self._aborts += 1
        try:
            self._newest = self._robot.read_once()
        except RuntimeError as lost:
            self._lose_link(_plain(lost))
            return
        self._fail(*diagnose(
            self._newest.robot_mode.name, str(self._newest.current_errors), str(error)))

    def _lose_link(self, why: str) -> None:
        self._fail(FaultCode.LINK_LOST, f'{self._options.ip}: {why}; look at cable and power of '
                   'the control box, then recover')
        self._states = None  # the rest is let go in `recover`, because that may take a second

    def recover(self) -> None:
        """Be ready again where the arm is; HardwareError says what a person must do first."""
        if self._states is None:
            self._connect()
            if self._hand is not None:
                self._hand.connect(self._options.connect_timeout)
        try:
            self._newest = self._robot.read_once()
            mode = self._newest.robot_mode.name
            if mode == 'Reflex' or self._newest.current_errors:
                self._robot.automatic_error_recovery()
                self._newest = self._robot.read_once()
                mode = self._newest.robot_mode.name
        except RuntimeError as error:
            raise HardwareError(f'franka: the robot does not recover: {_plain(error)}') from error
        if describe_mode(mode):
            raise HardwareError(f'franka: the robot is not ready ({mode}): {describe_mode(mode)}')
        self.fault = None
        if self._hand is not None:
            self._hand.forget()
        if self._active and self._control is None:
            self._start()
        if self.fault is not None:
            raise HardwareError(f'franka: {self.fault.text}')

    # ---- beside the cycle

    def diagnostics(self) -> dict[str, str | float]:
        newest = self._newest
        if newest is None:
            return {}
        figures: dict[str, str | float] = {
            'robot_mode': newest.robot_mode.name if self._states is not None else 'link lost',
            'control_mode': self._mode.value,
            'control_command_success_rate': float(newest.control_command_success_rate),
            'cycles': float(self._cycles), 'lost_cycles': float(self._lost_cycles),
            'aborts': float(self._aborts), 'payload_kg': float(newest.m_load),
            'errors': str(newest.current_errors), 'last_errors': str(newest.last_motion_errors)}
        if self._hand is not None:
            hand = self._hand
            figures |= {'hand_width_m': hand.width, 'hand_holds': str(hand.grasped),
                        'hand_temperature_c': float(hand.temperature),
                        'hand_error': hand.error}
        return figures

    def request(self, name: str, **arguments: object) -> None:
        handlers: dict[str, Callable[..., None]] = {
            'homing': lambda: self._ask('homing'),
            'stop_hand': lambda: self._ask('stop'),
            'move': self._move_hand, 'grasp': self._grasp,
            'payload': lambda **given: self._at_rest(
                lambda: self._set_payload(Payload.model_validate(given))),
            'collision_behavior': lambda **given: self._at_rest(
                lambda: self._set_collision_behavior(CollisionBehavior.model_validate(given))),
        }
        if name not in handlers:
            super().request(name, **arguments)
        try:
            handlers[name](**arguments)
        except ValidationError as error:
            raise HardwareError(f'franka: request {name!r}: {one_line(error)}') from error
        except TypeError as error:
            raise HardwareError(f'franka: request {name!r}: {error}') from error

    def _ask(self, verb: str, **arguments: float) -> None:
        if self._hand is None:
            raise HardwareError('franka: there is no hand (option gripper)')
        self._hand.ask(verb, **arguments)

    def _move_hand(self, opening: float, speed: float = 0.1) -> None:
        self._ask('move', width=self._hand_width(opening), speed=speed)

    def _grasp(self, opening: float = 0.0, speed: float = 0.1, force: float = 30.0) -> None:
        self._ask('grasp', width=self._hand_width(opening), speed=speed, force=force)

    def _hand_width(self, opening: float) -> float:
        return float(self.profile.arms[0].gripper.to_width(opening))

    def _at_rest(self, change: Callable[[], None]) -> None:
        """Change a parameter that the robot takes only while no motion runs."""
        if self._robot is None or self._states is None:
            raise HardwareError('franka: there is no link to the robot')
        if np.abs(self._newest.dq).max() > AT_REST:
            raise HardwareError('franka: the arm moves; let it come to rest first')
        running = self._control is not None
        self._stop()
        try:
            change()
        except RuntimeError as error:
            raise HardwareError(f'franka: {_plain(error)}') from error
        finally:
            if running:
                self._come_to_rest()
                if self.fault is None:
                    self._start()


def _plain(error: Exception) -> str:
    return str(error).removeprefix('libfranka: ')


def _pose(column_major: list[float]) -> np.ndarray:
    """Pose [x, y, z, qx, qy, qz, qw] from libfranka's 16 numbers."""
    transform = np.array(column_major).reshape(4, 4).T
    return np.concatenate((transform[:3, 3], matrix_to_quaternion(transform[:3, :3])))


def _column_major(pose: np.ndarray) -> list[float]:
    transform = np.eye(4)
    transform[:3, :3] = quaternion_to_matrix(pose[3:])
    transform[:3, 3] = pose[:3]
    return transform.flatten(order='F').tolist()
