"""The walk through launch entities."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

__all__ = ['visit_all_entities_and_collect_futures']


def visit_all_entities_and_collect_futures(
    entity: LaunchDescriptionEntity, context: LaunchContext,
) -> list[tuple[LaunchDescriptionEntity, asyncio.Future]]:
    """Visit `entity` and, depth first, all it yields; return those whose work goes on."""
    below = entity.visit(context)
    future = entity.get_asyncio_future()
    open_work = [] if future is None else [(entity, future)]
    for sub_entity in below or []:
        open_work += visit_all_entities_and_collect_futures(sub_entity, context)
    return open_work
