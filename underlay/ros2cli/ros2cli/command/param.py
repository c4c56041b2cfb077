"""The command `ros2 param`."""
from . import VerbCommand


class ParamCommand(VerbCommand):
    """Parameters of nodes."""

    VERBS = 'ros2param.verb'
