"""Print the folders of the underlay packages whose genuine counterpart is absent.

A package counts as present if an ament prefix other than this workspace's own holds it, or if
Python imports it from elsewhere than this repository.
"""
import importlib.util
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARKER = 'share/ament_index/resource_index/packages'


def genuine_in_ament_prefix(package: str) -> bool:
    """Tell whether a prefix outside this workspace's install folder holds the package."""
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    own = ROOT / 'install'
    return any((prefix / MARKER / package).exists() for prefix in prefixes
               if own != prefix and own not in prefix.parents)


def genuine_in_python_path(module: str) -> bool:
    """Tell whether Python finds the module elsewhere than in this repository."""
    spec = importlib.util.find_spec(module)
    if spec is None:
        return False
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    own = [ROOT / 'underlay', ROOT / 'install', ROOT / 'build']
    return any(place and not any(folder in Path(place).resolve().parents for folder in own)
               for place in places)


def chosen_packages() -> list[Path]:
    """Return the folders to build, in order of their names."""
    chosen = []
    for manifest in sorted((ROOT / 'underlay').glob('*/package.xml')):
        package = ElementTree.parse(manifest).findtext('name')
        if not genuine_in_ament_prefix(package) and not genuine_in_python_path(package):
            chosen.append(manifest.parent)
    return chosen


if __name__ == '__main__':
    for folder in chosen_packages():
        print(folder.relative_to(ROOT))
