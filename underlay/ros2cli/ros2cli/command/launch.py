"""The command `ros2 launch`."""
from __future__ import annotations

import argparse
from pathlib import Path

from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser

from . import CommandExtension


class LaunchCommand(CommandExtension):
    """Run a launch file."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the file, by package or path, and how to launch it."""
        parser.add_argument(
            '-n', '--noninteractive', action='store_true', help='there is no terminal to talk to')
        parser.add_argument('-d', '--debug', action='store_true', help='tell more of the launch')
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            '-p', '--print', '--print-description', action='store_true', dest='print_description',
            help='print what the file describes instead of launching it')
        instead.add_argument(
            '-s', '--show-args', '--show-arguments', action='store_true', dest='show_arguments',
            help='show the arguments that the file takes instead of launching it')
        parser.add_argument(
            '--launch-prefix', metavar='COMMAND',
            help="put before executables, such as 'gdb -ex run --args'")
        parser.add_argument(
            '--launch-prefix-filter', metavar='REGEX', help='only before those that match')
        parser.add_argument(
            'package_name', help='package, such as vla_bringup, or the path of a launch file')
        parser.add_argument(
            'launch_file_name', nargs='?', help='launch file of the package')
        parser.add_argument(
            'launch_arguments', nargs='*', default=[], metavar='name:=value',
            help='arguments of the file')

    def main(self, *, parser: CommandParser, args: argparse.Namespace) -> int | None:
        """Launch, or show what would be."""
        from launch.invalid_launch_file_error import InvalidLaunchFileError

        path, arguments = _split(args)
        for argument in arguments:
            if ':=' not in argument:
                parser.error(f"'{argument}' is not a launch argument: write name:=value")
        try:
            return _launch(path, arguments, args)
        except InvalidLaunchFileError as error:
            raise CommandError(str(error)) from error


def _launch(path: str, arguments: list[str], args: argparse.Namespace) -> int | None:
    from ros2launch import api

    if args.show_arguments:
        api.print_arguments_of_launch_file(launch_file_path=path)
        return None
    if args.print_description:
        api.print_a_launch_file(launch_file_path=path)
        return None
    return api.launch_a_launch_file(
        launch_file_path=path, launch_file_arguments=arguments,
        noninteractive=args.noninteractive, args=args, debug=args.debug)


def _split(args: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the path of the launch file and the arguments for it."""
    file = args.launch_file_name
    if Path(args.package_name).is_file():
        return args.package_name, [*([] if file is None else [file]), *args.launch_arguments]
    if file is None or ':=' in file:
        raise CommandError(
            f"'{args.package_name}' is not a launch file, and no launch file of a package "
            'of that name is given')
    return _file_of_package(args.package_name, file), args.launch_arguments


def _file_of_package(package: str, file: str) -> str:
    from ament_index_python import PackageNotFoundError
    from ros2launch.api import (
        MultipleLaunchFilesError,
        get_share_file_path_from_package,
    )

    try:
        return get_share_file_path_from_package(package_name=package, file_name=file)
    except PackageNotFoundError as error:
        raise CommandError(
            f"Package '{package}' not found: is it built, and its workspace sourced?") from error
    except (FileNotFoundError, MultipleLaunchFilesError) as error:
        raise CommandError(str(error)) from error
