"""Check every package of the workspace: manifest, marker, README, and declared dependencies.

Each complaint is one line. Exit status 1 if there is one.
"""
import sys

from manifests import (
    ROOT,
    ROSDEP_KEY_OF_MODULE,
    Manifest,
    pip_names,
    read_all,
    rosdep_keys,
)


def layout_complaints(manifest: Manifest) -> list[str]:
    """Return what a package lacks to be built, found and understood."""
    wanted = ['README.md']
    if manifest.build_type == 'ament_python':
        wanted += ['setup.py', 'setup.cfg', f'resource/{manifest.name}']
    else:
        wanted += ['CMakeLists.txt']
    missing = [name for name in wanted if not (manifest.folder / name).exists()]
    complaints = [f'{name} is missing' for name in missing]
    if manifest.folder.name != manifest.name:
        complaints.append(f'its folder is named {manifest.folder.name}')
    if manifest.build_type not in ('ament_python', 'ament_cmake'):
        complaints.append(f'unknown build type {manifest.build_type}')
    return complaints


def dependency_complaints(manifest: Manifest, packages: set[str]) -> list[str]:
    """Return dependencies that rosdep cannot install and imports that nothing brings."""
    keys = rosdep_keys() | packages
    complaints = [f'{key} is not in tools/rosdep_keys.txt'
                  for key in sorted(manifest.dependencies - keys)]
    from_pip = pip_names('pip', 'datasets', 'learning')
    for module, file in sorted(manifest.imported_modules().items()):
        key = ROSDEP_KEY_OF_MODULE.get(module, module)
        if key not in manifest.dependencies and key.lower() not in from_pip:
            complaints.append(f'{file.relative_to(ROOT)} imports {module}, which neither '
                              f'package.xml nor a requirements file names')
    return complaints


def main() -> int:
    manifests = read_all()
    packages = {manifest.name for manifest in manifests}
    complaints = 0
    for manifest in manifests:
        for complaint in [*layout_complaints(manifest),
                          *dependency_complaints(manifest, packages)]:
            print(f'{manifest.name}: {complaint}', file=sys.stderr)
            complaints += 1
    return int(complaints > 0)


if __name__ == '__main__':
    sys.exit(main())
