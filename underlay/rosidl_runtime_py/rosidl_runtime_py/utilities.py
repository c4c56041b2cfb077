"""Classes of messages, services and actions by their full names, such as 'std_msgs/msg/String'."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosidl_parser.definition import NamespacedType

from .import_message import import_message_from_namespaced_type


def get_interface(identifier: str) -> Any:
    """Return the class of 'package/msg|srv|action/Name'."""
    return import_message_from_namespaced_type(get_namespaced_type(identifier))


def get_message(identifier: str) -> Any:
    """Return the class of a message; 'package/Name' is short for 'package/msg/Name'."""
    return _get(identifier, get_message_namespaced_type, is_message, 'a message')


def get_service(identifier: str) -> Any:
    """Return the class of a service; 'package/Name' is short for 'package/srv/Name'."""
    return _get(identifier, get_service_namespaced_type, is_service, 'a service')


def get_action(identifier: str) -> Any:
    """Return the class of an action; 'package/Name' is short for 'package/action/Name'."""
    return _get(identifier, get_action_namespaced_type, is_action, 'an action')


def get_namespaced_type(identifier: str) -> NamespacedType:
    """Split the full name of an interface into namespaces and name."""
    return _split(identifier, None)


def get_message_namespaced_type(identifier: str) -> NamespacedType:
    """Split the name of a message."""
    return _split(identifier, 'msg')


def get_service_namespaced_type(identifier: str) -> NamespacedType:
    """Split the name of a service."""
    return _split(identifier, 'srv')


def get_action_namespaced_type(identifier: str) -> NamespacedType:
    """Split the name of an action."""
    return _split(identifier, 'action')


def is_message(interface: Any) -> bool:
    """Tell whether a class is a message."""
    return hasattr(interface, 'SLOT_TYPES')


def is_service(interface: Any) -> bool:
    """Tell whether a class is a service."""
    return hasattr(interface, 'Request') and hasattr(interface, 'Response')


def is_action(interface: Any) -> bool:
    """Tell whether a class is an action."""
    return all(hasattr(interface, part) for part in ('Goal', 'Result', 'Feedback'))


def _get(
    identifier: str, parse: Callable[[str], NamespacedType], accepts: Callable[[Any], bool],
    kind: str,
) -> Any:
    interface = import_message_from_namespaced_type(parse(identifier))
    if not accepts(interface):
        raise ValueError(f"Expected the full name of {kind}, got '{identifier}'")
    return interface


def _split(identifier: str, middle: str | None) -> NamespacedType:
    *namespaces, name = identifier.split('/')
    if len(namespaces) == 1 and middle is not None:
        namespaces.append(middle)
    if not namespaces or not name or not all(namespaces):
        raise ValueError(
            f"'{identifier}' is not the name of an interface, such as 'std_msgs/msg/String'")
    return NamespacedType(namespaces, name)
