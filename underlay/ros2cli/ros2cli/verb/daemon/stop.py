"""`ros2 daemon stop`."""
from __future__ import annotations

import argparse

from ros2cli.verb import VerbExtension


class StopVerb(VerbExtension):
    """Stop the daemon: there is none to stop."""

    def main(self, *, args: argparse.Namespace) -> None:
        """Say so."""
        print('There is no daemon to stop: this ros2 looks at the graph itself.')
