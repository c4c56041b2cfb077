"""
A policy sees live what it was trained on: one bag through both ways, bit for bit.

Live: the messages as rclpy decodes them, one after another, an observation whenever there is a
newer one. Offline: the bag as rosbags decodes it, at the times of those observations.
"""
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage, Image, JointState

from vla_core.policy_contract import assemble_observation
from vla_core.samples import sample_from_message
from vla_core.streams import ObservationStreams
from vla_inference.assembly import ObservationAssembly, ObservationUnavailable
from vla_inference.bag import observations_of
from vla_inference.delays import Delays

MS = 1_000_000
START = 1_700_000_000_000 * MS
STORE = get_typestore(Stores.ROS2_JAZZY)
TYPES = {'sensor_msgs/msg/Image': Image, 'sensor_msgs/msg/CompressedImage': CompressedImage,
         'sensor_msgs/msg/JointState': JointState, 'geometry_msgs/msg/PoseStamped': PoseStamped}
INSTRUCTION = 'Pick up  the red cube'


def of(kind):
    return STORE.types[kind]


def header(stamp_ns):
    stamp = of('builtin_interfaces/msg/Time')(*divmod(stamp_ns, 1_000_000_000))
    return of('std_msgs/msg/Header')(stamp=stamp, frame_id='base')


def picture(random, stamp_ns, width, height, encoding):
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return of('sensor_msgs/msg/Image')(
        header=header(stamp_ns), height=height, width=width, encoding=encoding, is_bigendian=0,
        step=3 * width, data=image.reshape(-1))


def pose(random, stamp_ns):
    place = of('geometry_msgs/msg/Pose')(
        position=of('geometry_msgs/msg/Point')(*random.normal(size=3)),
        orientation=of('geometry_msgs/msg/Quaternion')(*random.normal(size=4)))
    return of('geometry_msgs/msg/PoseStamped')(header=header(stamp_ns), pose=place)


def joints(random, stamp_ns):
    names = [*(f'fr3_joint{index}' for index in range(1, 8)), 'fr3_finger_joint1']
    random.shuffle(names)
    return of('sensor_msgs/msg/JointState')(
        header=header(stamp_ns), name=names, position=random.uniform(0, 0.04, 8),
        velocity=random.normal(size=8), effort=np.zeros(0))


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Two seconds of a robot, received with the delays that transport has."""
    random = np.random.default_rng(7)
    messages = []
    for time_ms in range(0, 2000, 33):
        for topic, encoding, late in (('front', 'bgr8', 9), ('wrist', 'rgb8', 14)):
            stamp = START + (time_ms + late) * MS
            messages.append((stamp + late * MS, f'/{topic}/image_raw',
                             picture(random, stamp, 80, 60, encoding)))
    for time_ms in range(0, 2050, 10):
        stamp = START + time_ms * MS
        messages.append((stamp + random.integers(0, 3) * MS, '/current_pose', pose(random, stamp)))
        messages.append((stamp + random.integers(0, 3) * MS, '/joint_states',
                         joints(random, stamp)))
    path = tmp_path_factory.mktemp('bags') / 'episode'
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {}
        for received_ns, topic, message in sorted(messages, key=lambda entry: entry[0]):
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(connections[topic], int(received_ns), STORE.serialize_cdr(message, kind))
    return path


def live_observations(bag: Path, contract, profile, delays):
    assembly = ObservationAssembly(contract, profile, delays)
    seen = []
    with AnyReader([bag], default_typestore=STORE) as reader:
        for connection, received_ns, data in reader.messages():
            message = deserialize_message(data, TYPES[connection.msgtype])
            topic = connection.topic.lstrip('/')
            assembly.add(topic, sample_from_message(message, connection.msgtype), received_ns)
            if assembly.newer_ns() is None:
                continue
            try:
                seen.append(assembly.observe(INSTRUCTION, received_ns))
            except ObservationUnavailable:
                continue
    return seen


@pytest.mark.parametrize('delays', [
    Delays(), Delays(cameras={'front/image_raw': 0.031, 'wrist/image_raw': 0.012}, state=0.004)])
def test_a_bag_gives_the_same_bytes_live_and_offline(bag, contract, profile, delays):
    live = live_observations(bag, contract, profile, delays)
    assert len(live) > 50
    offline = list(observations_of(
        bag, contract, profile, [entry.stamp_ns for entry in live], INSTRUCTION, delays))
    for one, other in zip(live, offline, strict=True):
        assert one.stamp_ns == other.stamp_ns
        assert one.stream_stamps_ns == other.stream_stamps_ns
        assert one.state.dtype == other.state.dtype
        assert one.state.tobytes() == other.state.tobytes()
        assert one.instruction == other.instruction == 'Pick up the red cube'
        for key, image in one.images.items():
            assert image.shape == other.images[key].shape
            assert image.tobytes() == other.images[key].tobytes()


def test_export_at_the_times_of_a_data_set_uses_the_same_rule(bag, contract, profile):
    """Streams and processing of vla_core alone, as an exporter uses them, agree with both."""
    live = live_observations(bag, contract, profile, Delays())
    streams = ObservationStreams(contract, length=1000)
    with AnyReader([bag], default_typestore=STORE) as reader:
        for connection, _, data in reader.messages():
            streams.add(connection.topic.lstrip('/'), sample_from_message(
                reader.deserialize(data, connection.msgtype), connection.msgtype))
    for seen in live:
        view = streams.at(seen.stamp_ns)
        exported = assemble_observation(
            contract, profile, view.samples, INSTRUCTION, seen.stamp_ns)
        assert exported.state.tobytes() == seen.state.tobytes()
        assert all(exported.images[key].tobytes() == image.tobytes()
                   for key, image in seen.images.items())


def test_a_time_that_the_bag_does_not_cover_is_named(bag, contract, profile):
    with pytest.raises(ObservationUnavailable, match='begins later'):
        list(observations_of(bag, contract, profile, [START], INSTRUCTION))
