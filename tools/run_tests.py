"""Run the tests of the workspace, or of the folders given, in several processes.

Tests that measure time or load every core carry the marker `alone`; they run by themselves at the
end. What fails is run again with nothing beside it, at most twice, because a test of real processes
can fail for want of a processor; that is said, and what fails every time counts.
"""
import subprocess
import sys

import pytest

AGAIN = 2
NOTHING_SELECTED = pytest.ExitCode.NO_TESTS_COLLECTED


def _pytest(*options: str) -> int:
    """Run pytest in a process of its own, which leaves nothing to the next one."""
    return subprocess.run([sys.executable, '-m', 'pytest', '-q', *options]).returncode


def run(*options: str, beside: tuple[str, ...] = ()) -> int:
    """Run pytest, what failed again without the options ``beside``; return the exit status."""
    status = _pytest(*beside, *options)
    for _ in range(AGAIN):
        if status == pytest.ExitCode.TESTS_FAILED:
            print('what failed above is run again by itself', flush=True)
            status = _pytest('--last-failed', '--last-failed-no-failures', 'none', *options)
    return status


def main(arguments: list[str]) -> int:
    if '--long' in arguments:
        arguments.remove('--long')
        return run('-m', 'long', *arguments)
    statuses = [
        run('-m', 'not long and not alone', *arguments,
            beside=('-n', 'auto', '--dist', 'loadfile')),
        run('-m', 'alone and not long', *arguments)]
    if all(status == NOTHING_SELECTED for status in statuses):
        return NOTHING_SELECTED
    return max(status for status in statuses if status != NOTHING_SELECTED)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
