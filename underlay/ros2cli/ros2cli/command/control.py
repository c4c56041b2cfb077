"""The command `ros2 control`."""
from . import VerbCommand


class ControlCommand(VerbCommand):
    """Controllers and hardware of a controller manager."""

    VERBS = 'ros2controlcli.verb'
