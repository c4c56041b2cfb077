"""The main job under its launch file, told in words, as `make bench NAME=e2e`.

`robot.launch.py` is started as `make run` starts it: the time to its first motion is taken. Then
the simulated robot is told one instruction after another in scenes that nobody trained on, each
drawn from all families of its suite, and the simulation's check says what was done. With
``--soak MINUTES`` it is told without end while ``--load`` processes compute beside it, and
processor time, memory and missed ticks are watched. ``--policy expert`` takes the scripted expert
in place of the shipped policy: then the figures are those of everything but the policy.
"""
import argparse
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager

import numpy as np
import psutil
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console

from vla_core.profile import RobotProfile
from vla_inference.benchmark.inference import Person
from vla_interfaces.msg import ExecutionStatus, PolicyStatus
from vla_simulation import suites
from vla_simulation.scene import SceneError

CONSOLE = Console(stderr=True)
EXPERT = 'vla_inference.benchmark._policies:LiveExpert'
FIRST_SEED = 7_000_000  # far from those of the training scenes and of the lockstep tables
TIME_LIMIT_S = 25.0
MOVED_M = 0.005
WARM_UP_S = 120.0  # of a soak, after which memory has no reason to grow


class Watcher(Person):
    """A person who also sees the arm move and the loop's figures."""

    def __init__(self, launch: subprocess.Popen, arm) -> None:
        super().__init__(launch)
        self.place = self.place_at_start = None
        self.loop: dict[str, float] = {}
        prefix = '' if arm.name == 'arm' else f'{arm.name}/'
        self.node.create_subscription(
            PoseStamped, f'{prefix}current_pose', self._see, qos_profile_sensor_data)
        self.node.create_subscription(ExecutionStatus, 'execution_status', self._execution, 10)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._diagnostics, 20)

    def _see(self, message: PoseStamped) -> None:
        p = message.pose.position
        self.place = np.array([p.x, p.y, p.z])

    def _execution(self, status: ExecutionStatus) -> None:
        if status.state == ExecutionStatus.EXECUTING and self.place_at_start is None:
            self.place_at_start = self.place

    def _diagnostics(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name.endswith('control loop'):
                self.loop = {value.key: float(value.value) for value in status.values
                             if value.key in ('ticks', 'missed')}

    @property
    def moved(self) -> bool:
        """Whether the arm has moved since it was first told to."""
        return self.place_at_start is not None and float(
            np.linalg.norm(self.place - self.place_at_start)) > MOVED_M


@contextmanager
def launched(robot: str, policy: str):
    """The whole robot and who watches it; the first task is begun by the launch file."""
    words = ['ros2', 'launch', 'vla_bringup', 'robot.launch.py', f'robot:={robot}',
             'time_limit:=5', 'runs:=none']
    if policy:
        words += [f'policy:={policy}', f'contract:=mini_{robot}']
    launch = subprocess.Popen(words, stdout=sys.stderr, start_new_session=True)
    rclpy.init()
    try:
        yield Watcher(launch, RobotProfile.load(robot).arms[0]), launch
    finally:
        rclpy.try_shutdown()
        if launch.poll() is None:
            os.killpg(launch.pid, signal.SIGINT)
            try:
                launch.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(launch.pid, signal.SIGKILL)


class Processes:
    """Processor time and memory of everything that a launch has started."""

    def __init__(self, launch: subprocess.Popen) -> None:
        leader = psutil.Process(launch.pid)
        named = [(_name(process), process)
                 for process in [leader, *leader.children(recursive=True)]]
        self._all = {name: process for name, process in named
                     if name and name != 'tell'}  # which ends with the first task
        self._begun, self._before = time.monotonic(), self._seconds()

    def _seconds(self) -> dict[str, float]:
        return {name: sum(process.cpu_times()[:2]) for name, process in self._all.items()}

    def cpu_percent(self) -> dict[str, float]:
        """Of one core, since the beginning."""
        elapsed = time.monotonic() - self._begun
        return {name: round(100.0 * (now - self._before[name]) / elapsed, 1)
                for name, now in self._seconds().items()}

    def memory_mb(self) -> dict[str, float]:
        """Resident memory that is not shared."""
        return {name: process.memory_full_info().uss / 1e6 for name, process in self._all.items()}


def _name(process: psutil.Process) -> str:
    """What a process is called here; nothing for one that has ended."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return ''
    for at, word in enumerate(words):
        if '/lib/' in word and not word.endswith('.py'):
            return word.rsplit('/', 1)[-1]
        if word == '-m':
            return words[at + 1]
    return ' '.join(words[:3]).rsplit('/', 1)[-1]


def families_of(robot: str, named: str) -> list[str]:
    """The tasks named, with commas, or all of the robot's suite; one that it lacks ends it all."""
    suite = suites.load(suites.made_for(robot))
    try:
        return [suite.family(name).name for name in named.split(',')] if named else sorted(
            suite.families)
    except SceneError as error:
        sys.exit(f'--families: {error}')


def tell(
    person: Watcher, robot: str, index: int, families: Sequence[str],
) -> tuple[str, bool]:
    """Reset to a random scene and have its instruction done; the family, and whether it was."""
    name = suites.made_for(robot)
    family = families[random.Random(index).randrange(len(families))]
    instruction = person.reset(f'{name}/{family}', FIRST_SEED + index)
    person.spin(0.5)
    result = person.finish(person.start(instruction, TIME_LIMIT_S))
    CONSOLE.print(f'{robot} {index}: {instruction!r}: {result.message} ({result.duration:.1f} s)')
    return family, bool(result.success)


def measure(
    robot: str, policy: str, tasks: int, families: Sequence[str],
) -> dict[str, object]:
    """From the launch to the first motion, then ``tasks`` instructions."""
    begun = time.monotonic()
    with launched(robot, policy) as (person, launch):
        person.wait(lambda: person.moved, 'motion')
        to_motion = time.monotonic() - begun
        person.wait(lambda: person.status.state == PolicyStatus.READY, 'end of the first task')
        processes = Processes(launch)
        done: dict[str, list[bool]] = {}
        for index in range(tasks):
            family, success = tell(person, robot, index, families)
            done.setdefault(family, []).append(success)
        cpu, memory = processes.cpu_percent(), processes.memory_mb()
    every = [success for family in done.values() for success in family]
    return {
        f'start_to_motion_{robot}_s': round(to_motion, 1),
        f'tasks_{robot}': len(every),
        f'success_realtime_{robot}': round(float(np.mean(every)), 3),
        f'success_{robot}': {name: round(float(np.mean(one)), 3) for name, one in done.items()},
        f'cpu_percent_{robot}': cpu,
        f'memory_{robot}_mb': {name: round(mb) for name, mb in memory.items()},
    }


def soak(
    robot: str, policy: str, minutes: float, load: int, families: Sequence[str],
) -> dict[str, object]:
    """Tasks without end beside a load; what grows and what is missed."""
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(load)]
    with launched(robot, policy) as (person, launch):
        person.wait(lambda: person.moved, 'motion')
        person.wait(lambda: person.status.state == PolicyStatus.READY, 'end of the first task')
        for burner in burners:
            burner.start()
        processes, before, begun = Processes(launch), dict(person.loop), time.monotonic()
        done: list[bool] = []
        samples: list[tuple[float, float]] = []
        try:
            while (elapsed := time.monotonic() - begun) < 60.0 * minutes:
                done.append(tell(person, robot, len(done), families)[1])
                samples.append((elapsed, sum(processes.memory_mb().values())))
        finally:
            for burner in burners:
                burner.kill()
        after = dict(person.loop)
    half = len(done) // 2
    late = [(t, mb) for t, mb in samples if t > min(WARM_UP_S, 20.0 * minutes)]
    growth = float('nan')
    if len(late) > 2:
        growth = np.polyfit(*np.array(late).T, 1)[0] * (late[-1][0] - late[0][0])
    return {
        'soak_minutes': minutes, 'soak_load_processes': load, 'soak_tasks': len(done),
        'soak_success': round(float(np.mean(done)), 3),
        'soak_success_first_half': round(float(np.mean(done[:half] or [0])), 3),
        'soak_success_second_half': round(float(np.mean(done[half:])), 3),
        'rss_growth_mb': round(float(growth), 1),
        'soak_missed_ratio': round(
            (after['missed'] - before['missed']) / max(after['ticks'] - before['ticks'], 1), 6),
    }


def _burn() -> None:
    while True:
        sum(range(10_000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--robots', default='franka', help='with commas: franka,ur,aloha')
    parser.add_argument('--tasks', type=int, default=50, help='instructions to each robot')
    parser.add_argument('--families', default='', help='with commas: tasks to tell (all)')
    parser.add_argument('--policy', default='', help='expert, or a folder; else the shipped one')
    parser.add_argument('--soak', type=float, default=0.0, metavar='MINUTES')
    parser.add_argument('--load', type=int, default=1, help='processes beside the soak')
    arguments = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    policy = EXPERT if arguments.policy == 'expert' else arguments.policy
    figures: dict[str, object] = {'name': 'e2e', 'policy': arguments.policy or 'shipped'}
    for robot in arguments.robots.split(','):
        if not policy and not RobotProfile.load(robot).policy:
            sys.exit(f'{robot} begins without a policy; give --policy')
        families = families_of(robot, arguments.families)
        if arguments.tasks:
            figures |= measure(robot, policy, arguments.tasks, families)
        if arguments.soak:
            figures |= soak(robot, policy, arguments.soak, arguments.load, families)
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
