"""Find launch files in packages."""
from __future__ import annotations

import difflib
import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory

__all__ = [
    'MultipleLaunchFilesError',
    'get_launch_file_paths',
    'get_share_file_path_from_package',
    'is_launch_file',
]


class MultipleLaunchFilesError(Exception):
    """A package holds several files of the wanted name; `paths` are theirs."""

    def __init__(self, msg: str, paths: list[str]) -> None:
        super().__init__(msg)
        self.paths = paths


def get_share_file_path_from_package(*, package_name: str, file_name: str) -> str:
    """
    Return the path of the file of that name below the package's share folder.

    Raises PackageNotFoundError, FileNotFoundError naming near matches, or
    MultipleLaunchFilesError.
    """
    share = get_package_share_directory(package_name)
    found = [path for path in _files(share) if Path(path).name == file_name]
    if not found:
        there = sorted(Path(path).name for path in get_launch_file_paths(path=share))
        raise FileNotFoundError(_explain(package_name, file_name, there))
    if len(found) > 1:
        raise MultipleLaunchFilesError(
            f'package {package_name!r} has several files {file_name!r}: {", ".join(found)}', found)
    return found[0]


def get_launch_file_paths(*, path: str) -> list[str]:
    """Return the paths of all launch files below a folder."""
    return [file for file in _files(path) if is_launch_file(path=file)]


def is_launch_file(path: str) -> bool:
    """Return whether the path is that of a launch file."""
    return path.endswith('launch.py') and Path(path).is_file()


def _files(folder: str) -> list[str]:
    return sorted(
        str(Path(root) / name)
        for root, _, names in os.walk(folder, followlinks=True) for name in names)


def _explain(package_name: str, file_name: str, there: list[str]) -> str:
    near = difflib.get_close_matches(file_name, there) or there
    hint = f'did you mean {" or ".join(near)}?' if near else 'it has no launch files'
    return f'package {package_name!r} has no launch file {file_name!r}: {hint}'
