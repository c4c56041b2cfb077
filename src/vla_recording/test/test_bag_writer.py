"""Bags have the form of rosbag2, and a disk that takes no more ends them without harm."""
import resource
import threading
from pathlib import Path

import pytest
import yaml
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from synthetic_bag import TYPES, SyntheticBag

from vla_recording.bag_writer import BagWriter, DiskError
from vla_recording.definitions import type_hash
from vla_recording.episode import Episode
from vla_recording.errors import BagError
from vla_recording.recovery import recover
from vla_recording.writing import EpisodeWriter


def test_metadata_has_every_key_of_version_9(make_bag):
    bag = make_bag()
    content = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert set(content) == {
        'version', 'storage_identifier', 'duration', 'starting_time', 'message_count',
        'topics_with_message_count', 'compression_format', 'compression_mode',
        'relative_file_paths', 'files', 'custom_data', 'ros_distro'}
    assert content['version'] == 9 and content['ros_distro'] == 'jazzy'
    assert content['relative_file_paths'] == ['episode_0.mcap']
    topics = {entry['topic_metadata']['name']: entry
              for entry in content['topics_with_message_count']}
    joints = topics['/joint_states']
    assert joints['message_count'] == 100
    assert joints['topic_metadata']['type_description_hash'] == type_hash(TYPES['/joint_states'])
    assert joints['topic_metadata']['offered_qos_profiles'][0]['reliability'] == 'reliable'
    assert sum(entry['message_count'] for entry in topics.values()) == content['message_count']
    assert not list(bag.glob('.*')), 'no ballast is left'


def test_the_mcap_file_explains_itself(make_bag):
    bag = make_bag()
    with (bag / 'episode_0.mcap').open('rb') as stream:
        reader = make_reader(stream)
        assert reader.get_header().profile == 'ros2'
        summary = reader.get_summary()
        records = {record.name: record.metadata for record in reader.iter_metadata()}
    schema = next(entry for entry in summary.schemas.values()
                  if entry.name == 'sensor_msgs/msg/JointState')
    assert schema.encoding == 'ros2msg'
    assert b'=' * 80 + b'\nMSG: builtin_interfaces/Time\n' in schema.data
    channel = next(entry for entry in summary.channels.values() if entry.topic == '/joint_states')
    assert channel.metadata['topic_type_hash'].startswith('RIHS01_')
    assert yaml.safe_load(channel.metadata['offered_qos_profiles'])[0]['depth'] == 10
    assert records['vla_episode']['instruction'] == 'pick the red cube'
    assert 'rosbag2_bagfile_information' in records['rosbag2']['serialized_metadata']


def test_custom_data_brings_the_episode_back(make_bag):
    bag = make_bag(episode=Episode(
        episode_id='e1', instruction='öffne die Lade', labels=('operator=ada',), marks=2,
        outcome='failed', note='slipped: twice', topics={'front/image_raw': '/cam/image'}))
    data = yaml.safe_load((bag / 'metadata.yaml').read_text())[
        'rosbag2_bagfile_information']['custom_data']
    episode = Episode.of_custom_data(data)
    assert (episode.instruction, episode.outcome, episode.marks) == ('öffne die Lade', 'failed', 2)
    assert episode.labels == ('operator=ada',) and episode.topics == {
        'front/image_raw': '/cam/image'}
    assert episode.load_profile().name == 'franka'
    assert episode.load_contract().name == 'synthetic'
    assert Episode.of_custom_data(None) == Episode()


def test_a_name_that_is_taken_is_refused(make_bag):
    bag = make_bag()
    with pytest.raises(BagError, match='exists already'):
        BagWriter(bag)


def fill(folder):
    """In a process whose files may not grow beyond 300 kB."""
    bag = SyntheticBag(folder / 'episode', seconds=0.1, chunk_bytes=30_000)
    writer = bag.writer
    try:
        for index in range(1000):
            bag.write('/front/image_raw', 0.2 + index / 100)
    except DiskError as error:
        print(error)
    writer.close({'outcome': 'unknown'})


def test_what_was_written_before_the_disk_was_full_is_a_whole_bag(tmp_path, python):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    code = ('import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);'
            'from vla_recording import bag_writer; bag_writer.BALLAST_BYTES = 100_000;'
            'import test_bag_writer; test_bag_writer.fill(Path(sys.argv[2]))')
    process = python('-c', code, str(Path(__file__).parent), str(tmp_path),
                     preexec=limit)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert 'may not grow further; what was written is kept' in said
    bag = tmp_path / 'episode'
    assert recover(bag).was_whole
    with AnyReader([bag]) as reader:
        images = sum(entry.topic == '/front/image_raw' for entry, _, _ in reader.messages())
    assert images * 2304 > 180_000


class SlowBag:
    """A bag on a disk that stands still until it is let go."""

    def __init__(self, bag):
        self._bag, self.go = bag, threading.Event()

    def write(self, *message):
        self.go.wait(20)
        self._bag.write(*message)

    def __getattr__(self, name):
        return getattr(self._bag, name)


def test_a_disk_that_is_too_slow_costs_messages_that_are_counted(tmp_path):
    bag = SyntheticBag(tmp_path / 'episode', seconds=0.01)
    slow = SlowBag(bag.writer)
    writer = EpisodeWriter(slow, queue_bytes=10_000)
    taken = sum(writer.write('/front/image_raw', 10**18 + index, 10**18 + index, bytes(1000))
                for index in range(50))
    assert 10 <= taken < 50
    assert writer.progress.lost == {'/front/image_raw': 50 - taken}
    slow.go.set()
    progress = writer.finish(bag.episode.custom_data())
    assert progress.messages == taken and not progress.failure
    with AnyReader([tmp_path / 'episode']) as reader:
        kept = sum(log_ns < 10**18 + 50 for _, log_ns, _ in reader.messages())
        assert kept == taken


def test_a_disk_without_room_ends_the_writing(tmp_path, wait_for):
    bag = SyntheticBag(tmp_path / 'episode', seconds=0.01)
    writer = EpisodeWriter(bag.writer, queue_bytes=1 << 20, reserve_bytes=1 << 60)
    failure = wait_for(lambda: writer.progress.failure)
    assert 'are left on the disk' in failure and 'what was written is kept' in failure
    assert not writer.write('/joint_states', 1, 1, b'late')
    assert writer.finish({}).lost_messages == 1
    assert recover(tmp_path / 'episode').was_whole
