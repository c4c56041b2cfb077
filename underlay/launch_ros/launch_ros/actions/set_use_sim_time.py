"""Choose simulated time for many nodes."""
from typing import Any

from launch import SomeSubstitutionsType

from .set_parameter import SetParameter

__all__ = ['SetUseSimTime']


class SetUseSimTime(SetParameter):
    """Sets `use_sim_time` of all nodes from here to the end of the group."""

    def __init__(self, value: bool | SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__('use_sim_time', value, **kwargs)
