"""Run a controller: `python -m ur_controller --address 127.0.0.5`; prints `ready` when it is."""

from __future__ import annotations

import argparse
import contextlib
import os

from ur_controller.controller import RATES, Controller
from ur_controller.dashboard_server import UNLOCK_AFTER

parser = argparse.ArgumentParser(prog='ur_controller')
parser.add_argument('--address', default='127.0.0.1')
parser.add_argument('--series', default='e', choices=list(RATES))
parser.add_argument('--unlock-after', type=float, default=UNLOCK_AFTER,
                    help='s that a protective stop lasts at least')
parser.add_argument('--session', action='store_true', help='end when the bench client hangs up')
arguments = parser.parse_args()
controller = Controller(
    arguments.address, arguments.series, arguments.unlock_after, arguments.session)
with contextlib.suppress(OSError):  # it stands for a computer of its own
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(70))
print('ready', flush=True)
controller.run()
