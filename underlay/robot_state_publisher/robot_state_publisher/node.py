"""The node: robot_description and joint_states in, /tf, /tf_static and the description out."""
import sys
import time
from pathlib import Path

import rclpy
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor, SetParametersResult
from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from robot_state_publisher.stop_signal import StopSignal
from robot_state_publisher.urdf import Joint, Robot, UrdfError, parse

LOOK_ASIDE_S = 0.05  # how often parameters, services and signals are looked for


class UnknownParameterError(ValueError):
    """A parameter was given that the node does not have."""


class TakenByHand(CallbackGroup):
    """Keeps an executor from what `RobotStatePublisher.take` takes."""

    def can_execute(self, entity) -> bool:
        return False

    def beginning_execution(self, entity) -> bool:
        return False

    def ending_execution(self, entity) -> None:
        pass


class RobotStatePublisher(Node):
    """Publishes where every link of a robot stands; `take` handles what came on joint_states."""

    def __init__(self, description: str = '') -> None:
        """
        Read the parameters and latch what does not move.

        :param description: URDF, unless the parameter robot_description gives one.
        :raises UrdfError: if the description is no robot.
        :raises UnknownParameterError: if a parameter is given that the node does not have.
        """
        super().__init__('robot_state_publisher')
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._descriptions = self.create_publisher(String, 'robot_description', latched)
        self._static_transforms = self.create_publisher(TFMessage, '/tf_static', latched)
        self._transforms = self.create_publisher(TFMessage, '/tf', QoSProfile(depth=100))
        self._declare_parameters(description)
        self._robot: Robot | None = None
        self._messages: dict[str, TransformStamped] = {}
        self._published: dict[str, int] = {}
        self._latest_receipt = 0
        self._set_up(parse(self.get_parameter('robot_description').value))
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._take_parameters)
        self._joint_states = self.create_subscription(
            JointState, 'joint_states', self._publish_moving, qos_profile_sensor_data,
            callback_group=TakenByHand())
        self._waiting = rclpy_implementation.WaitSet(1, 0, 0, 0, 0, 0, self.context.handle)

    def take(self, timeout_sec: float) -> None:
        """
        Wait for joint states and publish those that are due.

        An executor of rclpy spends nearly a millisecond of processor time a message.
        """
        waiting, handle = self._waiting, self._joint_states.handle
        with handle:
            waiting.clear_entities()
            waiting.add_subscription(handle)
            waiting.wait(round(timeout_sec * 1e9))
            for _ in range(qos_profile_sensor_data.depth):
                if (taken := handle.take_message(JointState, False)) is None:
                    break
                self._publish_moving(taken[0])

    def _declare_parameters(self, description: str) -> None:
        self.declare_parameter('robot_description', description, ParameterDescriptor(
            description='URDF of the robot.'))
        self.declare_parameter('publish_frequency', 20.0, ParameterDescriptor(
            description='Highest rate at which transforms of moving joints are published, Hz.',
            floating_point_range=[FloatingPointRange(from_value=0.0, to_value=1000.0)]))
        self.declare_parameter('frame_prefix', '', ParameterDescriptor(
            description='Put before the name of every link, to tell robots apart.'))
        self.declare_parameter('ignore_timestamp', False, ParameterDescriptor(
            description='Publish for every message on joint_states, whatever its stamp.'))
        for name in self._parameter_overrides:
            if not (self.has_parameter(name) or name == 'start_type_description_service'
                    or name.startswith('qos_overrides.')):
                raise UnknownParameterError(
                    f"there is no parameter '{name}': there is robot_description, "
                    'publish_frequency, frame_prefix and ignore_timestamp')

    def _set_up(self, robot: Robot) -> None:
        """Latch the description and the fixed joints, and prepare a message a moving joint."""
        self._robot = robot
        self._interval = period(self.get_parameter('publish_frequency').value)
        self._ignore_timestamp = self.get_parameter('ignore_timestamp').value
        self._messages = {name: self._frames_of(joint) for name, joint in robot.moving.items()}
        self._published = {}
        now = self.get_clock().now().to_msg()
        still = []
        for joint in robot.fixed:
            still.append(self._frames_of(joint))
            place(still[-1], now, joint, 0.0)
        self._static_transforms.publish(TFMessage(transforms=still))
        self._descriptions.publish(String(data=self.get_parameter('robot_description').value))
        for joint in robot.joints:
            if joint.kind in ('floating', 'planar'):
                self.get_logger().info(
                    f"joint '{joint.name}' is {joint.kind}: joint_states cannot tell where it is, "
                    'so its transform is left to others')
        self.get_logger().info(
            f"robot '{robot.name}': {len(robot.moving)} moving and {len(robot.fixed)} fixed joints "
            f"from '{robot.root}'")

    def _frames_of(self, joint: Joint) -> TransformStamped:
        prefix = self.get_parameter('frame_prefix').value
        message = TransformStamped(child_frame_id=prefix + joint.child)
        message.header.frame_id = prefix + joint.parent
        return message

    def _publish_moving(self, state: JointState) -> None:
        """Publish the joints of a message and those that mimic them, if it is their turn."""
        names, positions = state.name, state.position
        if len(names) != len(positions):
            self.get_logger().error(
                f'joint state is ignored: {len(names)} names and {len(positions)} positions '
                f"({', '.join(names)})", throttle_duration_sec=5.0)
            return
        moving = self._robot.moving
        known = {name: position for name, position in zip(names, positions) if name in moving}
        if not known or not self._is_due(known, Time.from_msg(state.header.stamp).nanoseconds):
            return
        batch = []
        for name, position in known.items():
            self._place(batch, moving[name], position, state)
            for follower, multiplier, offset in self._robot.followers.get(name, ()):
                # What was measured counts more than what should be.
                if follower.name not in known:
                    self._place(batch, follower, multiplier * position + offset, state)
        self._transforms.publish(TFMessage(transforms=batch))

    def _place(self, batch: list[TransformStamped], joint: Joint, position: float,
               state: JointState) -> None:
        message = self._messages[joint.name]
        place(message, state.header.stamp, joint, position)
        batch.append(message)

    def _is_due(self, names: dict[str, float], stamp: int) -> bool:
        """Tell whether a message of these joints is to be published, and note that it is."""
        now = self.get_clock().now().nanoseconds
        if now < self._latest_receipt:
            self.get_logger().warning('time jumped back: transforms start anew')
            self._published.clear()
        self._latest_receipt = now
        earliest = min(self._published.get(name, -self._interval) for name in names)
        if not self._ignore_timestamp and stamp < earliest + self._interval:
            return False
        self._published.update(dict.fromkeys(names, stamp))
        return True

    def _check_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == 'robot_description':
                try:
                    parse(parameter.value)
                except UrdfError as error:
                    return SetParametersResult(
                        successful=False, reason=f'robot_description: {error}')
        return SetParametersResult(successful=True)

    def _take_parameters(self, parameters: list[Parameter]) -> None:
        names = {parameter.name for parameter in parameters}
        if names & {'robot_description', 'frame_prefix'}:
            self._set_up(parse(self.get_parameter('robot_description').value))
        self._interval = period(self.get_parameter('publish_frequency').value)
        self._ignore_timestamp = self.get_parameter('ignore_timestamp').value


