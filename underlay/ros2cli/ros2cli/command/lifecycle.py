"""The command `ros2 lifecycle`."""
from . import VerbCommand


class LifecycleCommand(VerbCommand):
    """Lifecycle nodes: their states and transitions."""

    VERBS = 'ros2lifecycle.verb'
