"""A process that receives the robot's state by ur-rtde and hands each sample to the control loop.

It is a process of its own because a packet that is not as the library expects can leave its lock
held: then this process hangs, an alarm ends it, and the loop sees a link that is lost.

    state_process.py SOCKET IP RATE PRIORITY
"""

import contextlib
import os
import signal
import socket
import sys
import time

import rtde_receive
from packets import STATE, STATE_FIELDS

POLL = 1e-4  # s between looks, when a sample is due
EARLY = 3e-4  # s before it is due
AS_IT_SENDS = -1.0  # 500 Hz, or 125 Hz of a CB3
HANGS = 2  # s without a sample after which this process ends


def main(number: int, ip: str, rate: float, priority: int) -> None:
    """Hand on samples until the loop hangs up."""
    loop = socket.socket(fileno=number)
    loop.setblocking(False)
    if priority:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    robot = rtde_receive.RTDEReceiveInterface(ip, AS_IT_SENDS, list(STATE_FIELDS))
    last, rest = -1.0, 1.0 / rate - EARLY
    signal.alarm(HANGS)
    while True:
        stamp = robot.getTimestamp()
        if stamp == last:
            time.sleep(POLL)
            continue
        last = stamp
        signal.alarm(HANGS)
        packet = STATE.pack(
            stamp, *robot.getActualQ(), *robot.getActualQd(), *robot.getTargetMoment(),
            *robot.getActualTCPForce(), *robot.getTargetQ(), max(robot.getJointTemperatures()),
            robot.getSpeedScaling(), robot.getTargetSpeedFraction(), robot.getRobotMode(),
            robot.getSafetyMode(), robot.getRobotStatus())
        with contextlib.suppress(BlockingIOError):  # the loop stands still: it wants no old ones
            try:
                loop.send(packet)
            except (BrokenPipeError, ConnectionError):
                return
        time.sleep(rest)


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
