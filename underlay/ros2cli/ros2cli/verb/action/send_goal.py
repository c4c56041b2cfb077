"""`ros2 action send_goal`."""
from __future__ import annotations

import argparse
from typing import Any

from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from rosidl_runtime_py import message_to_yaml

from ros2cli import node
from ros2cli.api.graph import absolute_name
from ros2cli.api.interface_types import action_class, fill, read_values
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, positive_float
from ros2cli.verb import VerbExtension

STATUSES = {
    GoalStatus.STATUS_SUCCEEDED: 'SUCCEEDED',
    GoalStatus.STATUS_CANCELED: 'CANCELED',
    GoalStatus.STATUS_ABORTED: 'ABORTED',
}
CANCEL_TIMEOUT_S = 5.0


class SendGoalVerb(VerbExtension):
    """Send a goal to an action server and wait for its result; Ctrl-C cancels the goal."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add action, type and goal."""
        node.add_arguments(parser)
        parser.add_argument('action_name', help='such as /gripper/command')
        parser.add_argument('action_type', help='such as control_msgs/action/GripperCommand')
        parser.add_argument('goal', nargs='?', default='{}', help='fields of the goal in YAML')
        parser.add_argument('--stdin', action='store_true', help='read the fields from stdin')
        parser.add_argument(
            '-f', '--feedback', action='store_true', help='print the feedback as it comes')
        parser.add_argument(
            '--timeout', type=positive_float, metavar='SECONDS', default=10.0,
            help='how long to wait for the server to appear (default: %(default)s)')

    def main(self, *, args: argparse.Namespace) -> int:
        """Print goal, feedback, result and status; success only for a goal that succeeded."""
        action_type = action_class(args.action_type)
        name = absolute_name(args.action_name)
        goal = action_type.Goal()
        set_stamps = fill(goal, read_values(args.goal, from_stdin=args.stdin), stamped=True)
        with node.DirectNode(args) as direct:
            client = ActionClient(direct.node, action_type, name)
            try:
                print('Waiting for an action server to become available...', flush=True)
                if not direct.wait_for(client.server_is_ready, args.timeout):
                    raise CommandError(f"No action server '{name}' within {args.timeout:g} s")
                for set_stamp in set_stamps:
                    set_stamp(direct.get_clock().now().to_msg())
                return _carry_out(direct, client, goal, args.feedback)
            finally:
                client.destroy()


def _carry_out(
    direct: node.DirectNode, client: ActionClient, goal: Any, feedback: bool,
) -> int:
    print(f'Sending goal:\n{_indented(goal)}', flush=True)
    handle = direct.spin_until_done(
        client.send_goal_async(goal, _print_feedback if feedback else None),
        'the action server', None)
    if not handle.accepted:
        raise CommandError('Goal was rejected.')
    try:
        print(f'Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n', flush=True)
        answer = direct.spin_until_done(handle.get_result_async(), 'the action server', None)
    except KeyboardInterrupt:
        _cancel(direct, handle)
        raise
    print(f'Result:\n{_indented(answer.result)}')
    print(f'Goal finished with status: {STATUSES.get(answer.status, "UNKNOWN")}')
    return 0 if answer.status == GoalStatus.STATUS_SUCCEEDED else 1


def _cancel(direct: node.DirectNode, handle: Any) -> None:
    print('Canceling goal...', flush=True)
    response = direct.spin_until_done(
        handle.cancel_goal_async(), 'the action server', CANCEL_TIMEOUT_S)
    if response.return_code != CancelGoal.Response.ERROR_NONE or not response.goals_canceling:
        raise CommandError('The action server did not cancel the goal')
    print('Goal canceled.', flush=True)


def _print_feedback(feedback: Any) -> None:
    print(f'Feedback:\n{_indented(feedback.feedback)}', flush=True)


def _indented(message: Any) -> str:
    return ''.join(f'    {line}\n' for line in message_to_yaml(message).splitlines())
