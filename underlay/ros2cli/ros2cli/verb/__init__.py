"""Verbs: what follows the command on the command line."""
from __future__ import annotations

import argparse
from typing import Any

from ros2cli.parser import CommandParser


class VerbExtension:
    """A verb; register its class under the entry point group of its command."""

    NAME: str | None = None

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the verb's arguments to its parser."""

    def main(self, *, args: argparse.Namespace) -> Any:
        """Run; return the exit code, None for 0, or a message of failure."""
        raise NotImplementedError
