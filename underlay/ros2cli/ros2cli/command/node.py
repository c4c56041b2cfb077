"""The command `ros2 node`."""
from . import VerbCommand


class NodeCommand(VerbCommand):
    """Nodes: list and inspect them."""

    VERBS = 'ros2node.verb'
