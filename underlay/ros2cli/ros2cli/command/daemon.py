"""The command `ros2 daemon`."""
from . import VerbCommand


class DaemonCommand(VerbCommand):
    """The daemon, which this ros2 does without."""

    VERBS = 'ros2cli.daemon.verb'
