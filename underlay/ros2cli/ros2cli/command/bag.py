"""The command `ros2 bag`."""
from . import VerbCommand


class BagCommand(VerbCommand):
    """Bags: record topics, inspect recordings and play them."""

    VERBS = 'ros2bag.verb'
