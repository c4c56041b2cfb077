import signal

import pytest
import yaml

pytestmark = pytest.mark.usefixtures('robot')


def test_list(ros2):
    names = ros2('topic', 'list').stdout.split()
    assert {'/chatter', '/joint_states', '/description', '/heard'} <= set(names)
    assert '/_secret' not in names
    assert names == sorted(names)


def test_list_with_types_and_hidden_topics(ros2):
    shown = ros2('topic', '--include-hidden-topics', 'list', '-t').stdout.splitlines()
    assert '/_secret [std_msgs/msg/String]' in shown
    assert '/joint_states [sensor_msgs/msg/JointState]' in shown


def test_list_verbose(ros2):
    published, subscribed = ros2('topic', 'list', '-v').stdout.split('Subscribed topics:')
    assert ' * /chatter [std_msgs/msg/String] 1 publisher\n' in published
    assert ' * /heard [std_msgs/msg/String] 1 subscriber\n' in subscribed
    assert '/heard ' not in published


def test_info(ros2):
    shown = ros2('topic', 'info', '/joint_states').stdout
    assert shown == (
        'Type: sensor_msgs/msg/JointState\nPublisher count: 1\nSubscription count: 0\n')
    verbose = ros2('topic', 'info', '-v', 'joint_states').stdout
    assert 'Node name: robot\nNode namespace: /cell\n' in verbose
    assert 'Reliability: BEST_EFFORT' in verbose
    assert 'Topic type hash: RIHS01_' in verbose


def test_type_and_find(ros2):
    assert ros2('topic', 'type', '/joint_states').stdout == 'sensor_msgs/msg/JointState\n'
    assert ros2('topic', 'find', 'sensor_msgs/msg/JointState').stdout == '/joint_states\n'


def test_echo_once_reads_back_as_yaml(ros2):
    done = ros2('topic', 'echo', '--once', '/joint_states')
    assert done.returncode == 0
    (message, _) = yaml.safe_load_all(done.stdout)
    assert message['name'] == ['a', 'b']
    assert message['position'] == [0.25, -0.5]


@pytest.mark.parametrize(('flags', 'expected'), [
    (['--field', 'header.frame_id'], 'world\n---\n'),
    (['--csv', '--field', 'position'], '0.25,-0.5\n'),
    (['--flow-style', '--field', 'name', '--full-length'], "['a', 'b']\n---\n"),
])
def test_echo_of_a_field(ros2, flags, expected):
    assert ros2('topic', 'echo', '--once', '/joint_states', *flags).stdout == expected


def test_echo_without_arrays_of_chosen_messages(ros2):
    shown = ros2(
        'topic', 'echo', '--once', '/joint_states', '--no-arr', '--filter',
        "m.header.frame_id == 'world'", '--include-message-info').stdout
    assert 'received_timestamp: ' in shown
    assert "position: '<sequence type: double, length: 2>'" in shown


def test_echo_asks_a_latched_topic_for_what_is_kept(ros2):
    assert ros2('topic', 'echo', '--once', '/description', '--field', 'data').stdout == (
        '<robot/>\n---\n')


def test_echo_waits_for_the_topic(ros2, start):
    with start('topic', 'echo', '/late', '--once', '--field', 'data', '--spin-time', '0.2') as echo:
        assert 'does not appear to be published yet' in echo.stdout.readline()
        assert ros2('topic', 'pub', '-1', '/late', 'std_msgs/String', '{data: at last}'
                    ).returncode == 0
        assert echo.stdout.readline() == 'at last\n'
        assert echo.wait(10) == 0


def test_pub_reaches_a_subscriber(ros2):
    done = ros2(
        'topic', 'pub', '-t', '3', '-r', '50', '-p', '3', '/heard', 'std_msgs/msg/String',
        '--stdin', stdin='data: by stdin')
    assert done.returncode == 0
    assert "publishing #3: std_msgs.msg.String(data='by stdin')" in done.stdout
    assert 'publishing #2' not in done.stdout
    assert ros2('topic', 'echo', '--once', '/heard/back', '--field', 'data').stdout == (
        'by stdin\n---\n')


def test_pub_stamps_headers_and_times(ros2, start):
    with start(
            'topic', 'pub', '-r', '20', '/stamped', 'sensor_msgs/msg/JointState',
            '{header: auto, name: [x]}'):
        shown = ros2('topic', 'echo', '--once', '/stamped', '--csv').stdout
    assert int(shown.split(',')[0]) > 1_600_000_000


def test_hz_and_sigint(start):
    with start('topic', 'hz', '-w', '20', '/joint_states') as hz:
        rate = float(hz.stdout.readline().removeprefix('average rate: '))
        assert 'std dev: ' in hz.stdout.readline()
        hz.send_signal(signal.SIGINT)
        assert hz.wait(5) == signal.SIGINT
    assert 10 < rate < 60


def test_bw(start):
    with start('topic', 'bw', '/joint_states') as bw:
        assert bw.stdout.readline() == 'Subscribed to [/joint_states]\n'
        assert '/s from' in bw.stdout.readline()
        assert 'Message size mean: ' in bw.stdout.readline()


def test_delay(start):
    with start('topic', 'delay', '/joint_states') as delay:
        assert 0 <= float(delay.stdout.readline().removeprefix('average delay: ')) < 1


@pytest.mark.parametrize(('argv', 'reason'), [
    (['echo', '/chatter', 'std_msgs/msg/Sting', '--once'], "'std_msgs/msg/Sting'"),
    (['echo', '/nothing', '--timeout', '0.2'], "'/nothing' was not published"),
    (['echo', '/chatter', '--field', 'text', '--once'], "'text' is not in String"),
    (['echo', '/bad name', '--once'], "'/bad name'"),
    (['echo', '/chatter', '--filter', 'm.data ==', '--once'], 'm.data =='),
    (['pub', '-1', '/heard', 'std_msgs/msg/String', '{data: [}'], 'Malformed YAML at line 1'),
    (['pub', '-1', '/heard', 'std_msgs/msg/String', '{text: a}'], "no field 'text'"),
    (['pub', '-1', '/heard', 'std_msgs/msg/String', 'a'], "got 'a'"),
    (['pub', '-1', '/nobody', 'std_msgs/msg/String', '--max-wait-time-secs', '0.2'],
     'Timed out waiting for 1 subscriber'),
    (['pub', '-r', '0', '/heard', 'std_msgs/msg/String'], "got '0'"),
    (['info', '/nothing', '--spin-time', '0.2'], "Unknown topic '/nothing'"),
    (['delay', '/chatter'], 'has no header'),
])
def test_bad_input_is_refused_in_one_line(refused, argv, reason):
    assert reason in refused('topic', *argv)
