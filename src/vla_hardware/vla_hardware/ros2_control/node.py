"""The node `ros2_control_bridge`: our targets to a robot that somebody else's driver runs.

It takes the place of the control process: the same topics and services lead to the robot.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from vla_core.kinematics import ArmKinematics
from vla_core.node import go_before_others, run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.validation import ConfigurationError, StrictModel
from vla_hardware.ros2_control.calls import CallFailed, Calls
from vla_hardware.ros2_control.configuration import ArmDriver, load_driver
from vla_hardware.ros2_control.gripper import GripperBridge
from vla_hardware.ros2_control.outputs import message_type, reference_output
from vla_hardware.ros2_control.reference import ArmReference, TargetRefused
from vla_hardware.ros2_control.switching import ControllerSwitch
from vla_interfaces.msg import SafetyState

__all__ = ['BridgeParameters', 'Ros2ControlBridge', 'main']

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
REMEMBERED = 1.0  # s for which a refusal is shown
POSE_PERIOD = 0.01  # s


class BridgeParameters(StrictModel):
    """Parameters of the bridge."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    driver: str = parameter(
        'crisp', read_only=True, description='driver of config/ros2_control, by name or path')
    robot_namespace: str = parameter(
        '', read_only=True, description="namespace of the driver's names; empty takes the node's")
    activate: bool = parameter(
        True, read_only=True, description='switch controllers and take targets at once; else by '
        'the service release')


@dataclass
class _Arm:
    """One arm at work."""

    profile: ArmProfile
    driver: ArmDriver
    kinematics: ArmKinematics
    reference: ArmReference
    names: tuple[str, ...]
    output: object = None
    gripper: GripperBridge | None = None
    position: np.ndarray | None = None
    seen: float = 0.0
    posed: float = 0.0
    leads: bool = False
    refusal: str = ''
    refused: float = float('-inf')
    refusals: int = 0
    publisher: object = field(default=None)


