"""The ros2 command: commands and verbs found by entry point, thin over ros2cli.api."""

__version__ = '0.32.0'
