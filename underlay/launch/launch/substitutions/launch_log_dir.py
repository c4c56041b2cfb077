"""The folder of this launch's logs."""
from ..launch_context import LaunchContext
from ..logging import launch_config
from ..substitution import Substitution

__all__ = ['LaunchLogDir']


class LaunchLogDir(Substitution):
    """The folder into which this launch writes its logs."""

    def perform(self, context: LaunchContext) -> str:
        """Return the folder."""
        return launch_config.log_dir
