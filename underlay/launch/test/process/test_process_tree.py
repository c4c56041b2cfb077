"""Processes and what they start."""
import signal
import subprocess
import time

from launch.process import ProcessTree


def wait_until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_descendants_are_found_even_in_sessions_of_their_own():
    process = subprocess.Popen(
        ['sh', '-c', 'setsid sleep 100 & sleep 100 & wait'], start_new_session=True)
    tree = ProcessTree(process.pid)
    wait_until(lambda: len(tree.survivors()) == 3)
    process.kill()
    process.wait()
    assert len(tree.survivors()) == 2
    tree.signal_survivors(signal.SIGKILL)
    wait_until(lambda: not tree.survivors())


def test_a_signal_to_a_tree_that_has_gone_is_no_error():
    process = subprocess.Popen(['true'], start_new_session=True)
    tree = ProcessTree(process.pid)
    process.wait()
    tree.signal(signal.SIGTERM)
    tree.signal_survivors(signal.SIGTERM)
    assert tree.survivors() == []
