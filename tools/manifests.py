"""What the packages of the workspace declare, and what their code imports."""
import ast
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

DEPENDENCY_TAGS = (
    'depend', 'build_depend', 'build_export_depend', 'buildtool_depend', 'exec_depend',
    'test_depend')

# Where an imported module has another name than what brings it.
ROSDEP_KEY_OF_MODULE = {
    'cv2': 'python3-opencv', 'lxml': 'python3-lxml', 'numpy': 'python3-numpy',
    'packaging': 'python3-packaging', 'psutil': 'python3-psutil', 'pytest': 'python3-pytest',
    'scipy': 'python3-scipy', 'setuptools': 'python3-setuptools', 'tf2_ros': 'tf2_ros_py',
    'transforms3d': 'python3-transforms3d', 'yaml': 'python3-yaml', 'matplotlib':
    'python3-matplotlib', 'argcomplete': 'python3-argcomplete', 'coal': 'pinocchio',
    'pydantic_core': 'pydantic', 'serial': 'python3-serial', 'google': 'protobuf',
    'foxglove': 'foxglove_sdk',
    **dict.fromkeys(('dashboard_client', 'rtde_control', 'rtde_io', 'rtde_receive'), 'ur_rtde'),
}


@dataclass(frozen=True)
class Manifest:
    """One package.xml."""

    folder: Path
    name: str
    build_type: str
    dependencies: frozenset[str]

    @classmethod
    def read(cls, file: Path) -> 'Manifest':
        root = ElementTree.parse(file).getroot()
        dependencies = {element.text.strip() for tag in DEPENDENCY_TAGS
                        for element in root.findall(tag)}
        return cls(file.parent, root.findtext('name'), root.findtext('export/build_type'),
                   frozenset(dependencies))

    def imported_modules(self) -> dict[str, Path]:
        """Return the top-level modules the package's own code imports, with a file that does."""
        modules = {}
        own = self.folder / self.name
        for file in sorted(own.rglob('*.py')):
            for module in _imports(file):
                if not (file.parent / f'{module}.py').exists():  # a script imports what lies beside
                    modules.setdefault(module, file)
        for module in list(modules):
            if module in sys.stdlib_module_names or module == self.name:
                del modules[module]
        return modules


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split('.')[0]


def read_all() -> list[Manifest]:
    """Return the manifests of src/ and underlay/."""
    files = [*ROOT.glob('src/*/package.xml'), *ROOT.glob('underlay/*/package.xml')]
    return [Manifest.read(file) for file in sorted(files)]


def read_names(file: Path) -> set[str]:
    """Return the names a requirements or key file lists, in lower case with hyphens."""
    lines = (line.partition('#')[0].partition(';')[0].strip()
             for line in file.read_text().splitlines())
    return {line for line in lines if line and not line.startswith('-')}


def rosdep_keys() -> set[str]:
    return read_names(ROOT / 'tools' / 'rosdep_keys.txt')


def pip_names(*files: str) -> set[str]:
    """Return what the requirements files list, as module names."""
    names = set().union(*(read_names(ROOT / 'requirements' / f'{file}.txt') for file in files))
    return {name.lower().replace('-', '_') for name in names}
