"""`ros2 pkg list`."""
from __future__ import annotations

import argparse

from ros2cli.api.package import package_names
from ros2cli.verb import VerbExtension


class ListVerb(VerbExtension):
    """List the installed packages."""

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the names, one a line."""
        print('\n'.join(package_names()))
