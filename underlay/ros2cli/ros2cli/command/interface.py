"""The command `ros2 interface`."""
from . import VerbCommand


class InterfaceCommand(VerbCommand):
    """Messages, services and actions by their definitions."""

    VERBS = 'ros2interface.verb'
