"""The error for a launch file that cannot be read."""

__all__ = ['InvalidLaunchFileError']


class InvalidLaunchFileError(Exception):
    """A launch file is missing, broken or of an unknown kind."""
