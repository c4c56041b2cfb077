"""Installed packages: prefixes, executables and manifests."""
from __future__ import annotations

import os
from pathlib import Path

from ament_index_python import (
    PackageNotFoundError,
    get_package_prefix,
    get_packages_with_prefixes,
)

from ros2cli.errors import CommandError


def package_names() -> list[str]:
    """Return the names of all installed packages, sorted."""
    return sorted(get_packages_with_prefixes())


def package_prefix(package: str) -> Path:
    """Return the prefix that a package is installed under, or end the command."""
    try:
        return Path(get_package_prefix(package))
    except (PackageNotFoundError, ValueError) as error:
        raise CommandError(
            f"Package '{package}' not found: is it built, and its workspace sourced?") from error


def executables(package: str) -> list[Path]:
    """Return the executables of a package, sorted by name."""
    folder = package_prefix(package) / 'lib' / package
    return sorted(
        path for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_file() and os.access(path, os.X_OK))


def executable(package: str, name: str) -> Path:
    """Return one executable of a package, or end the command."""
    known = executables(package)
    for path in known:
        if path.name == name:
            return path
    names = ', '.join(path.name for path in known)
    raise CommandError(
        f"Package '{package}' has no executable '{name}'"
        + (f'; it has: {names}' if names else ', nor any other'))


def manifest(package: str) -> Path:
    """Return the package.xml of a package, or end the command."""
    path = package_prefix(package) / 'share' / package / 'package.xml'
    if not path.is_file():
        raise CommandError(f"Package '{package}' is installed without its package.xml")
    return path