def period(frequency: float) -> int:
    """Return the time between two messages (ns) at a frequency (Hz); 0 Hz sets no bound."""
    return int(1e9 / frequency) if frequency else 0


def place(message: TransformStamped, stamp, joint: Joint, position: float) -> None:
    """Write into a message where a joint's child stands at a position."""
    (x, y, z), (i, j, k, w) = joint.transform(position)
    message.header.stamp = stamp
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = x, y, z
    rotation.x, rotation.y, rotation.z, rotation.w = i, j, k, w


def main() -> int:
    """Run until told to stop; the optional argument is a URDF file."""
    stop = StopSignal()
    try:
        rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
        arguments = remove_ros_args(sys.argv)[1:]
        description = Path(arguments[0]).read_text() if arguments else ''
        executor = SingleThreadedExecutor()
        node = RobotStatePublisher(description)
        executor.add_node(node)
        while not stop.received.done():
            aside = time.monotonic() + LOOK_ASIDE_S
            while (left := aside - time.monotonic()) > 0.0:
                node.take(left)
            executor.spin_once(timeout_sec=0.0)
    except UrdfError as error:
        return fail(f'robot_description: {error}')
    except rclpy_implementation.RCLError as error:
        return fail(' '.join(str(error).split(', at /')[0].split()))
    except (OSError, UnknownParameterError, InvalidParameterTypeException,
            InvalidParameterValueException) as error:
        return fail(str(error))
    finally:
        rclpy.try_shutdown()
    return 0


def fail(reason: str) -> int:
    """Say in one line why the node cannot run, and return the exit status."""
    rclpy.logging.get_logger('robot_state_publisher').fatal(reason)
    return 1
