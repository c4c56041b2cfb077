"""Calling a service."""
from __future__ import annotations

from typing import Any

from ros2cli.errors import CommandError
from ros2cli.node import DirectNode

DEFAULT_TIMEOUT_S = 5.0


def call(
    node: DirectNode, service_type: Any, name: str, request: Any,
    timeout_s: float = DEFAULT_TIMEOUT_S, *, patient: bool = False,
) -> Any:
    """
    Wait for a service, call it and return its response, or end the command.

    patient: only the waiting for the service has a limit, not that for the answer.
    """
    client = node.create_client(service_type, name)
    try:
        if not client.service_is_ready() and not node.wait_for(client.service_is_ready, timeout_s):
            raise CommandError(f"No service '{name}' within {timeout_s:g} s")
        return node.spin_until_done(
            client.call_async(request), f"service '{name}'", None if patient else timeout_s)
    finally:
        node.destroy_client(client)
