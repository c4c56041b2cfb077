"""Choose where nodes log."""
from typing import Any

from launch import SomeSubstitutionsType, Substitution
from launch.actions import SetEnvironmentVariable

__all__ = ['SetROSLogDir']


class SetROSLogDir(SetEnvironmentVariable):
    """Sets the folder of the logs of all nodes from here to the end of the group."""

    def __init__(self, new_log_dir: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__('ROS_LOG_DIR', new_log_dir, **kwargs)

    @property
    def log_dir(self) -> list[Substitution]:
        """The folder."""
        return self.value
