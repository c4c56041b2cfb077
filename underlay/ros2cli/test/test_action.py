import signal

import pytest

pytest.importorskip('control_msgs', reason='the workspace, which has an action type, is not built')
pytestmark = pytest.mark.usefixtures('robot')
TYPE = 'control_msgs/action/GripperCommand'


def test_list_type_info(ros2):
    assert ros2('action', 'list', '-t').stdout == f'/gripper [{TYPE}]\n'
    assert ros2('action', 'type', '/gripper').stdout == f'{TYPE}\n'
    assert ros2('action', 'info', '/gripper', '-t').stdout == (
        f'Action: /gripper\nAction clients: 0\nAction servers: 1\n    /cell/robot [{TYPE}]\n')


def test_send_goal_with_feedback(ros2):
    done = ros2(
        'action', 'send_goal', '-f', '/gripper', TYPE,
        '{command: {position: 0.5, max_effort: 0.5}}')
    assert done.returncode == 0
    assert 'Feedback:\n    position: 0.4\n' in done.stdout
    assert done.stdout.endswith('Goal finished with status: SUCCEEDED\n')


def test_a_goal_that_aborts_is_a_failure(ros2):
    done = ros2('action', 'send_goal', '/gripper', TYPE, '{command: {position: -1}}')
    assert done.returncode == 1
    assert done.stdout.endswith('Goal finished with status: ABORTED\n')
    assert 'Feedback' not in done.stdout


def test_interrupt_cancels_the_goal(start):
    with start(
            'action', 'send_goal', '/gripper', TYPE,
            '{command: {position: 0.5, max_effort: 5}}') as goal:
        for line in goal.stdout:
            if line.startswith('Goal accepted'):
                break
        goal.send_signal(signal.SIGINT)
        assert goal.wait(10) == signal.SIGINT
        assert goal.stdout.read().endswith('Canceling goal...\nGoal canceled.\n')


@pytest.mark.parametrize(('argv', 'reason'), [
    (['send_goal', '/none', TYPE, '--timeout', '0.2'], "No action server '/none' within 0.2 s"),
    (['send_goal', '/gripper', 'control_msgs/action/Grip'], "'control_msgs/action/Grip'"),
    (['send_goal', '/gripper', TYPE, '{commands: 1}'], "no field 'commands'"),
    (['info', '/none', '--spin-time', '0.2'], "Unknown action '/none'"),
])
def test_bad_input_is_refused_in_one_line(refused, argv, reason):
    assert reason in refused('action', *argv)
