"""``ros2 run vla_recording recover BAG…``: mend bags whose recording was cut."""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vla_recording.errors import BagError
from vla_recording.recovery import recover, unfinished

__all__ = ['main']


def main(arguments: Sequence[str] | None = None) -> int:
    """Mend each bag, or every unfinished one of a folder; 1 when one could not be read."""
    parser = argparse.ArgumentParser(
        prog='recover', description='Mend bags that a kill, a full disk or a power cut left.')
    parser.add_argument('bags', type=Path, nargs='+', metavar='BAG',
                        help='a bag, or a folder of bags, of which the unfinished are mended')
    options = parser.parse_args(arguments)
    failed = False
    for bag in [found for path in options.bags for found in _bags(path)]:
        try:
            result = recover(bag)
        except BagError as error:
            print(f'error: {error}', file=sys.stderr)
            failed = True
            continue
        if result.was_whole:
            print(f'{bag}: is whole, {result.messages} messages, {result.duration_s:.1f} s')
            continue
        cut = ', '.join(f'{file.name}: {file.messages} messages, {file.cut_bytes} bytes cut off'
                        for file in result.files if not file.whole)
        print(f'{bag}: mended, {result.messages} messages, {result.duration_s:.1f} s ({cut})')
    return 1 if failed else 0


def _bags(path: Path) -> list[Path]:
    if path.is_dir() and not any(path.glob('*.mcap')) and (found := unfinished(path)):
        return found
    return [path]


if __name__ == '__main__':
    sys.exit(main())
