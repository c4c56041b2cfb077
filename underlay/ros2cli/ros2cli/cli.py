"""The entry of the ros2 command."""
from __future__ import annotations

import os
import signal
import sys
from typing import Any

from . import __version__
from .errors import CommandError
from .extensions import load_extension
from .parser import CommandParser, parser_of

COMMANDS = 'ros2cli.command'


def main(*, argv: list[str] | None = None) -> int:
    """Run a command line (default: that of the process) and return its exit code."""
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + int(signal.SIGPIPE)
    except RuntimeError as error:
        return _fail(str(error))
    return _fail(code) if isinstance(code, str) else int(code or 0)


def _run(argv: list[str]) -> Any:
    parser = CommandParser(prog='ros2', description='ROS 2 on the command line')
    parser.add_argument('--version', action='version', version=f'ros2cli {__version__}')
    parser.add_extension_argument('command', COMMANDS)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        extension = load_extension(COMMANDS, args.command)
    except CommandError as error:
        parser.error(f'command {error}')
    command_parser = parser_of(extension, f'ros2 {args.command}', args.arguments)
    command_args = command_parser.parse_args(args.arguments)
    return extension.main(parser=command_parser, args=command_args)


def _fail(message: str) -> int:
    print(message.strip(), file=sys.stderr)
    return 1
