"""`ros2 pkg xml`."""
from __future__ import annotations

import argparse
from xml.etree import ElementTree

from ros2cli.api.package import manifest
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class XmlVerb(VerbExtension):
    """Show the manifest of a package."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the package."""
        parser.add_argument('package_name', help='such as vla_bringup')
        parser.add_argument('-t', '--tag', help='show only what stands in these tags')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the package.xml, or the contents of some of its tags."""
        text = manifest(args.package_name).read_text(encoding='utf-8')
        if args.tag is None:
            print(text)
            return
        found = ElementTree.fromstring(text).findall(args.tag)
        if not found:
            raise CommandError(
                f"The package.xml of '{args.package_name}' has no tag '{args.tag}'")
        for element in found:
            print(element.text)
