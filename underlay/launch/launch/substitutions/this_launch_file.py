"""The path of the launch file at hand."""
from ..launch_context import LaunchContext
from ..substitution import Substitution
from .substitution_failure import SubstitutionFailure

__all__ = ['ThisLaunchFile']


class ThisLaunchFile(Substitution):
    """The path of the launch file being worked through."""

    def perform(self, context: LaunchContext) -> str:
        """Return the path; raise SubstitutionFailure outside of a launch file."""
        path = context.get_locals_as_dict().get('current_launch_file_path')
        if path is None:
            raise SubstitutionFailure('ThisLaunchFile is used outside of a launch file')
        return path
