"""Run launch files."""
from __future__ import annotations

import argparse
import difflib
from collections.abc import Collection, Iterable, Mapping

from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.argument_survey import ArgumentSurvey
from launch.unsupported import refuse

__all__ = ['UndeclaredArgumentError', 'launch_a_launch_file', 'parse_launch_arguments']

_READ_UNDECLARED = frozenset({
    'emulate_tty', 'launch-prefix', 'launch-prefix-filter', 'sigkill_timeout', 'sigterm_timeout'})


class UndeclaredArgumentError(RuntimeError):
    """An argument was given that no launch file declares."""

    def __init__(self, name: str, declared: Iterable[str]) -> None:
        names = sorted(declared)
        near = difflib.get_close_matches(name, names)
        if near:
            hint = f'did you mean {" or ".join(near)}?'
        else:
            hint = f'declared are: {", ".join(names)}' if names else 'none are declared'
        super().__init__(f'launch argument {name!r} is not declared: {hint}')


def parse_launch_arguments(launch_arguments: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of '<name>:=<value>' texts; the last of a name wins."""
    pairs = {}
    for argument in launch_arguments:
        name, separator, value = argument.partition(':=')
        if not separator or not name or not value:
            raise RuntimeError(f'launch argument {argument!r} is not of the form <name>:=<value>')
        pairs[name] = value
    return list(pairs.items())


def launch_a_launch_file(
    *,
    launch_file_path: str,
    launch_file_arguments: list[str],
    noninteractive: bool = False,
    args: argparse.Namespace | None = None,
    option_extensions: Mapping[str, object] | None = None,
    debug: bool = False,
) -> int:
    """
    Run a launch file until it is done and return the exit code.

    `args` may carry `launch_prefix` and `launch_prefix_filter`. Raises RuntimeError for malformed
    arguments, UndeclaredArgumentError, InvalidLaunchFileError.
    """
    if option_extensions:
        refuse(f'the option extension {next(iter(option_extensions))!r}')
    words = [*launch_file_arguments, *_prefix_arguments(args)]
    pairs = parse_launch_arguments(words)
    include = IncludeLaunchDescription(launch_file_path, launch_arguments=pairs)
    include.launch_description_source.get_launch_description(LaunchContext())
    survey = ArgumentSurvey(LaunchDescription([include]))
    given = [name for name, _ in pairs]
    foreseen = {argument.name for argument in survey.arguments}
    if survey.is_complete:
        _check_declared(given, foreseen)
    service = LaunchService(argv=words, noninteractive=noninteractive, debug=debug)
    service.include_launch_description(LaunchDescription([
        include, OpaqueFunction(function=_check_seen, args=[given, foreseen])]))
    return service.run()


def _prefix_arguments(args: argparse.Namespace | None) -> list[str]:
    options = {
        'launch-prefix': getattr(args, 'launch_prefix', None),
        'launch-prefix-filter': getattr(args, 'launch_prefix_filter', None)}
    return [f'{name}:={value}' for name, value in options.items() if value]


def _check_seen(context: LaunchContext, given: list[str], foreseen: set[str]) -> None:
    """Check again once functions have said what they declare; no process runs yet then."""
    _check_declared(given, foreseen | context._declared_arguments)


def _check_declared(given: Iterable[str], declared: Collection[str]) -> None:
    for name in given:
        if name not in declared and name not in _READ_UNDECLARED:
            raise UndeclaredArgumentError(name, declared)
