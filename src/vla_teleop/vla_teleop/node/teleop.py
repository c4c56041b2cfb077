"""The node `teleop`: a person's devices in, targets out, and who is in charge."""
import sys
import time
from dataclasses import replace
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosidl_runtime_py.utilities import get_message
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_core.action_chunk import ChunkError
from vla_core.action_space import ActionSpaceMismatch
from vla_core.conversion import ConversionError, chunk_from_message, time_to_message
from vla_core.node import run_node
from vla_core.parameters import NodeParameters
from vla_core.profile import RobotProfile
from vla_interfaces.msg import ActionChunk, ExecutionStatus, SafetyState, TeleopStatus
from vla_teleop import device
from vla_teleop.authority import Authority, Facts
from vla_teleop.axes import Axes
from vla_teleop.device_watch import DeviceWatch
from vla_teleop.devices.leader_arm import LeaderArm
from vla_teleop.node.episodes import Episodes
from vla_teleop.node.feedback import Feedback
from vla_teleop.node.outputs import Outputs
from vla_teleop.node.parameters import TeleopParameters, device_options
from vla_teleop.node.robot import Robot
from vla_teleop.node.services import Asker
from vla_teleop.policy_gripper import PolicyGripper
from vla_teleop.sample import TeleopSample, merge
from vla_teleop.teleoperator import Teleoperator

__all__ = ['TeleopNode', 'main']

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
LONGEST_STEP = 0.05  # s that a reference moves on at once
STATUS_S, SHOW_S = 0.5, 0.2
FRESH_S = 0.5  # of execution_status
RUNNING = (ExecutionStatus.EXECUTING, ExecutionStatus.STARVED, ExecutionStatus.HOLDING)
CODES = {'nobody': TeleopStatus.NOBODY, 'policy': TeleopStatus.POLICY,
         'person': TeleopStatus.PERSON, 'shared': TeleopStatus.SHARED}
CHARGE = ('take_over', 'hand_back', 'share')
EPISODE = ('record', 'start', 'keep', 'succeeded', 'failed', 'discard', 'mark')


