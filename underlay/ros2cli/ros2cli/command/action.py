"""The command `ros2 action`."""
from . import VerbCommand


class ActionCommand(VerbCommand):
    """Actions: list, inspect and call them."""

    VERBS = 'ros2action.verb'
