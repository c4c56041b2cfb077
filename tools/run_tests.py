"""Run the tests of the workspace, or of the folders given, in several processes.

Tests that measure time or load every core carry the marker `alone`; they run by themselves at the
end. What fails is run once more with nothing beside it, because a test of real processes can fail
for want of a processor; that is said, and a second failure counts.
"""
import sys

import pytest

NOTHING_SELECTED = 5


def run(*options: str) -> int:
    """Run pytest, what failed once more, and return the exit status."""
    status = pytest.main(['-q', *options])
    if status == pytest.ExitCode.TESTS_FAILED:
        print('what failed above is run once more by itself', flush=True)
        alone = [option for option in options if option not in ('-n', 'auto', '--dist', 'loadfile')]
        status = pytest.main(['-q', '--last-failed', '--last-failed-no-failures', 'none', *alone])
    return int(status)


def main(arguments: list[str]) -> int:
    if '--long' in arguments:
        arguments.remove('--long')
        return run('-m', 'long', *arguments)
    statuses = [
        run('-n', 'auto', '--dist', 'loadfile', '-m', 'not long and not alone', *arguments),
        run('-m', 'alone and not long', *arguments)]
    if all(status == NOTHING_SELECTED for status in statuses):
        return NOTHING_SELECTED
    return max(status for status in statuses if status != NOTHING_SELECTED)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
