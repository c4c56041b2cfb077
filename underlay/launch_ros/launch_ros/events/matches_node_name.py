"""A matcher of nodes by name."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..actions.node import Node

__all__ = ['matches_node_name']


def matches_node_name(node_name: str) -> Callable[[Node], bool]:
    """Return a matcher of the node with this full name; without a slash, below the root."""
    full_name = node_name if node_name.startswith('/') else f'/{node_name}'
    return lambda action: action.node_name == full_name
