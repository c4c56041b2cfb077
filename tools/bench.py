"""Run a benchmark by name. Progress goes to stderr; the last line of stdout is one JSON object.

A benchmark is a module `benchmark/<name>.py` of a package, or `test/benchmark/<name>.py` if it
concerns the whole system.
"""
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find_benchmarks() -> dict[str, Path]:
    """Return the benchmarks by name."""
    files = [*ROOT.glob('src/*/*/benchmark/*.py'), *ROOT.glob('test/benchmark/*.py')]
    return {file.stem: file for file in sorted(files) if not file.stem.startswith('_')}


def main(arguments: list[str]) -> int:
    benchmarks = find_benchmarks()
    if not arguments or arguments[0] not in benchmarks:
        asked = f'no benchmark named {arguments[0]!r}' if arguments else 'NAME= is missing'
        print(f'{asked}; there are: {", ".join(benchmarks)}', file=sys.stderr)
        return 2
    sys.argv = [arguments[0], *arguments[1:]]
    file = benchmarks[arguments[0]]
    package = file.parents[1]
    if (package / '__init__.py').exists():
        sys.path.insert(0, str(package.parent))
        runpy.run_module(f'{package.name}.benchmark.{file.stem}', run_name='__main__')
    else:
        runpy.run_path(str(file), run_name='__main__')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
