"""Nothing is left running, whatever ends the launch."""
import fcntl
import os
import pty
import signal
import termios
import time

import pytest


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_launch_ends_every_descendant(launch_file, running, number):
    launched = launch_file('family', 'kinds:=plain,children,sessions,deaf_to_int', 'timeout:=0.4')
    pids = launched.pids(6)
    assert running(pids) == pids
    begin = time.monotonic()
    launched.send(number)
    assert launched.wait() == 0
    assert time.monotonic() - begin < 3.0
    assert running(pids) == []


def test_deaf_processes_are_killed(launch_file, running):
    launched = launch_file('family', 'kinds:=deaf', 'timeout:=0.2')
    pids = launched.pids(1)
    launched.send(signal.SIGINT)
    assert launched.wait(3.0) == 0
    assert running(pids) == []
    assert 'has not ended on SIGTERM in time' in launched.output
    assert 'exit code -9' in launched.output


def test_each_further_interrupt_goes_on_to_the_next_signal(launch_file, running):
    launched = launch_file('family', 'kinds:=deaf,deaf_to_int')
    pids = launched.pids(2)
    begin = time.monotonic()
    for _ in range(3):
        launched.send(signal.SIGINT)
        time.sleep(0.3)
    assert launched.wait(3.0) == 0
    assert time.monotonic() - begin < 3.0
    assert running(pids) == []


def test_ctrl_c_in_a_terminal_reaches_processes_through_the_launch(launch_file, running):
    ours, theirs = pty.openpty()
    launched = launch_file(
        'family', 'kinds:=plain,children', stdin=theirs, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    pids = launched.pids(3)
    os.write(ours, b'\x03')
    assert launched.wait(5.0) == 0
    assert running(pids) == []
    os.close(ours)
    os.close(theirs)


def test_what_an_ended_process_leaves_behind_ends_with_the_launch(launch_file, running):
    launched = launch_file('family', 'kinds:=orphans')
    pids = launched.pids(1)
    assert launched.wait(10.0) == 0
    assert running(pids) == []


def test_a_hang_up_that_is_ignored_stays_so(launch_file, running):
    launched = launch_file(
        'family', 'kinds:=plain',
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    pids = launched.pids(1)
    launched.send(signal.SIGHUP)
    time.sleep(0.3)
    assert launched.process.poll() is None
    assert running(pids) == pids
    launched.send(signal.SIGTERM)
    assert launched.wait(5.0) == 0


def test_what_is_left_behind_ends_before_the_process_starts_again(launch_file, running):
    launched = launch_file('orphans')
    first, second = launched.pids(2)
    assert running([first]) == []
    assert launched.wait(10.0) == 0
    assert running([second]) == []
