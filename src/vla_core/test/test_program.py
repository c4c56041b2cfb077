"""A program told to stop while it starts ends quietly; afterwards its own handlers count."""
import signal
import subprocess
import sys
import time

import pytest

from vla_core.program import MISTAKE

SLOW = 'import time\nprint("importing", flush=True)\ntime.sleep({seconds})\n'
MAIN = """
import signal

def main():
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)
    return 5
"""
RUN = 'import sys; from vla_core.program import program; sys.exit(program("slow")())'


def start(folder, text):
    (folder / 'slow.py').write_text(text)
    return subprocess.Popen(
        [sys.executable, '-c', RUN], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={'PYTHONPATH': ':'.join(['.', *sys.path])})


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_stop_amid_the_imports_ends_it_without_a_word(tmp_path, number):
    process = start(tmp_path, SLOW.format(seconds=30) + MAIN)
    process.stdout.readline()
    begun = time.monotonic()
    process.send_signal(number)
    output, error = process.communicate(timeout=10)
    assert (process.returncode, output, error) == (0, '', '')
    assert time.monotonic() - begun < 5.0


def test_afterwards_signals_are_as_they_were(tmp_path):
    process = start(tmp_path, SLOW.format(seconds=0) + MAIN)
    output, error = process.communicate(timeout=10)
    assert (process.returncode, output, error) == (5, 'importing\nTrue\n', '')


def test_a_library_that_is_not_there_is_one_line(tmp_path):
    process = start(tmp_path, 'import no_such_library\n')
    output, error = process.communicate(timeout=10)
    assert process.returncode == MISTAKE and not output
    assert error.startswith("error: slow: No module named 'no_such_library'")
    assert error.count('\n') == 1


def test_what_a_program_does_wrong_itself_is_no_mistake_of_a_person(tmp_path):
    process = start(tmp_path, 'def main():\n    raise RuntimeError("as it happens")\n')
    assert 'RuntimeError: as it happens' in process.communicate(timeout=10)[1]
    assert process.returncode == 1 != MISTAKE


def test_at_the_end_only_what_was_registered_is_still_done(tmp_path):
    process = start(tmp_path, (
        'import atexit, sys\n'
        'class Slow:\n    def __del__(self):\n        print("taken apart", flush=True)\n'
        'kept = Slow()\n'
        'def main():\n    atexit.register(print, "registered")\n    print("done")\n    return 3\n'))
    output, error = process.communicate(timeout=10)
    assert (process.returncode, output, error) == (3, 'done\nregistered\n', '')


@pytest.mark.parametrize(('left', 'status'), [('sys.exit(4)', 4), ('sys.exit("why")', 1)])
def test_a_program_that_exits_by_itself_keeps_its_status(tmp_path, left, status):
    process = start(tmp_path, f'import sys\ndef main():\n    {left}\n')
    assert process.communicate(timeout=10)[1] == ('why\n' if status == 1 else '')
    assert process.returncode == status
