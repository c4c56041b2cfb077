"""Launch entities, given one or many, as a flat list."""
from collections.abc import Iterable

from ..launch_description_entity import LaunchDescriptionEntity
from ..some_entities_type import SomeEntitiesType

__all__ = ['normalize_to_list_of_entities']


def normalize_to_list_of_entities(
    entities: SomeEntitiesType | None,
) -> list[LaunchDescriptionEntity]:
    """Return the entities as one flat list without the Nones; raise TypeError for others."""
    if entities is None:
        return []
    if isinstance(entities, LaunchDescriptionEntity):
        return [entities]
    if isinstance(entities, Iterable) and not isinstance(entities, (str, bytes)):
        return [entity for part in entities for entity in normalize_to_list_of_entities(part)]
    raise TypeError(f'a launch entity was expected, not {type(entities).__name__} ({entities!r})')
