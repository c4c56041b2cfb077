"""The event that asks managed nodes for a transition."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from launch import Event
from lifecycle_msgs.msg import State, Transition

if TYPE_CHECKING:
    from ...actions.lifecycle_node import LifecycleNode

__all__ = ['ChangeState']


def _constants(message: type, prefixes: tuple[str, ...]) -> dict[int, str]:
    # The constants of a message are properties of its metaclass.
    names = [name for name in dir(type(message)) if name.startswith(prefixes)]
    return {getattr(message, name): name for name in names}


class ChangeState(Event):
    """Asks the managed nodes that the matcher accepts for a transition."""

    name = 'launch_ros.events.lifecycle.ChangeState'

    valid_transitions = {
        number: name for number, name in _constants(Transition, ('TRANSITION_',)).items()
        if not name.startswith(('TRANSITION_ON_', 'TRANSITION_CALLBACK_'))}
    valid_states = _constants(State, ('PRIMARY_STATE_', 'TRANSITION_STATE_'))

    def __init__(
        self,
        *,
        lifecycle_node_matcher: Callable[[LifecycleNode], bool],
        transition_id: int,
    ) -> None:
        if transition_id not in self.valid_transitions:
            raise ValueError(
                f'transition {transition_id!r} is not one of {self.valid_transitions}')
        self.__lifecycle_node_matcher = lifecycle_node_matcher
        self.__transition_id = transition_id

    @property
    def lifecycle_node_matcher(self) -> Callable[[LifecycleNode], bool]:
        """Tells whether a node is meant."""
        return self.__lifecycle_node_matcher

    @property
    def transition_id(self) -> int:
        """The transition, a constant of lifecycle_msgs/Transition."""
        return self.__transition_id
