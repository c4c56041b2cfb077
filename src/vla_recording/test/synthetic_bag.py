"""Bags of a robot that never was: small, quick, and with everything known."""
import numpy as np
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.msg import get_types_from_msg

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_recording.bag_metadata import BagTopic
from vla_recording.bag_writer import BagWriter
from vla_recording.definitions import definition_text, type_hash
from vla_recording.episode import Episode

START_NS = 1_800_000_000_000_000_000
WIDTH, HEIGHT = 32, 24
RELIABLE = {
    'history': 'keep_last', 'depth': 10, 'reliability': 'reliable', 'durability': 'volatile',
    'deadline': {'sec': 9223372036, 'nsec': 854775807},
    'lifespan': {'sec': 9223372036, 'nsec': 854775807}, 'liveliness': 'automatic',
    'liveliness_lease_duration': {'sec': 9223372036, 'nsec': 854775807},
    'avoid_ros_namespace_conventions': False}
TYPES = {
    '/front/image_raw': 'sensor_msgs/msg/Image', '/joint_states': 'sensor_msgs/msg/JointState',
    '/current_pose': 'geometry_msgs/msg/PoseStamped',
    '/target_pose': 'geometry_msgs/msg/PoseStamped',
    '/gripper_position_controller/commands': 'std_msgs/msg/Float64MultiArray',
    '/teleop_status': 'std_msgs/msg/String', '/committed_chunk': 'vla_interfaces/msg/ActionChunk'}

CONTRACT = {
    'name': 'synthetic', 'robot': 'franka', 'rate_hz': 10.0,
    'images': [{'key': 'observation.images.front', 'topic': 'front/image_raw',
                'processing': {'width': 16, 'height': 12, 'fit': 'stretch'}}],
    'state': {'max_age_s': 0.1, 'parts': [
        {'source': 'tip_pose', 'topic': 'current_pose', 'arm': 'arm', 'rotation': 'rotation_6d'},
        {'source': 'gripper', 'topic': 'joint_states', 'arm': 'arm'}]},
    'action': {'horizon': 8, 'space': {
        'kind': 'pose', 'names': ['arm'], 'frame': 'base', 'rotation': 'rotation_6d',
        'gripper': 'normalised_open'}}}


def contract() -> PolicyContract:
    """The contract that the bags serve."""
    return PolicyContract.model_validate(CONTRACT)


class SyntheticBag:
    """
    Writes one bag: a camera at 20 Hz, joints and pose at 50 Hz, targets at 25 Hz.

    ``jump(t)`` shifts stamps, in s; ``dropped`` maps a topic to a span of time, in s, without it.
    """

    def __init__(self, path, *, seconds=2.0, robot='franka', episode=None, jump=None, dropped=None,
                 without=(), in_charge=None, namespace='', frame='base', **options):
        self.store = get_typestore(Stores.ROS2_JAZZY)
        for name in ('ActionSpace', 'ActionChunk'):
            text = definition_text(f'vla_interfaces/msg/{name}').split('=' * 80)[0]
            self.store.register(get_types_from_msg(text, f'vla_interfaces/msg/{name}'))
        profile = RobotProfile.load(robot)
        entry = episode or Episode(
            episode_id=path.name, instruction='pick the red cube', outcome='succeeded',
            namespace=namespace or '/')
        self.episode = entry.with_models(
            profile, contract() if robot == 'franka' else None)
        self._jump = jump or (lambda time: 0.0)
        self._dropped = dropped or {}
        self._namespace = namespace
        self._frame = frame
        self.writer = BagWriter(path, self.episode.custom_data(), **options)
        for topic, kind in TYPES.items():
            if topic not in without:
                self.writer.add_topic(BagTopic(
                    namespace + topic, kind, definition_text(kind), type_hash(kind), (RELIABLE,)))
        events = []
        for topic, rate in {'/front/image_raw': 20, '/joint_states': 50, '/current_pose': 50,
                            '/target_pose': 25, '/gripper_position_controller/commands': 5}.items():
            if topic not in without:
                events += [(index / rate, topic) for index in range(round(seconds * rate))]
        if in_charge is not None:
            events += [(time, '/teleop_status') for time in in_charge]
        self._in_charge = in_charge or {}
        for time, topic in sorted(events):
            begin, end = self._dropped.get(topic, (1, 0))
            if not begin <= time < end:
                self.write(topic, time)

    def write(self, topic, time, message=None):
        """Write one message at ``time``, in s from the start."""
        stamp_ns = START_NS + round((time + self._jump(time)) * 1e9)
        log_ns = START_NS + round((time + 0.002) * 1e9)
        message = message or self._message(topic, time, stamp_ns)
        data = bytes(self.store.serialize_cdr(message, TYPES[topic]))
        self.writer.write(self._namespace + topic, log_ns, log_ns, data)

    def close(self):
        """End the bag, and return its folder."""
        self.writer.close()
        return self.writer.path

    def _message(self, topic, time, stamp_ns):
        kinds = self.store.types
        header = kinds['std_msgs/msg/Header'](
            kinds['builtin_interfaces/msg/Time'](*divmod(stamp_ns, 1_000_000_000)), self._frame)
        if topic == '/front/image_raw':
            return kinds['sensor_msgs/msg/Image'](
                header, HEIGHT, WIDTH, 'rgb8', 0, 3 * WIDTH, picture(time).reshape(-1))
        if topic == '/joint_states':
            names = [*RobotProfile.load('franka').joints, 'fr3_finger_joint1']
            zeros = np.zeros(len(names))
            position = zeros.copy()
            position[-1] = 0.02
            return kinds['sensor_msgs/msg/JointState'](header, names, position, zeros, zeros)
        if topic in ('/current_pose', '/target_pose'):
            place = kinds['geometry_msgs/msg/Point'](*position_at(time).tolist())
            turn = kinds['geometry_msgs/msg/Quaternion'](0.0, 0.0, 0.0, 1.0)
            return kinds['geometry_msgs/msg/PoseStamped'](
                header, kinds['geometry_msgs/msg/Pose'](place, turn))
        if topic == '/teleop_status':
            return kinds['std_msgs/msg/String'](self._in_charge[time])
        layout = kinds['std_msgs/msg/MultiArrayLayout']([], 0)
        position = np.array([0.04 if time < 1 else 0.0])
        return kinds['std_msgs/msg/Float64MultiArray'](layout, position)


def position_at(time):
    """Where the tip is, and is told to be: [3] in m."""
    return np.array([0.4 + 0.05 * time, 0.1 * np.sin(time), 0.3])


def picture(time):
    """What the camera shows: a smooth image that tells the time by its colours."""
    ramp = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))[..., None]
    return (ramp + np.array([40, 90, 20 + 40 * time])).clip(0, 255).astype(np.uint8)