class Ros2ControlBridge(Node):
    """Switches controllers, streams references, reads state, commands grippers, stops."""

    def __init__(self) -> None:
        super().__init__('ros2_control_bridge')
        parameters = declare(self, BridgeParameters)
        self._profile = RobotProfile.load(parameters.robot)
        self._driver = load_driver(parameters.driver)
        self._driver.check(self._profile)
        space = parameters.robot_namespace
        self._space = f'/{space.strip("/")}' if space else ''
        self._calls = Calls(self)
        self._switch = ControllerSwitch(self._calls, self._robot_name(self._driver.manager)) \
            if self._driver.manager else None
        self._stop_reason, self._stopped_by, self._problem = '', '', ''
        self._busy = False
        self._shown: tuple | None = None
        self._safety = self.create_publisher(SafetyState, 'safety_state', LATCHED)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._arms = [self._make_arm(name, driver, steady)
                      for name, driver in self._driver.arms.items()]
        for name, answer in (
                ('stop', self._on_stop), ('release', self._on_release),
                ('recover', self._on_recover)):
            self.create_service(Trigger, name, answer, callback_group=self._calls.group)
        if not parameters.activate:
            self._stop_reason = 'not released yet'
            self._stop_arms()
        self._begin = parameters.activate
        self.create_timer(0.1, self._watch, clock=steady, callback_group=self._calls.group)
        self.create_timer(1.0, self._diagnose, clock=steady)

    # ---- putting together

    def _robot_name(self, name: str) -> str:
        return name if name.startswith('/') or not self._space else f'{self._space}/{name}'

    def _make_arm(self, name: str, driver: ArmDriver, steady: Clock) -> _Arm:
        profile = self._profile.arm(name)
        stream = driver.stream
        period = 1.0 / stream.rate_hz
        kinematics = ArmKinematics(self._profile, profile)
        arm = _Arm(profile, driver, kinematics, ArmReference(
            profile, kinematics, period, stream.target_timeout, stream.limit_scale),
            driver.joint_names or profile.joints)
        prefix = '' if len(self._profile.arms) + len(self._profile.leaders) == 1 else f'{name}/'
        self.create_subscription(
            JointState, self._robot_name(driver.joint_states), partial(self._on_state, arm),
            qos_profile_sensor_data)
        if driver.publish_pose:
            arm.publisher = self.create_publisher(
                PoseStamped, prefix + 'current_pose', qos_profile_sensor_data)
        arm.output = reference_output(
            self, stream, self._robot_name(stream.topic), arm.names)
        if arm.output is not None:
            self.create_subscription(
                PoseStamped, prefix + 'target_pose', partial(self._on_pose, arm), 1)
            self.create_subscription(
                JointState, prefix + 'target_joint', partial(self._on_joint, arm), 1)
            self.create_timer(period, partial(self._stream, arm), clock=steady)
        if driver.gripper is not None:
            arm.gripper = GripperBridge(
                self, driver.gripper, profile.gripper, driver.gripper.commands,
                self._robot_name(driver.gripper.name), self._calls.group)
        return arm

    # ---- the stream

    def _on_state(self, arm: _Arm, message: JointState) -> None:
        given = dict(zip(message.name, message.position))
        if any(name not in given for name in arm.names):
            return  # another part of the robot
        arm.position = np.array([given[name] for name in arm.names])
        arm.seen = now = time.monotonic()
        if arm.publisher is not None and now - arm.posed >= POSE_PERIOD:
            arm.posed = now
            pose = PoseStamped()
            pose.header.stamp = message.header.stamp
            pose.header.frame_id = arm.profile.base_frame
            values = arm.kinematics.forward(arm.position).tolist()
            place, turn = pose.pose.position, pose.pose.orientation
            place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w = values
            arm.publisher.publish(pose)

    def _on_pose(self, arm: _Arm, message: PoseStamped) -> None:
        place, turn = message.pose.position, message.pose.orientation
        self._guard(arm, lambda: arm.reference.take_pose(
            message.header.frame_id,
            [place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w], time.monotonic()))

    def _on_joint(self, arm: _Arm, message: JointState) -> None:
        self._guard(arm, lambda: arm.reference.take_joints(
            list(message.name), list(message.position), time.monotonic()))

    def _guard(self, arm: _Arm, take) -> None:
        if not arm.leads:
            return
        try:
            take()
        except TargetRefused as error:
            now = time.monotonic()
            if now - arm.refused > REMEMBERED:
                self.get_logger().warning(f'{arm.profile.name}: {error}')
            arm.refusal, arm.refused = str(error), now
            arm.refusals += 1

    def _stream(self, arm: _Arm) -> None:
        if arm.leads:
            arm.output.publish(arm.reference.step(time.monotonic()))

    # ---- start, stop, recovery

    async def _watch(self) -> None:
        """Begin when the robot is there; stop when its state falls silent."""
        self._show()
        if self._busy:
            return
        now = time.monotonic()
        lost = [arm.profile.name for arm in self._arms
                if now - arm.seen > self._driver.state_timeout]
        if self._begin and not lost:
            self._begin = False
            await self._exclusively(self._lead)
        elif lost and not self._begin and not self._problem and not self._stop_reason:
            await self._halt(f'{", ".join(lost)}: no joint_states from the driver')

    async def _exclusively(self, work) -> str:
        """Do one thing at a time; returns what went wrong, or ''."""
        if self._busy:
            return 'the bridge is busy with another request; ask again'
        self._busy = True
        try:
            await work()
        except CallFailed as error:
            self._problem = str(error)
            self._stop_reason = self._stop_reason or str(error)
            self._stop_arms()
            self.get_logger().error(str(error))
            return str(error)
        finally:
            self._busy = False
        return ''

    async def _lead(self) -> None:
        """Take the arms over where they are."""
        now = time.monotonic()
        for arm in self._arms:
            if now - arm.seen > self._driver.state_timeout:
                raise CallFailed(f'{arm.profile.name}: no joint_states from the driver; see that '
                                 'it runs')
        for arm in self._arms:
            arm.leads = False
            arm.reference.release()
        if self._switch is not None:
            await self._switch.activate(
                [name for arm in self._arms for name in arm.driver.controllers])
        for arm in self._arms:
            arm.reference.start(arm.position)
            arm.leads = True
            if arm.gripper is not None:
                arm.gripper.stopped = False
        self._problem = self._stop_reason = self._stopped_by = ''
        self.get_logger().info(f'{self._profile.name} takes targets')

    def _stop_arms(self) -> None:
        for arm in self._arms:
            arm.reference.stop(self._stop_reason)
            if arm.gripper is not None:
                arm.gripper.stopped = True

    async def _halt(self, reason: str) -> str:
        """Latch the stop, brake, and where references bypass this node let a controller hold."""
        self._stop_reason = self._stop_reason or reason
        self._stop_arms()
        self.get_logger().warning(f'stopped: {reason}')
        holds = [arm.driver.hold for arm in self._arms if arm.driver.hold]
        if not holds or self._switch is None:
            return ''
        try:
            await self._switch.activate(holds)
        except CallFailed as error:
            self._problem = str(error)
            return str(error)
        return ''

    async def _on_stop(self, _: object, response: Trigger.Response) -> Trigger.Response:
        self._stopped_by = 'service stop'
        problem = await self._halt('stop requested')
        response.success = not problem
        response.message = problem or 'stopped; it moves again after release'
        return response

    async def _on_release(self, _: object, response: Trigger.Response) -> Trigger.Response:
        self._begin = False
        problem = await self._exclusively(self._lead)
        response.success, response.message = not problem, problem or 'released'
        return response

    async def _on_recover(self, _: object, response: Trigger.Response) -> Trigger.Response:
        """Take the driver's own way back; the stop stays until it is released."""
        self._stop_reason = self._stop_reason or 'recovering'
        self._stop_arms()
        for arm in self._arms:
            arm.leads = False
        problem = await self._exclusively(self._recover)
        response.success, response.message = not problem, problem or 'recovered; release it now'
        return response

    async def _recover(self) -> None:
        for step in self._driver.recovery:
            name = self._robot_name(step.name)
            try:
                kind = message_type(step.type)
            except ConfigurationError as error:
                raise CallFailed(str(error)) from error
            if '/srv/' in step.type:
                answer = await self._calls.service(kind, name, kind.Request())
                if not getattr(answer, 'success', True):
                    raise CallFailed(f'service {name}: {getattr(answer, "message", "refused")}')
            else:
                await self._calls.action(kind, name, kind.Goal())
        self._problem = ''

    # ---- what it tells

    def _show(self) -> None:
        """Publish the safety state where it changed."""
        now = time.monotonic()
        guards: list[tuple[str, str]] = []
        level, text = SafetyState.NORMAL, 'normal'
        for arm in self._arms:
            if arm.output is not None and arm.leads and arm.reference.silent(now):
                guards.append(('target_staleness', arm.profile.name))
                level, text = SafetyState.HOLDING, f'{arm.profile.name} holds: no target'
            if now - arm.refused < REMEMBERED:
                guards.append(('target', arm.profile.name))
                level, text = SafetyState.HOLDING, f'{arm.profile.name}: {arm.refusal}'
        if self._begin:
            level, text = SafetyState.HOLDING, 'waiting for the state of the robot'
        if self._stop_reason:
            guards.append(('stop', self._stop_reason))
            level, text = SafetyState.STOPPED, f'stopped: {self._stop_reason}'
        if self._problem:
            guards.append(('driver', self._problem))
            level, text = SafetyState.FAULT, self._problem
        content = (level, guards, text, self._stopped_by)
        if content != self._shown:
            self._shown = content
            message = SafetyState(
                level=level, guards=[guard for guard, _ in guards],
                subjects=[subject for _, subject in guards], message=text,
                stopped_by=(self._stopped_by or 'bridge') if self._stop_reason else '')
            message.header.stamp = self.get_clock().now().to_msg()
            self._safety.publish(message)

    def _diagnose(self) -> None:
        level, _, text, _ = self._shown or (SafetyState.HOLDING, (), 'starting', '')
        now = time.monotonic()
        values = []
        for arm in self._arms:
            values += [(f'{arm.profile.name}: s since joint_states', f'{now - arm.seen:.2f}'),
                       (f'{arm.profile.name}: targets refused', str(arm.refusals))]
            if arm.gripper is not None and arm.gripper.problem:
                values.append((f'{arm.profile.name}: gripper', arm.gripper.problem))
        severity = DiagnosticStatus.ERROR if level >= SafetyState.STOPPED else \
            DiagnosticStatus.WARN if level >= SafetyState.HOLDING else DiagnosticStatus.OK
        array = DiagnosticArray(status=[DiagnosticStatus(
            name=f'{self.get_fully_qualified_name()}: bridge', level=severity, message=text,
            hardware_id=self._profile.name,
            values=[KeyValue(key=key, value=value) for key, value in values])])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)


def main(args: list[str] | None = None) -> int:
    """Run the node, before others where the operating system allows it."""
    go_before_others()
    return run_node(Ros2ControlBridge, args)
