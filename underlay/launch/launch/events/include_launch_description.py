"""The event that a launch description is to be worked through."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..event import Event

if TYPE_CHECKING:
    from ..launch_description import LaunchDescription

__all__ = ['IncludeLaunchDescription']


class IncludeLaunchDescription(Event):
    """A launch description is to be worked through."""

    name = 'launch.events.IncludeLaunchDescription'

    def __init__(self, launch_description: LaunchDescription) -> None:
        self.__launch_description = launch_description

    @property
    def launch_description(self) -> LaunchDescription:
        """The launch description."""
        return self.__launch_description
