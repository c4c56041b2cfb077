"""`ros2 daemon start`."""
from __future__ import annotations

import argparse

from ros2cli.verb import VerbExtension


class StartVerb(VerbExtension):
    """Start the daemon: there is none to start."""

    def main(self, *, args: argparse.Namespace) -> None:
        """Say so."""
        print('There is no daemon to start: this ros2 looks at the graph itself.')
