"""The command `ros2 topic`."""
from ros2cli.parser import CommandParser

from . import VerbCommand


class TopicCommand(VerbCommand):
    """Topics: list, inspect, print, publish and measure them."""

    VERBS = 'ros2topic.verb'

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the flag that genuine ros2 takes before the verb as well."""
        super().add_arguments(parser, cli_name)
        parser.add_argument(
            '--include-hidden-topics', action='store_true', help='show hidden topics too')
