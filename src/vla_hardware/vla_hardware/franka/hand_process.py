"""The process that commands a Franka Hand: `python -m vla_hardware.franka.hand_process IP FD`.

The maker's library waits for each motion of the hand to end and lets no other thread run
meanwhile, so it lives in a process of its own. Over the socket FD it hands its parent the socket
of the hand's state datagrams, which the parent reads itself, and then carries out one JSON request
a line: `{"number": 3, "verb": "grasp", "width": 0.0, "speed": 0.1, "force": 30.0}`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from vla_hardware.franka.connection import datagrams_of, library
from vla_hardware.interface import HardwareError

__all__ = ['main']


def _verbs(hand: Any, widest: float) -> dict[str, Callable[..., bool]]:
    def close_to(width: float, speed: float, force: float) -> bool:
        try:
            reached = hand.move(width, speed)
        except RuntimeError:
            reached = False
        return reached or grasp(width, speed, force)  # something is in the way: hold it

    def grasp(width: float, speed: float, force: float) -> bool:
        return hand.grasp(width, speed, force, epsilon_inner=widest, epsilon_outer=widest)

    return {'homing': hand.homing, 'move': hand.move, 'stop': hand.stop,
            'close_to': close_to, 'grasp': grasp}


def _carry_out(verbs: dict[str, Callable[..., bool]], request: dict[str, Any]) -> dict[str, Any]:
    number, verb = request.pop('number'), request.pop('verb')
    try:
        return {'number': number, 'result': bool(verbs[verb](*request.values())), 'error': ''}
    except RuntimeError as error:
        return {'number': number, 'result': False, 'error': f'{verb}: {error}'}


def main(ip: str, descriptor: int) -> int:
    """Serve until the parent is gone; the exit status."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # the loop's own is inherited
    parent = socket.socket(fileno=descriptor)
    try:
        hand, datagrams = datagrams_of(lambda: library().Gripper(ip))
        state = hand.read_once()  # the last that is read here
    except (RuntimeError, HardwareError) as error:
        parent.sendall(json.dumps({'error': str(error)}).encode() + b'\n')
        return 1
    answer = {'error': '', 'width': state.width, 'max_width': state.max_width}
    socket.send_fds(parent, [json.dumps(answer).encode() + b'\n'], [datagrams.descriptor])
    verbs = _verbs(hand, state.max_width)
    for line in parent.makefile('r'):
        parent.sendall(json.dumps(_carry_out(verbs, json.loads(line))).encode() + b'\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
