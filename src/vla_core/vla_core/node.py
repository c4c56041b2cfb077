"""
Running a node as a program: one line on a mistake in its configuration, quiet on a stop.

ROS is imported when a node is run, not before.
"""
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from vla_core.program import MISTAKE
from vla_core.stop_signal import StopSignal
from vla_core.validation import ConfigurationError

__all__ = ['go_before_others', 'run_node']

NICENESS = -10
#: How long a thread may keep another waiting for the interpreter, s; Python's own 5 ms would be
#: spent between a picture's arrival and the thread that asks the policy about it.
SWITCH_S = 0.0005


def run_node(make_node: Callable[[], Any], args: Sequence[str] | None = None) -> int:
    """
    Start ROS, make the node, spin it until it is told to stop, and return the exit status.

    A ConfigurationError while the node is made, and what ROS refuses (a malformed argument, a
    parameter file that is not there), becomes one line on stderr and status 2. SIGINT and SIGTERM
    end the spin between two callbacks: rclpy's own handlers would take the context away under
    the one that runs.
    """
    sys.setswitchinterval(SWITCH_S)
    with ExitStack() as running, suppress(KeyboardInterrupt):
        stop = StopSignal()
        try:
            status = _run(make_node, args, stop, running)
        finally:
            stop.disregarded = True
        return status
    return 0


def _run(
    make_node: Callable[[], Any], args: Sequence[str] | None, stop: StopSignal,
    running: ExitStack,
) -> int:
    """`run_node` without its end: what has to be closed then is put on ``running``."""
    import rclpy
    from rclpy.impl.implementation_singleton import rclpy_implementation
    from rclpy.signals import SignalHandlerOptions

    from vla_core.executor import KeepingExecutor
    executor = None
    try:
        running.callback(rclpy.try_shutdown)
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
        running.callback(node.destroy_node)
        executor = KeepingExecutor()
        running.callback(executor.shutdown)
        executor.add_node(node)
        stopped = threading.Event()
        stop.deliver_to(lambda: (stopped.set(), executor.wake()))
        executor.spin_until(stopped.is_set)
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        return MISTAKE
    except rclpy_implementation.RCLError as error:
        if executor is not None:
            raise
        reason = ' '.join(str(error).split(', at /')[0].split())
        print(f'error: {reason}', file=sys.stderr)
        return MISTAKE
    return 0


def go_before_others() -> None:
    """
    Run this process before ordinary ones, where that is allowed.

    For nodes that hand a robot its targets: a policy that computes must not delay them. Niceness
    counts among the processes of one terminal only; between terminals, that of their groups does
    (sched(7), autogroup), so this terminal's goes before the others too. No real-time priority:
    together with the loop it would leave others nothing, and Linux then takes from the loop.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        Path('/proc/self/autogroup').write_text(str(NICENESS))
