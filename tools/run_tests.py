"""Run the tests of the workspace, or of the folders given, in several processes.

Tests that measure time or load every core carry the marker `alone`; they run by themselves at the
end.
"""
import sys

import pytest


def main(arguments: list[str]) -> int:
    if '--long' in arguments:
        arguments.remove('--long')
        return pytest.main(['-q', '-m', 'long', *arguments])
    beside = pytest.main(
        ['-q', '-n', 'auto', '--dist', 'loadfile', '-m', 'not long and not alone', *arguments])
    alone = pytest.main(['-q', '-m', 'alone and not long', *arguments])
    # 5: no test was selected.
    return max(code for code in (beside, alone) if code != 5) if (beside, alone) != (5, 5) else 5


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
