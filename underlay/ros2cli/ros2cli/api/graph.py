"""Names on the graph: nodes, topics, services and actions, with their types."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import rclpy.action
from rclpy.exceptions import InvalidTopicNameException
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
from rclpy.validate_full_topic_name import validate_full_topic_name

from ros2cli.errors import CommandError
from ros2cli.node import DirectNode

NamesAndTypes = list[tuple[str, list[str]]]


class NodeName(NamedTuple):
    """The name of a node, its namespace, and both together."""

    name: str
    namespace: str
    full_name: str


def absolute_name(name: str) -> str:
    """Return a name with its leading slash, or end the command when it is not a valid one."""
    full = name if name.startswith('/') else f'/{name}'
    try:
        validate_full_topic_name(full)
    except InvalidTopicNameException as error:
        reason = ' '.join(str(error).split())
        raise CommandError(f"'{name}' is not a valid name: {reason}") from error
    return full


def node_names(node: DirectNode, *, include_hidden: bool = False) -> list[NodeName]:
    """Return the nodes of the graph, sorted; hidden are those with a leading underscore."""
    return sorted(
        NodeName(name, namespace, f'{namespace.rstrip("/")}/{name}')
        for name, namespace in node.get_node_names_and_namespaces()
        if include_hidden or not name.startswith('_'))


def find_node(node: DirectNode, name: str, *, include_hidden: bool = False) -> NodeName:
    """Wait for a node to be discovered, or end the command."""
    full = absolute_name(name)
    hidden = include_hidden or full.rpartition('/')[2].startswith('_')
    found = node.wait_for(lambda: [
        known for known in node_names(node, include_hidden=hidden) if known.full_name == full])
    if not found:
        raise CommandError(f"Node not found: '{full}'")
    return found[0]


def topic_names_and_types(node: DirectNode, *, include_hidden: bool = False) -> NamesAndTypes:
    """Return the topics of the graph with their types."""
    return _visible(node.get_topic_names_and_types(), include_hidden)


def service_names_and_types(node: DirectNode, *, include_hidden: bool = False) -> NamesAndTypes:
    """Return the services of the graph with their types."""
    return _visible(node.get_service_names_and_types(), include_hidden)


def action_names_and_types(node: DirectNode) -> NamesAndTypes:
    """Return the actions of the graph with their types."""
    return sorted(rclpy.action.get_action_names_and_types(node.node))


def wait_for_types(
    node: DirectNode, kind: str, name: str,
    names_and_types: Callable[[DirectNode], NamesAndTypes],
) -> list[str]:
    """Wait for a name to be discovered and return its types, or end the command."""
    full = absolute_name(name)
    types = node.wait_for(lambda: dict(names_and_types(node)).get(full))
    if not types:
        raise CommandError(f"Unknown {kind} '{full}'")
    return types


def topic_types(node: DirectNode, name: str) -> list[str]:
    """Wait for a topic, hidden or not, and return its types."""
    return wait_for_types(node, 'topic', name, lambda node: node.get_topic_names_and_types())


def service_types(node: DirectNode, name: str) -> list[str]:
    """Wait for a service, hidden or not, and return its types."""
    return wait_for_types(node, 'service', name, lambda node: node.get_service_names_and_types())


def action_types(node: DirectNode, name: str) -> list[str]:
    """Wait for an action and return its types."""
    return wait_for_types(node, 'action', name, action_names_and_types)


def print_names(
    found: NamesAndTypes, *, show_types: bool = False, count: bool = False,
) -> None:
    """Print names one a line, with their types in brackets if wanted, or how many there are."""
    if count:
        print(len(found))
        return
    for name, types in found:
        print(f'{name} [{", ".join(types)}]' if show_types else name)


def _visible(found: Any, include_hidden: bool) -> NamesAndTypes:
    return sorted(
        (name, types) for name, types in found
        if include_hidden or not topic_or_service_is_hidden(name))
