"""Print the folders of the underlay packages whose genuine counterpart is absent.

A package counts as present if an ament prefix other than this workspace's own holds it, or if
Python imports it from elsewhere than this repository.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree
from importlib.machinery import PathFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARKER = 'share/ament_index/resource_index/packages'

# The genuine tf2_ros is C++ only; its Python module comes with a package of another name.
GENUINE_PACKAGE = {'tf2_ros': 'tf2_ros_py'}


def genuine_in_ament_prefix(package: str) -> bool:
    """Tell whether a prefix outside this workspace's install folder holds the package."""
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    own = ROOT / 'install'
    return any((prefix / MARKER / package).exists() for prefix in prefixes
               if own != prefix and own not in prefix.parents)


def genuine_in_python_path(module: str) -> bool:
    """Tell whether Python finds the module elsewhere than in this repository."""
    own = [ROOT / folder for folder in ('underlay', 'install', 'build')]
    foreign = [entry for entry in sys.path
               if not any(folder in (Path(entry).resolve() / module).parents for folder in own)]
    spec = PathFinder.find_spec(module, foreign)
    # A bare folder of that name, such as launch/ of this repository, has no origin.
    return spec is not None and spec.origin is not None


def chosen_packages() -> list[Path]:
    """Return the folders to build, in order of their names."""
    chosen = []
    for manifest in sorted((ROOT / 'underlay').glob('*/package.xml')):
        package = ElementTree.parse(manifest).findtext('name')
        genuine = GENUINE_PACKAGE.get(package, package)
        if not genuine_in_ament_prefix(genuine) and not genuine_in_python_path(package):
            chosen.append(manifest.parent)
    return chosen


if __name__ == '__main__':
    for folder in chosen_packages():
        print(folder.relative_to(ROOT))
