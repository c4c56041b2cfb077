"""`ros2 topic echo`."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rosidl_runtime_py import message_to_csv, message_to_yaml

from ros2cli import node
from ros2cli.api import expression, qos
from ros2cli.api.subscription import PRESET, subscribe
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, non_negative_int, positive_float
from ros2cli.verb import VerbExtension

TRUNCATE_LENGTH = 128


class EchoVerb(VerbExtension):
    """Print the messages of a topic."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topic, what to print of its messages, and when to stop."""
        node.add_arguments(parser)
        qos.add_arguments(parser, PRESET)
        parser.add_argument('topic_name', help='such as /joint_states')
        parser.add_argument('message_type', nargs='?', help='(default: as published)')
        parser.add_argument('--csv', action='store_true', help='one line of values a message')
        parser.add_argument('--field', help='only this field, such as pose.position')
        parser.add_argument('-f', '--full-length', action='store_true', help='truncate nothing')
        parser.add_argument(
            '-l', '--truncate-length', type=non_negative_int, default=TRUNCATE_LENGTH, metavar='N',
            help='cut arrays, bytes and strings after N elements (default: %(default)s)')
        parser.add_argument('--no-arr', action='store_true', help='leave out arrays')
        parser.add_argument('--no-str', action='store_true', help='leave out strings')
        parser.add_argument('--flow-style', action='store_true', help='nested fields on one line')
        parser.add_argument(
            '--no-lost-messages', action='store_true', help='do not tell of lost messages')
        parser.add_argument('--raw', action='store_true', help='print the serialised bytes')
        parser.add_argument(
            '--filter', dest='filter_expression', metavar='EXPRESSION',
            help='print only messages m for which this Python expression holds')
        parser.add_argument('--once', action='store_true', help='stop after the first message')
        parser.add_argument(
            '--timeout', type=positive_float, metavar='SECONDS', help='stop after this time')
        parser.add_argument(
            '-i', '--include-message-info', action='store_true',
            help='print times and sequence numbers of the transport')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print messages until told to stop; not one within the time-out is a failure."""
        fields = _fields(args.field)
        accepts = expression.predicate(args.filter_expression)
        to_text = _formatter(args)
        printed = 0

        def show(message: Any, info: dict[str, Any]) -> None:
            nonlocal printed
            if (args.once and printed) or not accepts(message):
                return
            printed += 1
            if args.include_message_info:
                print(_info_text(info, args.csv))
            print(to_text(message if args.raw else _select(message, fields)), flush=True)

        with node.DirectNode(args) as direct:
            try:
                subscribe(
                    direct, args, args.topic_name, show, message_type=args.message_type,
                    raw=args.raw, timeout_s=args.timeout,
                    events=None if args.no_lost_messages else _lost_message_events())
            except UnsupportedEventTypeError as error:
                raise CommandError(f'{error}; use --no-lost-messages') from error
            direct.spin_until(lambda: args.once and printed, args.timeout)
        if args.timeout is not None and not printed:
            raise CommandError(
                f"No message on '{args.topic_name}' within {args.timeout:g} s")


def _fields(text: str | None) -> list[str]:
    if text is None:
        return []
    fields = text.split('.')
    if not all(fields):
        raise CommandError(f"'{text}' is not a field; join nested ones by dots: pose.position")
    return fields


def _select(message: Any, fields: list[str]) -> Any:
    for field in fields:
        if not hasattr(message, field):
            raise CommandError(f"Invalid field: '{field}' is not in {type(message).__name__}")
        message = getattr(message, field)
    return message


def _formatter(args: argparse.Namespace) -> Callable[[Any], str]:
    limit = None if args.full_length else args.truncate_length
    options = {'truncate_length': limit, 'no_arr': args.no_arr, 'no_str': args.no_str}
    if args.raw:
        return lambda data: f'{data[:limit]!r}\n---'
    if args.csv:
        return partial(_csv, options=options)
    return partial(_yaml, options=options, flow_style=args.flow_style)


def _yaml(value: Any, *, options: dict[str, Any], flow_style: bool) -> str:
    if hasattr(value, 'SLOT_TYPES'):
        return f'{message_to_yaml(value, flow_style=flow_style, **options)}---'
    return f'{_plain(value, options["truncate_length"])}\n---'


def _csv(value: Any, *, options: dict[str, Any]) -> str:
    if hasattr(value, 'SLOT_TYPES'):
        return message_to_csv(value, **options)
    if isinstance(value, (str, bytes)) or not hasattr(value, '__len__'):
        return str(value)
    limit = options['truncate_length']
    cells = [_csv(item, options=options) for item in value[:limit]]
    return ','.join([*cells, '...'] if len(cells) < len(value) else cells)


def _plain(value: Any, limit: int | None) -> str:
    """Write a field that is not a message: a scalar, or a sequence of scalars or messages."""
    if limit is None or isinstance(value, (str, bytes)) or not hasattr(value, '__len__'):
        return str(value)
    return f'{value[:limit]}{" ..." if len(value) > limit else ""}'


def _info_text(info: dict[str, Any], csv: bool) -> str:
    if csv:
        return ','.join(str(value) for value in info.values())
    return '\n'.join(f'{name}: {value}' for name, value in info.items()) + '\n---'


def _lost_message_events() -> SubscriptionEventCallbacks:
    return SubscriptionEventCallbacks(message_lost=lambda event: print(
        f'A message was lost: {event.total_count_change} now, {event.total_count} in all',
        file=sys.stderr))
