"""
Where the files that packages install are found, without asking ROS.

An installed package is looked up on ``AMENT_PREFIX_PATH``; without one the checkout that holds
this module serves, where ``config/`` and ``urdf/`` lie at the root.
"""
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ['find', 'folders']


def folders(package: str, folder: str) -> Iterator[Path]:
    """Yield the places of ``folder`` ('config/robots', 'urdf') of ``package``, best first."""
    for prefix in filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)):
        place = Path(prefix) / 'share' / package / folder
        if place.is_dir():
            yield place
    for parent in Path(__file__).resolve().parents:
        if (parent / 'src' / 'vla_core').is_dir() and (parent / folder).is_dir():
            yield parent / folder
            return


def find(package: str, folder: str, name: str) -> Path | None:
    """The first file ``name`` in the places of ``folder``, or None."""
    return next(
        (place / name for place in folders(package, folder) if (place / name).is_file()), None)
