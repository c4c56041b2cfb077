"""The folder of the launch file at hand."""
from ..launch_context import LaunchContext
from ..substitution import Substitution
from .substitution_failure import SubstitutionFailure

__all__ = ['ThisLaunchFileDir']


class ThisLaunchFileDir(Substitution):
    """The folder of the launch file being worked through."""

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; raise SubstitutionFailure outside of a launch file."""
        path = context.get_locals_as_dict().get('current_launch_file_directory')
        if path is None:
            raise SubstitutionFailure('ThisLaunchFileDir is used outside of a launch file')
        return path
