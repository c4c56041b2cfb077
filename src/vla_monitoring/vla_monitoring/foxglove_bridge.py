"""
The node `foxglove_bridge`: what RViz shows, for Foxglove, by Foxglove's own SDK.

Serves loopback unless told otherwise, and takes nothing from its clients. Messages go out as they
are, with their ROS definitions, and only while a client looks at their topic. The layout is
config/foxglove/layout.json.
"""
import foxglove
from nav_msgs.msg import Path
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError, StrictModel

__all__ = ['BridgeParameters', 'FoxgloveBridge', 'main', 'topics']

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
MANY = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)


class BridgeParameters(StrictModel):
    """What the bridge is told."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    host: str = parameter('127.0.0.1', read_only=True, description='address to serve at')
    port: int = parameter(8765, ge=1, le=65535, read_only=True, description='port to serve at')


def topics(profile: RobotProfile) -> dict[str, tuple[type, QoSProfile]]:
    """Type and quality of every topic that is handed on."""
    below = [f'{arm.name}/' if len(profile.arms) > 1 else '' for arm in profile.arms]
    return {
        '/tf': (TFMessage, MANY), '/tf_static': (TFMessage, QoSProfile(
            depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)),
        'robot_description': (String, LATCHED), 'joint_states': (JointState, NEWEST),
        'visualisation/markers': (MarkerArray, NEWEST),
        **{f'{arm}{path}': (Path, NEWEST) for arm in below
           for path in ('predicted_path', 'committed_path', 'executed_path')},
        **{f'{camera.name}/prediction': (Image, NEWEST) for camera in profile.cameras}}


class FoxgloveBridge(Node):
    """A channel a topic; a topic is listened to while its channel is."""

    def __init__(self) -> None:
        super().__init__('foxglove_bridge')
        parameters = declare(self, BridgeParameters)
        profile = RobotProfile.load(parameters.robot)
        self._topics = topics(profile)
        self._context = foxglove.Context()
        self._channels = {
            topic: foxglove.Channel(
                self.resolve_topic_name(topic), schema=_schema(kind), message_encoding='cdr',
                context=self._context)
            for topic, (kind, _) in self._topics.items()}
        self._heard: dict[str, object] = {}
        try:
            self._server = foxglove.start_server(
                name=f'{profile.name} {self.get_namespace()}', host=parameters.host,
                port=parameters.port, context=self._context)
        except (OSError, RuntimeError) as error:
            raise ConfigurationError(
                f'foxglove: {parameters.host}:{parameters.port} cannot be served: {error}'
            ) from error
        self.create_timer(0.5, self._follow, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f'Foxglove: ws://{parameters.host}:{parameters.port}')

    def _follow(self) -> None:
        """Listen where a client looks, and nowhere else."""
        for topic, channel in self._channels.items():
            if channel.has_sinks() and topic not in self._heard:
                kind, quality = self._topics[topic]
                self._heard[topic] = self.create_subscription(
                    kind, topic, channel.log, quality, raw=True)
            elif not channel.has_sinks() and topic in self._heard:
                self.destroy_subscription(self._heard.pop(topic))

    def destroy_node(self) -> None:
        """End the server with the node."""
        if hasattr(self, '_server'):
            self._server.stop()
        super().destroy_node()


def _schema(kind: type) -> foxglove.Schema:
    """The definition of a message as ROS writes it."""
    name = '/'.join((kind.__module__.split('.')[0], 'msg', kind.__name__))
    store = get_typestore(Stores.ROS2_JAZZY)
    if name not in store.fielddefs:
        raise ConfigurationError(f'foxglove: the definition of {name} is not known')
    text, _ = store.generate_msgdef(name, ros_version=2)
    return foxglove.Schema(name=name, encoding='ros2msg', data=text.encode())


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run_node(FoxgloveBridge, args)


if __name__ == '__main__':
    raise SystemExit(main())
