"""Text and substitutions, given one or many, as a flat list of substitutions."""
import os
from collections.abc import Iterable

from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution

__all__ = ['normalize_to_list_of_substitutions']


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return the parts to be concatenated; raise TypeError for anything that is not text."""
    from ..substitutions.text_substitution import TextSubstitution
    if isinstance(subs, Substitution):
        return [subs]
    if isinstance(subs, (str, os.PathLike)):
        return [TextSubstitution(text=os.fspath(subs))]
    if isinstance(subs, Iterable) and not isinstance(subs, (bytes, dict)):
        return [part for sub in subs for part in normalize_to_list_of_substitutions(sub)]
    raise TypeError(f'text or a Substitution was expected, not {type(subs).__name__} ({subs!r})')
