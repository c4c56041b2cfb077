"""Matchers of processes by the action that started them."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..actions.execute_process import ExecuteProcess

__all__ = ['matches_action']


def matches_action(target_action: ExecuteProcess) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher that accepts `target_action` only."""
    return lambda action: action is target_action
