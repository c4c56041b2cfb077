"""Whatever may stand where a text is wanted."""
import os
from collections.abc import Iterable
from typing import Union

from .substitution import Substitution

__all__ = ['SomeSubstitutionsType', 'SomeSubstitutionsType_types_tuple']

SomeSubstitutionsType = Union[  # noqa: UP007 (evaluated at run time, read by type checkers)
    str,
    os.PathLike,
    Substitution,
    Iterable[Union[str, os.PathLike, Substitution]],  # noqa: UP007
]

SomeSubstitutionsType_types_tuple = (str, os.PathLike, Substitution, Iterable)
