"""
The node `supervisor`: hears streams, diagnostics and operators, and carries out what is decided.

What it decides lies in `supervisor`, `table` and `health`; here are topics and services.
"""
import time
from contextlib import suppress

import numpy as np
from action_msgs.srv import CancelGoal
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_core.conversion import ConversionError, pose_from_message, reorder, time_from_message
from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.rotation import angle_between
from vla_core.sampled import Sampled
from vla_core.validation import StrictModel
from vla_interfaces.msg import ActionChunk, ExecutionStatus, SafetyState
from vla_monitoring.detection.detector import PURPOSES
from vla_monitoring.health import ERROR, OK, STALE, WARN, Health, Report
from vla_monitoring.supervision.supervisor import Decision, Supervisor
from vla_monitoring.supervision.table import OperatorStop, SupervisionTable

__all__ = ['SupervisorNode', 'SupervisorParameters', 'main']

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TARGET_FRESH_S = 0.3  # an older target is none
AGAIN_S = 0.5  # until a stop that did not take effect is asked for again
STATUSES_PER_LOOK = 2000
TYPES = {'sensor_msgs/msg/JointState': JointState, 'geometry_msgs/msg/PoseStamped': PoseStamped,
         'geometry_msgs/msg/WrenchStamped': WrenchStamped,
         'sensor_msgs/msg/CameraInfo': CameraInfo, 'vla_interfaces/msg/ActionChunk': ActionChunk,
         'vla_interfaces/msg/ExecutionStatus': ExecutionStatus}
GRAVITY = {None: OK, 'warn': WARN, 'pause': WARN, 'hold': ERROR, 'stop': ERROR}


