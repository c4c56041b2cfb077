"""Nodes, services, lifecycle nodes and the doctor."""
import pytest

pytestmark = pytest.mark.usefixtures('robot')


def test_node_list(ros2):
    assert ros2('node', 'list').stdout == '/cell/robot\n/stage\n'
    assert '/_ros2cli_' in ros2('node', 'list', '-a').stdout


def test_node_info(ros2):
    shown = ros2('node', 'info', '/cell/robot').stdout
    subscribers, publishers = shown.split('  Publishers:\n')
    assert '/heard: std_msgs/msg/String' in subscribers
    assert '    /chatter: std_msgs/msg/String\n' in publishers
    assert '    /toggle: std_srvs/srv/SetBool\n' in publishers.split('  Service Servers:\n')[1]


def test_service_list_type_find_info(ros2):
    shown = ros2('service', 'list', '-t').stdout.splitlines()
    assert '/toggle [std_srvs/srv/SetBool]' in shown
    assert ros2('service', 'type', '/toggle').stdout == 'std_srvs/srv/SetBool\n'
    assert ros2('service', 'find', 'std_srvs/srv/SetBool').stdout == '/toggle\n'
    assert ros2('service', 'info', '/toggle').stdout == (
        'Type: std_srvs/srv/SetBool\nClients count: 0\nServices count: 1\n')


def test_service_call(ros2):
    done = ros2('service', 'call', '/toggle', 'std_srvs/srv/SetBool', '{data: true}')
    assert done.returncode == 0
    assert "success=True, message='was asked for True'" in done.stdout


def test_service_call_at_a_rate(start):
    with start('service', 'call', '-r', '20', '/toggle', 'std_srvs/srv/SetBool') as call:
        shown = [call.stdout.readline() for _ in range(12)]
    assert shown.count('requester: making request: '
                       'std_srvs.srv.SetBool_Request(data=False)\n') == 3


def test_lifecycle(ros2, refused):
    assert ros2('lifecycle', 'nodes').stdout == '/stage\n'
    assert ros2('lifecycle', 'get', '/stage').stdout == 'unconfigured [1]\n'
    assert '- configure [1]\n\tStart: unconfigured\n\tGoal: configuring\n' in ros2(
        'lifecycle', 'list', '/stage').stdout
    assert ros2('lifecycle', 'set', '/stage', 'configure').stdout == 'Transitioning successful\n'
    assert ros2('lifecycle', 'get').stdout == '/stage: inactive [2]\n'
    assert "cannot 'configure' now; it can: " in refused(
        'lifecycle', 'set', '/stage', 'configure')
    assert "'/cell/robot' is not a lifecycle node" in refused(
        'lifecycle', 'get', '/cell/robot', '--spin-time', '0.5')


def test_doctor_finds_ends_that_cannot_hear_each_other(ros2, start):
    assert ros2('doctor').returncode == 0
    with start('topic', 'echo', '/joint_states', '--qos-reliability', 'reliable') as echo:
        echo.stdout.readline()
        done = ros2('doctor', '--report')
    assert done.returncode == 1
    assert "does not hear 'robot' on '/joint_states'" in done.stdout
    assert 'rmw_fastrtps_cpp' in done.stdout


@pytest.mark.parametrize(('argv', 'reason'), [
    (['node', 'info', '/nobody', '--spin-time', '0.2'], "Node not found: '/nobody'"),
    (['service', 'call', '/nothing', 'std_srvs/srv/SetBool', '--timeout', '0.2'],
     "No service '/nothing' within 0.2 s"),
    (['service', 'call', '/toggle', 'std_srvs/srv/SetBol'], "'std_srvs/srv/SetBol'"),
    (['service', 'call', '/toggle', 'std_srvs/srv/SetBool', '{data: 3x}'], "'data'"),
    (['service', 'type', '/nothing', '--spin-time', '0.2'], "Unknown service '/nothing'"),
])
def test_bad_input_is_refused_in_one_line(refused, argv, reason):
    assert reason in refused(*argv)
