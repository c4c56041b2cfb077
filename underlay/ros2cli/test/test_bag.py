import json
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

TOPICS = ['/chatter', '/joint_states', '/description']


@pytest.fixture(scope='module')
def bag(robot, start, ros2, tmp_path_factory) -> Path:
    """Record three topics until SIGINT."""
    path = tmp_path_factory.mktemp('bags') / 'run'
    with start('bag', 'record', '-o', str(path), *TOPICS, '--custom-data', 'operator=me') as record:
        seen = [record.stdout.readline() for _ in range(4)]
        assert {f"Subscribed to topic '{topic}'\n" for topic in TOPICS} <= set(seen)
        time.sleep(1.0)
        record.send_signal(signal.SIGINT)
        assert record.wait(10) == 0
        assert record.stdout.read().startswith('Recorded ')
    return path


def test_metadata_is_that_of_version_9(bag):
    information = yaml.safe_load(
        (bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert (information['version'], information['storage_identifier']) == (9, 'mcap')
    assert information['custom_data'] == {'operator': 'me'}
    assert information['ros_distro'] == 'jazzy'
    assert information['relative_file_paths'] == ['run_0.mcap']
    assert [path.name for path in bag.glob('*.mcap')] == ['run_0.mcap']
    topics = {
        entry['topic_metadata']['name']: entry['topic_metadata']
        for entry in information['topics_with_message_count']}
    assert sorted(topics) == sorted(TOPICS)
    joints = topics['/joint_states']
    assert joints['offered_qos_profiles'][0]['reliability'] == 'best_effort'
    assert topics['/description']['offered_qos_profiles'][0]['durability'] == 'transient_local'
    assert joints['type_description_hash'] == _installed_hash('sensor_msgs', 'JointState')


def test_other_readers_decode_the_messages(bag):
    with AnyReader([bag]) as reader:
        joints = [
            reader.deserialize(data, connection.msgtype)
            for connection, _, data in reader.messages() if connection.topic == '/joint_states']
        stamps = [stamp for _, stamp, _ in reader.messages()]
    assert len(joints) > 20
    assert joints[0].name == ['a', 'b']
    assert stamps == sorted(stamps)
    with next(bag.glob('*.mcap')).open('rb') as stream:
        reader = make_reader(stream)
        assert reader.get_header().profile == 'ros2'
        schemas = {schema.name: schema for schema in reader.get_summary().schemas.values()}
    joint_state = schemas['sensor_msgs/msg/JointState']
    assert joint_state.encoding == 'ros2msg'
    assert b'=' * 80 + b'\nMSG: builtin_interfaces/Time\n' in joint_state.data


def test_info(ros2, bag):
    shown = ros2('bag', 'info', str(bag)).stdout
    assert 'Storage id:        mcap\n' in shown
    assert 'Topic: /description | Type: std_msgs/msg/String | Count: 1 | ' in shown
    assert ros2('bag', 'info', '-t', str(bag)).stdout.split() == sorted(TOPICS)


def test_play_publishes_what_was_recorded(start, bag):
    """The bag is played until it is heard, however long the two take to find each other."""
    play = ('bag', 'play', str(bag), '-l', '--start-offset', '0.2', '--topics', '/chatter',
            '--remap', '/chatter:=/again', '--clock')
    counts = []
    with start('topic', 'echo', '/again', '--field', 'data') as echo, start(*play):
        for line in echo.stdout:
            if line.startswith('hello'):
                counts.append(int(line.split()[1]))
            if len(counts) == 12:
                break
    # In order, and from the beginning after the end.
    assert all(after == before + 1 or after < before for before, after in pairwise(counts))
    assert sum(after == before + 1 for before, after in pairwise(counts)) >= 6


def test_play_loops_and_gives_the_clock(ros2, start, bag):
    with start('bag', 'play', str(bag), '-l', '-r', '10', '--clock', '50', '--topics', '/chatter'):
        shown = ros2('topic', 'echo', '/clock', '--once', '--field', 'clock.sec').stdout
    started = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information'][
        'starting_time']['nanoseconds_since_epoch']
    assert abs(int(shown.split()[0]) - started / 1e9) < 5


def test_record_all_without_some(robot, start, tmp_path):
    path = tmp_path / 'all'
    with start('bag', 'record', '-a', '-x', '/(chatter|rosout)', '-o', str(path)) as record:
        for line in record.stdout:
            assert '/chatter' not in line
            assert '/_secret' not in line
            if "'/joint_states'" in line:
                break
        record.send_signal(signal.SIGTERM)
        assert record.wait(10) == 0
    assert (path / 'metadata.yaml').is_file()


def test_bad_input_is_refused_in_one_line(refused, bag, tmp_path):
    assert 'exists already' in refused('bag', 'record', '-a', '-o', str(bag))
    assert 'Nothing to record' in refused('bag', 'record')
    assert 'choose from' in refused('bag', 'record', '-a', '-s', 'sqlite3')
    assert 'No bag' in refused('bag', 'info', str(tmp_path / 'none'))
    assert 'no metadata.yaml' in refused('bag', 'play', str(tmp_path))
    assert "has no topic '/other'" in refused('bag', 'play', str(bag), '--topics', '/other')
    assert '--compression-mode' in refused('bag', 'record', '-a', '--compression-mode', 'file')
    assert "'reindex' is not supported" in refused('bag', 'reindex', str(bag))


def _installed_hash(package: str, name: str) -> str:
    from ament_index_python import get_package_share_directory

    path = Path(get_package_share_directory(package)) / 'msg' / f'{name}.json'
    return next(
        entry['hash_string'] for entry in json.loads(path.read_text())['type_hashes']
        if entry['type_name'] == f'{package}/msg/{name}')
