"""The command `ros2 service`."""
from ros2cli.parser import CommandParser

from . import VerbCommand


class ServiceCommand(VerbCommand):
    """Services: list, inspect and call them."""

    VERBS = 'ros2service.verb'

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the flag that genuine ros2 takes before the verb as well."""
        super().add_arguments(parser, cli_name)
        parser.add_argument(
            '--include-hidden-services', action='store_true', help='show hidden services too')
