"""The command `ros2 pkg`."""
from . import VerbCommand


class PkgCommand(VerbCommand):
    """Installed packages."""

    VERBS = 'ros2pkg.verb'
