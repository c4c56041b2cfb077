"""What a real-time process asks of the operating system (see `sched(7)`, `mlockall(2)`)."""

from __future__ import annotations

import ctypes
import gc
import os
import sys

import numpy as np
from scipy.linalg.lapack import dposv

from vla_control.loop.configuration import RealTime

__all__ = ['prepare']

_CURRENT_AND_FUTURE = 3


def prepare(wishes: RealTime) -> list[str]:
    """Ask for each wish; returns one line for each that was refused.

    Threads and processes that are started later run at the ordinary priority.
    """
    _take_work_buffers()
    refused: list[str] = []
    if wishes.cpus:
        try:
            os.sched_setaffinity(0, wishes.cpus)
        except (OSError, AttributeError) as error:
            refused.append(f'no affinity to processors {list(wishes.cpus)}: {error}')
    if wishes.priority:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK,
                                  os.sched_param(wishes.priority))
        except (OSError, AttributeError) as error:
            refused.append(f'no real-time priority {wishes.priority}: {error}; '
                           'allow rtprio in /etc/security/limits.conf')
    if wishes.lock_memory:
        try:
            failed = ctypes.CDLL(None, use_errno=True).mlockall(_CURRENT_AND_FUTURE)
        except (OSError, AttributeError) as error:
            refused.append(f'no locked memory: {error}')
        else:
            if failed:
                refused.append(f'no locked memory: {os.strerror(ctypes.get_errno())}; '
                               'allow memlock in /etc/security/limits.conf')
    sys.setswitchinterval(5e-5)
    gc.collect()
    gc.freeze()
    gc.disable()  # the tick makes no cycles; a collection would cost milliseconds
    return refused


def _take_work_buffers() -> None:
    """Let linear algebra take its work buffers: in locked memory its first call costs 20 ms."""
    matrix = np.eye(8)
    dposv(matrix, matrix @ np.ones(8))
    np.linalg.solve(matrix, np.ones(8))