class SupervisorParameters(StrictModel):
    """What the supervisor is told."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    table: str = parameter(
        'supervision', read_only=True,
        description='conditions and reactions: a name in config/monitoring, or a file')
    cameras: bool = parameter(
        True, read_only=True, description='whether the cameras of the robot are to be there')


class SupervisorNode(Node):
    """Watches one robot, and stops it."""

    def __init__(self) -> None:
        super().__init__('supervisor')
        parameters = declare(self, SupervisorParameters)
        self._profile = RobotProfile.load(parameters.robot)
        table = SupervisionTable.load(parameters.table)
        cameras = [camera.name for camera in self._profile.cameras] if parameters.cameras else []
        self._supervisor = Supervisor(
            table, [arm.name for arm in self._profile.arms], cameras, time.monotonic())
        self._health = Health(table.expected, table.stale_after_s, self.get_namespace())
        self._executed: Decision = Decision(None)
        self._shown_text: str | None = None
        self._asked_at = -AGAIN_S  # s of the steady clock
        self._safety: SafetyState | None = None
        self._listen(table)
        self._speak()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / table.rate_hz, self._look, clock=steady)
        self.create_timer(1.0, self._report, clock=steady)

    # ---- wiring

    def _listen(self, table: SupervisionTable) -> None:
        types = {stream.topic: TYPES[table.conditions[name].type]
                 for name, streams in self._supervisor.streams.items() for stream in streams}
        types['execution_status'] = ExecutionStatus
        types['joint_states'] = JointState
        for arm in self._profile.arms:
            for topic, kind in (('current_pose', PoseStamped), ('external_wrench', WrenchStamped),
                                ('target_pose', PoseStamped), ('target_joint', JointState)):
                types[self._below(arm, topic)] = kind
        self._streams = {topic: Sampled(self, kind, topic) for topic, kind in types.items()}
        self._diagnostics = Sampled(self, DiagnosticArray, '/diagnostics', qos=QoSProfile(
            depth=50, reliability=ReliabilityPolicy.BEST_EFFORT))
        self._alarms = Sampled(self, DiagnosticArray, 'policy_alarms', depth=5)
        self.create_subscription(SafetyState, 'safety_state', self._on_safety, LATCHED)
        self.create_subscription(String, 'operator_stop', self._on_operator, 10)
        self._stop_buttons = [entry.joystick_button for entry in table.conditions.values()
                              if isinstance(entry, OperatorStop)]
        self.create_subscription(Joy, 'joy', self._on_joy, 5)

    def _speak(self) -> None:
        self._own = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._tree = self.create_publisher(DiagnosticArray, '/diagnostics_agg', 10)
        self._overall = self.create_publisher(DiagnosticStatus, 'health', LATCHED)
        self._conditions = self.create_publisher(DiagnosticStatus, 'supervision', LATCHED)
        self._stop = self.create_client(Trigger, 'stop')
        # Whoever waits for the controller's answer must not keep the supervisor from watching.
        aside = ReentrantCallbackGroup()
        self._release = self.create_client(Trigger, 'release', callback_group=aside)
        self._pause = self.create_client(Trigger, 'execution/stop')
        self._resume = self.create_client(Trigger, 'execution/start')
        self._cancel = self.create_client(CancelGoal, 'execute_task/_action/cancel_goal')
        self.create_service(Trigger, 'supervisor/stop', self._on_stop)
        self.create_service(
            Trigger, 'supervisor/release', self._on_release, callback_group=aside)

    def _below(self, arm: ArmProfile, topic: str) -> str:
        return f'{arm.name}/{topic}' if len(self._profile.arms) > 1 else topic

    # ---- operators

    def _on_operator(self, message: String) -> None:
        self._stop_now(message.data[:100])

    def _on_joy(self, message: Joy) -> None:
        if any(button < len(message.buttons) and message.buttons[button]
               for button in self._stop_buttons):
            self._stop_now('the joystick')

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stop_now('service supervisor/stop')
        response.success = self._stop.service_is_ready()
        response.message = ('stop requested' if response.success else
                            'the service stop of the controller is not there: nothing was stopped')
        return response

    def _stop_now(self, who: str) -> None:
        self._supervisor.operator_stop(who)
        self._asked_at = -AGAIN_S  # a person is never made to wait
        self._decide(time.monotonic())

    async def _on_release(
        self, request: Trigger.Request, response: Trigger.Response,
    ) -> Trigger.Response:
        response.message = self._supervisor.release(time.monotonic())
        if response.message:
            response.message = f'cannot be released: {response.message}'
            return response
        self._executed = self._supervisor.decide(time.monotonic())
        response.success, response.message = True, 'released'
        if self._stopped and self._release.service_is_ready():
            answer = await self._release.call_async(Trigger.Request())
            response.success, response.message = answer.success, answer.message
        return response

    def _on_safety(self, message: SafetyState) -> None:
        was_stopped = self._stopped
        self._safety = message
        if was_stopped and not self._stopped:
            # Let go elsewhere, on purpose: what no longer holds is let go here too.
            self._supervisor.release(time.monotonic())

    @property
    def _stopped(self) -> bool:
        return self._safety is not None and self._safety.level == SafetyState.STOPPED

    # ---- what it sees

    def _look(self) -> None:
        now = time.monotonic()
        self._look_at_streams(now)
        self._look_at_arms()
        self._look_at_diagnostics(now)
        for message in self._alarms.take():
            for status in message.status:
                if status.name in PURPOSES:
                    alarm = status.level == DiagnosticStatus.ERROR
                    self._supervisor.alarm(status.name, status.message[:300] if alarm else '')
        self._supervisor.limiting(
            self._safety is not None and self._safety.level == SafetyState.LIMITING, now)
        self._supervisor.clock(time.time(), now)
        self._decide(now)

    def _look_at_streams(self, now: float) -> None:
        for sampled in self._streams.values():
            sampled.look()
        for streams in self._supervisor.streams.values():
            for stream in streams:
                message = self._streams[stream.topic].newest
                if message is not None:
                    stream.saw(time_from_message(message.header.stamp), now)
        status = self._streams['execution_status'].newest
        self._supervisor.acting = status is not None and status.state in (
            ExecutionStatus.EXECUTING, ExecutionStatus.STARVED)

    def _look_at_arms(self) -> None:
        for arm in self._profile.arms:
            wrench = self._streams[self._below(arm, 'external_wrench')].newest
            if wrench is not None:
                f, t = wrench.wrench.force, wrench.wrench.torque
                self._supervisor.force(arm.name, float(np.linalg.norm([f.x, f.y, f.z])),
                                       float(np.linalg.norm([t.x, t.y, t.z])))
            self._supervisor.error(arm.name, *self._pose_error(arm), self._joint_error(arm))

    def _pose_error(self, arm: ArmProfile) -> tuple[float, float]:
        target = self._streams[self._below(arm, 'target_pose')].newest
        pose = self._streams[self._below(arm, 'current_pose')].newest
        if pose is None or not self._fresh(target) or (
                target.header.frame_id != pose.header.frame_id):
            return 0.0, 0.0
        (p, q), (there, turn) = pose_from_message(pose.pose), pose_from_message(target.pose)
        if not np.isfinite([*there, *turn]).all():
            return 0.0, 0.0  # the controller refuses it, so nothing is tracked
        return float(np.linalg.norm(p - there)), float(angle_between(q, turn))

    def _joint_error(self, arm: ArmProfile) -> float:
        target = self._streams[self._below(arm, 'target_joint')].newest
        state = self._streams['joint_states'].newest
        if state is None or not self._fresh(target):
            return 0.0
        with suppress(ConversionError):
            wanted = [name for name in arm.joints if name in target.name]
            there = reorder(target.name, target.position, wanted)
            if not np.isfinite(there).all():
                return 0.0
            error = there - reorder(state.name, state.position, wanted)
            return float(np.max(np.abs(error), initial=0.0))
        return 0.0

    def _fresh(self, message: object) -> bool:
        if message is None:
            return False
        age = self.get_clock().now().nanoseconds - time_from_message(message.header.stamp)
        return abs(age) < TARGET_FRESH_S * 1e9

    def _look_at_diagnostics(self, now: float) -> None:
        heard = 0
        for message in self._diagnostics.take():
            for status in message.status[:STATUSES_PER_LOOK - heard]:
                self._health.hear(status.name, status.level, status.message, now)
                heard += 1
        own = self.get_fully_qualified_name().lstrip('/')
        self._supervisor.health(
            (level, text) for level, text in self._health.report(now).ill
            if not text.lstrip('/').startswith(own))

    # ---- what it does

    def _decide(self, now: float) -> None:
        decision = self._supervisor.decide(now)
        self._say(decision)
        before, self._executed = self._executed.reaction, decision
        if decision.reaction == 'stop' and not self._stopped and now - self._asked_at >= AGAIN_S:
            self._asked_at = now
            self._ask(self._stop, 'stop')
        if decision.reaction in ('pause', 'hold', 'stop'):
            if before not in ('pause', 'hold', 'stop'):
                self._ask(self._pause, 'execution/stop')
            # A stop ends tasks by itself, and says that it was one.
            stopped = decision.reaction == 'stop' and self._stop.service_is_ready()
            if (decision.reaction != 'pause' and before not in ('hold', 'stop')
                    and not stopped and self._cancel.service_is_ready()):
                self._cancel.call_async(CancelGoal.Request())  # of all goals
        elif before == 'pause':
            self._ask(self._resume, 'execution/start')

    def _ask(self, client: object, name: str) -> None:
        if client.service_is_ready():
            client.call_async(Trigger.Request())
        elif name == 'stop':
            self.get_logger().error('the service stop of the controller is not there')

    def _say(self, decision: Decision) -> None:
        text = '; '.join(f'{entry.name} {entry.reaction} {entry.present}'
                         for entry in decision.active)
        if text == self._shown_text:
            return
        self._shown_text = text
        self._conditions.publish(self._condition_status(decision))
        if decision.reaction in ('hold', 'stop'):
            self.get_logger().error(decision.text)
        elif decision.reaction is not None:
            self.get_logger().warning(decision.text)
        else:
            self.get_logger().info('all conditions are calm')

    def _condition_status(self, decision: Decision) -> DiagnosticStatus:
        return DiagnosticStatus(
            name=f'{self.get_fully_qualified_name()}: conditions',
            level=bytes([GRAVITY[decision.reaction]]), message=decision.text or 'calm',
            values=[KeyValue(key='reaction', value=decision.reaction or 'none'),
                    *(KeyValue(key=entry.name, value=f'{entry.reaction}: {entry.text}')
                      for entry in decision.active)])

    def _report(self) -> None:
        report = self._health.report(time.monotonic())
        stamp = self.get_clock().now().to_msg()
        own = DiagnosticArray(status=[self._condition_status(self._executed)])
        own.header.stamp = stamp
        self._own.publish(own)
        overall = DiagnosticStatus(
            name='robot', level=bytes([report.level]), message=report.message,
            values=[KeyValue(key=level, value=text) for level, text in report.ill[:20]])
        self._overall.publish(overall)
        tree = DiagnosticArray(status=[overall, *_tree(report)])
        tree.header.stamp = stamp
        self._tree.publish(tree)


def _tree(report: Report) -> list[DiagnosticStatus]:
    """Every part below the robot, as diagnostic_aggregator names them."""
    return [DiagnosticStatus(
        name='robot/' + name.strip('/').replace(': ', '/'),
        level=bytes([level if OK <= level <= STALE else ERROR]), message=message)
        for name, level, message in report.parts]


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run_node(SupervisorNode, args)


if __name__ == '__main__':
    raise SystemExit(main())
