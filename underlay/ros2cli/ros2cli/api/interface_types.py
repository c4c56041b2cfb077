"""Interface classes by name, messages filled from YAML, with errors for the person who types."""
from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import yaml
from rosidl_runtime_py import set_message_fields
from rosidl_runtime_py.utilities import get_action, get_message, get_service

from ros2cli.errors import CommandError


def message_class(name: str) -> Any:
    """Return the class of a message, or end the command."""
    return _class(name, get_message, 'message', 'std_msgs/msg/String')


def service_class(name: str) -> Any:
    """Return the class of a service, or end the command."""
    return _class(name, get_service, 'service', 'std_srvs/srv/SetBool')


def action_class(name: str) -> Any:
    """Return the class of an action, or end the command."""
    return _class(name, get_action, 'action', 'control_msgs/action/GripperCommand')


def read_values(text: str, *, from_stdin: bool = False) -> dict[str, Any]:
    """Read the fields of a message from YAML, or end the command; empty text sets none."""
    try:
        values = yaml.safe_load(sys.stdin.read() if from_stdin else text)
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        place = f' at line {mark.line + 1}, column {mark.column + 1}' if mark else ''
        problem = getattr(error, 'problem', None) or str(error).splitlines()[0]
        raise CommandError(f'Malformed YAML{place}: {problem}') from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise CommandError(f"Expected a YAML dictionary of fields, got '{values}'")
    return values


def fill(
    message: Any, values: dict[str, Any], *, stamped: bool = False,
) -> list[Callable[[Any], None]]:
    """Set the fields of a message, or end the command; stamped: 'auto' and 'now' give setters."""
    try:
        return set_message_fields(
            message, values, expand_header_auto=stamped, expand_time_now=stamped)
    except (AttributeError, AssertionError, TypeError, ValueError, OverflowError) as error:
        problem = ' '.join(str(error).split())
        raise CommandError(
            f'Cannot fill a {type(message).__name__}: {problem}') from error


def _class(name: str, get: Callable[[str], Any], kind: str, example: str) -> Any:
    try:
        return get(name)
    except (AttributeError, ImportError, ValueError) as error:
        raise CommandError(
            f"Unknown {kind} type '{name}' (expected a name such as '{example}' of a package "
            'that is installed and sourced)') from error
