"""Services that others offer, asked without waiting."""
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

__all__ = ['Asker']

Answered = Callable[[bool, str], None]


class Asker:
    """Asks services and hands on what they say."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._clients: dict[str, Any] = {}

    def expect(self, kind: type, name: str) -> None:
        """Look for a service from now on."""
        self._clients[name] = self._node.create_client(kind, name)

    def present(self, name: str) -> bool:
        """Whether it is there."""
        return self._clients[name].service_is_ready()

    def ask(self, name: str, answered: Answered, **fields: Any) -> None:
        """Ask; ``answered`` gets success and message, also where the service is not there."""
        client = self._clients[name]
        if not client.service_is_ready():
            answered(False, f'there is no service {name}')
            return
        future = client.call_async(client.srv_type.Request(**fields))

        def done(future: Any) -> None:
            if future.cancelled() or future.exception() is not None:
                answered(False, f'{name} gave no answer')
            else:
                answered(future.result().success, future.result().message)

        future.add_done_callback(done)
