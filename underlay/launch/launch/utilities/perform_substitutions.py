"""The text of concatenated substitutions."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..some_substitutions_type import SomeSubstitutionsType
from .normalize_to_list_of_substitutions import normalize_to_list_of_substitutions

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

__all__ = ['perform_substitutions']


def perform_substitutions(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the concatenated text of `subs` in `context`."""
    parts = normalize_to_list_of_substitutions(subs)
    return ''.join(context.perform_substitution(part) for part in parts)
