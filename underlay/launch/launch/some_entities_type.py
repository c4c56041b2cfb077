"""Whatever may stand where launch entities are wanted."""
from collections.abc import Iterable
from typing import Union

from .launch_description_entity import LaunchDescriptionEntity

__all__ = ['SomeEntitiesType', 'SomeEntitiesType_types_tuple']

SomeEntitiesType = Union[  # noqa: UP007 (evaluated at run time, read by type checkers)
    LaunchDescriptionEntity, Iterable[LaunchDescriptionEntity],
]

SomeEntitiesType_types_tuple = (LaunchDescriptionEntity, Iterable)
