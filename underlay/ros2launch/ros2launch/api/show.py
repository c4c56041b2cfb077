"""Show what launch files take and do."""
from __future__ import annotations

from launch import LaunchContext, LaunchDescription, LaunchIntrospector, Substitution
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import get_launch_description_from_any_launch_file
from launch.substitutions import TextSubstitution

__all__ = [
    'print_a_launch_file',
    'print_arguments_of_launch_description',
    'print_arguments_of_launch_file',
]


def print_a_launch_file(*, launch_file_path: str) -> None:
    """Print what the launch file does, as a tree."""
    description = get_launch_description_from_any_launch_file(launch_file_path)
    print(LaunchIntrospector().format_launch_description(description))


def print_arguments_of_launch_file(*, launch_file_path: str) -> None:
    """Print name, description, default and choices of all arguments, those of includes too."""
    include = IncludeLaunchDescription(launch_file_path)
    include.launch_description_source.get_launch_description(LaunchContext())
    print_arguments_of_launch_description(launch_description=LaunchDescription([include]))


def print_arguments_of_launch_description(*, launch_description: LaunchDescription) -> None:
    """Print name, description, default and choices of all arguments."""
    arguments = launch_description.get_launch_arguments()
    print("Arguments (give them as '<name>:=<value>'):")
    for argument in arguments:
        print(_format(argument))
    if not arguments:
        print('\n  No arguments.')
    if any(argument._conditionally_included for argument in arguments):
        print('\n* is used only under some conditions')


def _format(argument: DeclareLaunchArgument) -> str:
    mark = '*' if argument._conditionally_included else ''
    default = (
        'required' if argument.default_value is None
        else f'default: {_format_default(argument.default_value)}')
    return (
        f'\n    {argument.name!r}:{mark}'
        f'\n        {argument.description}'
        f'\n        ({default})')


def _format_default(parts: list[Substitution]) -> str:
    if all(isinstance(part, TextSubstitution) for part in parts):
        return repr(''.join(part.text for part in parts))
    return ' + '.join(part.describe() for part in parts)
