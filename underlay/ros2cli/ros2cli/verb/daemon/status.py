"""`ros2 daemon status`."""
from __future__ import annotations

import argparse

from ros2cli.verb import VerbExtension


class StatusVerb(VerbExtension):
    """Show whether the daemon runs: there is none."""

    def main(self, *, args: argparse.Namespace) -> None:
        """Say so."""
        print('The daemon is not running, and this ros2 needs none: it looks at the graph itself.')
