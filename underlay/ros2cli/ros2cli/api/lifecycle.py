"""Lifecycle nodes: states and transitions."""
from __future__ import annotations

from lifecycle_msgs.msg import State, Transition, TransitionDescription
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState

from ros2cli.errors import CommandError
from ros2cli.node import DirectNode

from . import service
from .graph import find_node, node_names, service_names_and_types

GET_STATE_TYPE = 'lifecycle_msgs/srv/GetState'


def lifecycle_node_names(node: DirectNode, *, include_hidden: bool = False) -> list[str]:
    """Return the full names of the lifecycle nodes."""
    services = dict(service_names_and_types(node, include_hidden=True))
    return [
        found.full_name for found in node_names(node, include_hidden=include_hidden)
        if GET_STATE_TYPE in services.get(f'{found.full_name}/get_state', ())]


def find_lifecycle_node(node: DirectNode, name: str, *, include_hidden: bool = False) -> str:
    """Wait for a lifecycle node and return its full name, or end the command."""
    full = find_node(node, name, include_hidden=include_hidden).full_name
    if not node.wait_for(
            lambda: full in lifecycle_node_names(node, include_hidden=True)):
        raise CommandError(f"Node '{full}' is not a lifecycle node")
    return full


def get_state(node: DirectNode, name: str) -> State:
    """Return the state of a lifecycle node."""
    return service.call(node, GetState, f'{name}/get_state', GetState.Request()).current_state


def get_transitions(
    node: DirectNode, name: str, *, all_states: bool = False,
) -> list[TransitionDescription]:
    """Return the transitions from the state of a node, or from all states."""
    of = 'get_transition_graph' if all_states else 'get_available_transitions'
    response = service.call(
        node, GetAvailableTransitions, f'{name}/{of}', GetAvailableTransitions.Request())
    return list(response.available_transitions)


def change_state(node: DirectNode, name: str, transition: Transition) -> bool:
    """Ask a node for a transition, wait until it is through, and tell whether it succeeded."""
    request = ChangeState.Request(transition=transition)
    return service.call(
        node, ChangeState, f'{name}/change_state', request, patient=True).success
