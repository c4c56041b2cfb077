"""The event that a managed node has changed its state."""
from __future__ import annotations

from typing import TYPE_CHECKING

from launch import Event
from lifecycle_msgs.msg import TransitionEvent

from .change_state import ChangeState

if TYPE_CHECKING:
    from ...actions.lifecycle_node import LifecycleNode

__all__ = ['StateTransition']

_PREFIXES = ('PRIMARY_STATE_', 'TRANSITION_STATE_')


class StateTransition(Event):
    """A managed node went from one state to another; states are named as in 'inactive'."""

    name = 'launch_ros.events.lifecycle.StateTransition'

    def __init__(self, *, action: LifecycleNode, msg: TransitionEvent) -> None:
        self.__action = action
        self.__msg = msg

    @property
    def action(self) -> LifecycleNode:
        """The action that runs the node."""
        return self.__action

    @property
    def msg(self) -> TransitionEvent:
        """The message of the node."""
        return self.__msg

    @property
    def transition(self) -> str:
        """The label of the transition."""
        return self.__msg.transition.label

    @property
    def start_state(self) -> str:
        """The state before."""
        return _label(self.__msg.start_state.id)

    @property
    def goal_state(self) -> str:
        """The state after."""
        return _label(self.__msg.goal_state.id)


def _label(state_id: int) -> str:
    name = ChangeState.valid_states[state_id]
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name.lower()
