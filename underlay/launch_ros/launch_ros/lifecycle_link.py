"""The launch's connection to a managed node."""
from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from launch import LaunchContext
from launch.logging import get_logger
from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import ChangeState as ChangeStateService

from .events.lifecycle import ChangeState, StateTransition
from .ros_adapters import get_ros_node

if TYPE_CHECKING:
    from .actions.lifecycle_node import LifecycleNode

__all__ = ['LifecycleLink']

_POLL_SECONDS = 0.2


class LifecycleLink:
    """Requests transitions of a managed node and emits those it goes through."""

    def __init__(self, action: LifecycleNode, context: LaunchContext) -> None:
        self._action = action
        self._context = context
        self._logger = get_logger('launch')
        node = get_ros_node(context)
        self._client = node.create_client(
            ChangeStateService, f'{action.node_name}/change_state')
        self._subscription = node.create_subscription(
            TransitionEvent, f'{action.node_name}/transition_event', self._on_transition, 10)

    def _on_transition(self, message: TransitionEvent) -> None:
        self._context.emit_event_sync(StateTransition(action=self._action, msg=message))

    def change_state(self, transition_id: int) -> None:
        """Request a transition and wait for its end, or for that of the launch."""
        label = ChangeState.valid_transitions[transition_id]
        if not self._wait_for_service():
            return
        request = ChangeStateService.Request()
        request.transition.id = transition_id
        answer = self._client.call_async(request)
        answered = threading.Event()
        answer.add_done_callback(lambda _: answered.set())
        while not answered.wait(_POLL_SECONDS):
            if self._context.is_shutdown:
                return
        if not answer.result().success:
            self._logger.error(f'node {self._action.node_name!r} refused or failed {label}')

    def _wait_for_service(self) -> bool:
        while not self._client.service_is_ready():
            if self._context.is_shutdown:
                return False
            self._client.wait_for_service(_POLL_SECONDS)
        return True