class TeleopNode(Node):
    """Lets a person move the robot."""

    def __init__(self) -> None:
        super().__init__('teleop')
        self._settings = NodeParameters(self, TeleopParameters)
        values = self._settings.values
        options = device_options(values)
        profile = RobotProfile.load(values.robot)
        self._teleoperator = Teleoperator(
            profile, values.drive, arm=values.arm, axes=Axes(values.frame, values.yaw),
            gripper_speed=values.gripper_speed, hold_s=values.hold_timeout)
        devices = {name: device.create(name, options.get(name, {}), profile)
                   for name in values.devices}
        self._watches = [DeviceWatch(name, one, self.get_logger().info)
                         for name, one in devices.items()]
        self._authority = Authority(values.take_over_by == 'dead_man')
        self._policy_gripper = PolicyGripper(profile)
        self._robot = Robot(self, profile, values.gripper_controller)
        self._outputs = Outputs(self, profile, self._robot, values.gripper_controller)
        self._asker = Asker(self)
        for name in ('execution/start', 'execution/stop', 'stop'):
            self._asker.expect(Trigger, name)
        self._episodes = Episodes(self, self._asker, self._say)
        self._feedback = [Feedback(self, one) for one in devices.values()
                          if isinstance(one, LeaderArm)]
        self._stop_word = self.create_publisher(String, 'operator_stop', 10)
        self._status = self.create_publisher(TeleopStatus, 'teleop_status', LATCHED)
        self._pressed: list[str] = []
        self._message, self._told = '', ''
        self._held: frozenset[str] = frozenset()
        self._published: TeleopStatus | None = None
        self._published_s = self._shown_s = float('-inf')
        self._executing, self._heard_s = False, float('-inf')
        self._stopped = False
        self._ticked_ns = self.get_clock().now().nanoseconds
        self._listen()
        self.create_timer(
            1.0 / values.rate, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f'{", ".join(values.devices)} for {profile.name}')

    def _listen(self) -> None:
        self.create_subscription(ActionChunk, 'action_chunk', self._take_chunk, 10)
        self.create_subscription(ExecutionStatus, 'execution_status', self._take_execution, 10)
        self.create_subscription(SafetyState, 'safety_state', self._take_safety, LATCHED)
        for watch in self._watches:
            for topic, kind in watch.device.subscriptions:
                self.create_subscription(
                    get_message(kind), topic,
                    lambda message, topic=topic, one=watch.device: one.take(
                        topic, message, time.monotonic_ns()), qos_profile_sensor_data)
        for name in CHARGE:
            self.create_service(
                Trigger, f'teleop/{name}',
                lambda request, response, name=name: self._serve(name, response))

    # ---- inputs

    def _serve(self, name: str, response: Trigger.Response) -> Trigger.Response:
        self._pressed.append(name)
        response.success = not self._stopped
        response.message = ('teleop_status says when' if response.success
                            else 'the safety chain has stopped the robot; release it first')
        return response

    def _take_chunk(self, message: ActionChunk) -> None:
        try:
            self._policy_gripper.add(chunk_from_message(message))
        except (ConversionError, ChunkError, ActionSpaceMismatch) as error:
            self._say(f'chunk ignored: {error}')

    def _take_execution(self, message: ExecutionStatus) -> None:
        self._executing, self._heard_s = message.state in RUNNING, time.monotonic()

    def _take_safety(self, message: SafetyState) -> None:
        self._stopped = message.level >= SafetyState.STOPPED

    # ---- the tick

    def _tick(self) -> None:
        now_ns, steady_ns = self.get_clock().now().nanoseconds, time.monotonic_ns()
        dt = min(max((now_ns - self._ticked_ns) * 1e-9, 0.0), LONGEST_STEP)
        self._ticked_ns = now_ns
        sample = self._poll(steady_ns)
        self._robot.forget(self._settings.values.max_state_age)
        authority, facts = self._authority, self._facts(sample)
        said, before = authority.message, authority.in_charge
        request = authority.update(steady_ns * 1e-9, facts, sample.pressed)
        if request is not None:
            self._asker.ask({'stop_execution': 'execution/stop',
                             'start_execution': 'execution/start'}[request], authority.answered)
        if authority.message != said:
            self._say(authority.message)
        if before in ('person', 'shared') and authority.in_charge not in ('person', 'shared'):
            for watch in self._watches:
                watch.device.release()
        sample = self._audible(sample)
        # While somebody else streams nothing moves on unseen: it begins anew where the arm is.
        targets = self._teleoperator.update(
            sample, self._robot.states,
            authority.in_charge if authority.may_publish(facts) else 'nobody',
            authority.person_moves, dt, lambda arm: self._policy_gripper.opening(arm, now_ns))
        for arm, target in targets.items():
            self._outputs.publish(arm, target, now_ns)
        for feedback in self._feedback:
            feedback.active = self._teleoperator.engaged
        self._report(facts)

    def _poll(self, steady_ns: int) -> TeleopSample:
        samples = tuple(filter(None, (watch.poll(steady_ns) for watch in self._watches)))
        merged = merge(samples)
        pressed = (*self._pressed, *merged.pressed)
        self._pressed.clear()
        values = self._settings.values
        for name in pressed:
            if name == 'stop':
                self._stop_word.publish(String(data='teleoperation'))
                self._asker.ask('stop', lambda success, message: self._say(f'stop: {message}'))
            elif name in EPISODE:
                self._episodes.press(name, values.instruction, values.labels)
        self._held = merged.held
        return TeleopSample(merged.arms, merged.held, pressed)

    def _audible(self, sample: TeleopSample) -> TeleopSample:
        """Without what would move an arm whose targets nobody takes yet."""
        deaf = [arm for arm in self._robot.states if not self._outputs.heard(arm)]
        if not deaf:
            return sample
        if 'dead_man' in sample.held:
            self._say(f'nobody takes the targets of {", ".join(deaf)} yet')
        return replace(sample, arms={})

    def _facts(self, sample: TeleopSample) -> Facts:
        running = self._executing and time.monotonic() - self._heard_s < FRESH_S
        return Facts(
            execution_present=(self._asker.present('execution/stop')
                               and self._asker.present('execution/start')),
            execution_running=running, quiet_s=self._robot.quiet_s,
            own_quiet_s=self._robot.own_quiet_s, at_rest=self._teleoperator.at_rest,
            dead_man='dead_man' in sample.held, stopped=self._stopped)

    # ---- what others see

    def _say(self, text: str) -> None:
        if text and text != self._message:
            self.get_logger().info(text)
        self._message = text

    def _report(self, facts: Facts) -> None:
        authority, teleoperator = self._authority, self._teleoperator
        message = TeleopStatus(
            in_charge=CODES[authority.in_charge], changing=authority.changing,
            devices=[watch.name for watch in self._watches if watch.alive],
            lost_devices=[watch.name for watch in self._watches if not watch.alive],
            dead_man=facts.dead_man, clutch='clutch' in self._held,
            arm=teleoperator.arm, frame=teleoperator.axes.frame,
            message=self._message or self._robot.problem)
        now = time.monotonic()
        if message != self._published or now - self._published_s >= STATUS_S:
            self._published, self._published_s = message, now
            stamped = TeleopStatus(**{name: getattr(message, name) for name in (
                'in_charge', 'changing', 'devices', 'lost_devices', 'dead_man', 'clutch', 'arm',
                'frame', 'message')})
            time_to_message(self.get_clock().now().nanoseconds, stamped.header.stamp)
            self._status.publish(stamped)
        if now - self._shown_s >= SHOW_S:
            self._shown_s = now
            self._show()

    def _show(self) -> None:
        lines: dict[str, Any] = {
            'in charge': self._authority.in_charge + (', changing' if self._authority.changing
                                                      else ''),
            'arm': self._teleoperator.arm, 'axes': self._teleoperator.axes.frame,
            'episode': self._episodes.line, 'robot': self._robot.problem,
            'lost': '; '.join(f'{watch.name}: {watch.problem}' for watch in self._watches
                              if watch.problem), 'last': self._message}
        for watch in self._watches:
            watch.device.show(lines)

    def destroy_node(self) -> None:
        """Close the devices: a terminal gets its manners back."""
        for watch in self._watches:
            watch.close()
        super().destroy_node()


def main() -> int:
    """Entry point of ``ros2 run vla_teleop teleop``."""
    return run_node(TeleopNode)


if __name__ == '__main__':
    sys.exit(main())
