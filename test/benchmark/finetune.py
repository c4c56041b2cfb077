"""Is a new task taught by teleoperation learned? As `make bench NAME=finetune`.

The task is that of the suite `touching`, on which no shipped policy was trained.
`robot.launch.py` is started with a gamepad and the recorder; a scripted person sees the scene,
pushes the sticks, starts and ends the episodes. Bags are exported, a policy is trained on from
the shipped one, and both are tried in lockstep on seeds that nobody recorded. What is there
already in ``--folder`` is not done again.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rclpy
import yaml
from rich.console import Console
from sensor_msgs.msg import Joy

from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedMemoryError, block_name
from vla_datasets import DatasetReader
from vla_inference.benchmark.inference import Person
from vla_inference.task_check.live_world import LiveWorld
from vla_interfaces.msg import TaskCheck, TeleopStatus
from vla_interfaces.srv import FinishEpisode, StartEpisode
from vla_policies.registry import shipped
from vla_recording.bag_metadata import read_metadata
from vla_recording.episode import Episode
from vla_simulation.evaluate import Evaluation, evaluate
from vla_simulation.tool import Tool

CONSOLE = Console(stderr=True)
ROBOT, CONTRACT, SUITE, TASK = 'franka', 'mini_franka', 'touching', 'touching/touch'
FIRST_SEED = 3_000_000  # evaluation begins at 0
SPEED_M_S = 0.3  # of the tip at full deflection
PAD_HZ = 50.0
LEFT_X, LEFT_Y, LEFT_TRIGGER, RIGHT_Y, RIGHT_TRIGGER = 0, 1, 2, 4, 5
A, LEFT_BUMPER = 0, 4
DEADBAND = 0.12  # of the device
PATIENCE_S = 15.0
IDLE_S = 1.2  # after which teleoperation streams no more


class Hand:
    """
    How the sticks are pushed in one episode: by what is seen, but never twice alike.

    From the gap it closes in on the target by a detour, comes down as it gets over it, slows down
    near it, and lets go a moment after the fingers touch.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._pace = generator.uniform(0.7, 1.0)
        self._hover_m = generator.uniform(0.04, 0.08)
        self._detour_m = generator.normal(0.0, 0.03, 2).clip(-0.06, 0.06)
        self._gain = generator.uniform(1.6, 2.4)  # 1/s
        self._reaction_s = generator.uniform(0.10, 0.25)
        self._unsteady = np.zeros(3)
        self._touched_s = 0.0

    def push(self, gap: np.ndarray, touches: bool) -> np.ndarray:
        """Deflections [3] along x, y, z for the ``gap`` [3] from finger tips to target, m."""
        self._touched_s = self._touched_s + 1.0 / PAD_HZ if touches else 0.0
        if self._touched_s > self._reaction_s:
            return np.zeros(3)
        off = float(np.linalg.norm(gap[:2]))
        way = np.array([0.0, 0.0, gap[2]])
        if not touches:
            way[:2] = gap[:2] + self._detour_m * min(1.0, off / 0.15)
        way[2] += min(self._hover_m, max(0.0, 3.0 * (off - 0.006))) - 0.010
        wanted = self._gain * way / SPEED_M_S
        wanted *= self._pace / max(self._pace, float(np.linalg.norm(wanted)))
        self._unsteady += -0.1 * self._unsteady + self._generator.normal(0.0, 0.05, 3)
        return np.clip(wanted * (1.0 + self._unsteady), -1.0, 1.0)


class Teacher(Person):
    """A person with a gamepad in the hands, before the simulated robot."""

    def __init__(self, launch: subprocess.Popen) -> None:
        super().__init__(launch)
        self.check = TaskCheck()
        self._in_charge = TeleopStatus.NOBODY
        self._deflections, self._buttons = np.zeros(3), set()
        self._hand: Hand | None = None
        self._world: LiveWorld | None = None
        self._opening = 0.0
        self._pad = self.node.create_publisher(Joy, 'joy', 5)
        self.node.create_subscription(TaskCheck, 'task_check', self._take_check, 10)
        self.node.create_subscription(TeleopStatus, 'teleop_status', self._take_charge, 10)
        self.wait_for_joints()
        self.wait(self._sees, 'simulated world')
        self._tool = Tool.of(self._world, self._world.profile.arms[0].name)
        self.node.create_timer(1.0 / PAD_HZ, self._hold_pad)

    def teach(self, seed: int) -> tuple[str, bool]:
        """Do and record the task of a seed; its instruction, and whether it was done."""
        generator = np.random.default_rng(seed)
        instruction = self.reset(TASK, seed)
        self.spin(0.6)
        self._ask(StartEpisode, 'start_episode', StartEpisode.Request(
            instruction=instruction, labels=[f'seed={seed}']), tries=10)  # cameras come late
        self._buttons.add(LEFT_BUMPER)
        self._hand = Hand(generator)
        self.wait(lambda: self._in_charge == TeleopStatus.PERSON, 'charge')
        self.spin(generator.uniform(0.0, 0.3))
        self._press(A)
        end = time.monotonic() + PATIENCE_S
        self.wait(lambda: self._decided(seed) or time.monotonic() > end, 'end of the episode')
        self.spin(0.2)
        done = self._decided(seed) and self.check.success
        outcome = FinishEpisode.Request
        self._ask(FinishEpisode, 'finish_episode', FinishEpisode.Request(
            outcome=outcome.SUCCEEDED if done else outcome.FAILED, note=self.check.failure))
        self._leave()
        return instruction, done

    def _decided(self, seed: int) -> bool:
        return self.check.seed == seed and (self.check.success or bool(self.check.failure))

    def _leave(self) -> None:
        """Rise, open the gripper, let go of the pad."""
        self._hand, self._deflections = None, np.array([0.0, 0.0, 0.8])
        self.spin(0.4)
        self._deflections = np.zeros(3)
        self._press(A)
        self.wait(lambda: self._opening > 0.9, 'open gripper', 10.0)
        self._buttons.clear()
        self.spin(IDLE_S)

    def _press(self, button: int) -> None:
        self._buttons.add(button)
        self.spin(0.1)
        self._buttons.discard(button)

    def _ask(self, kind: type, name: str, request: object, tries: int = 1) -> None:
        client = self.node.create_client(kind, name)
        self.wait(client.service_is_ready, name)
        for left in reversed(range(tries)):
            answer = client.call_async(request)
            self.wait(answer.done, f'answer of {name}')
            if answer.result().success:
                break
            if not left:
                sys.exit(f'{name}: {answer.result().message}')
            self.spin(1.0)
        self.node.destroy_client(client)

    def _take_check(self, message: TaskCheck) -> None:
        self.check = message

    def _take_charge(self, message: TeleopStatus) -> None:
        self._in_charge = message.in_charge

    def _sees(self) -> bool:
        profile = RobotProfile.load(ROBOT)
        try:
            self._world = LiveWorld(SUITE, profile, block_name('world', '', profile.name))
        except SharedMemoryError:
            return False
        return True

    def _hold_pad(self) -> None:
        self._world.follow()
        self._opening = self._tool.opening()
        if self._hand is not None and self._world.scene is not None:
            self._deflections = self._hand.push(*self._look(self._world.scene.target))
        axes = np.zeros(8)
        axes[[LEFT_TRIGGER, RIGHT_TRIGGER]] = 1.0  # at rest
        axes[[LEFT_Y, LEFT_X, RIGHT_Y]] = np.sign(self._deflections) * (
            DEADBAND + (1.0 - DEADBAND) * np.abs(self._deflections))
        joy = Joy(axes=axes.tolist(), buttons=[int(n in self._buttons) for n in range(11)])
        joy.header.stamp = self.node.get_clock().now().to_msg()
        self._pad.publish(joy)

    def _look(self, target: str) -> tuple[np.ndarray, bool]:
        """The gap [3] from the finger tips to the target's top, m, and whether they touch it."""
        world = self._world
        pads, _ = self._tool.pose()
        middle = world.position(target)
        top = 2 * middle[2] - world.bottom(target)
        gap = np.array([*middle[:2], top + self._tool.reach]) - pads
        return gap, world.contacts.pressed_from_above(self._tool.arm.name, target)


@contextmanager
def launched(folder: Path) -> Iterator[Teacher]:
    """Robot, gamepad and recorder, and the person."""
    launch = subprocess.Popen(
        ['ros2', 'launch', 'vla_bringup', 'robot.launch.py', f'robot:={ROBOT}', f'world:={SUITE}',
         'policy:=none', 'runs:=none', 'web:=false', 'teleop:=gamepad',
         'device_options:={gamepad: {source: joy}}', f'linear_speed:={SPEED_M_S}',
         'record:=true', f'contract:={CONTRACT}', f'folder:={folder}', 'compression:=zstd'],
        stdout=sys.stderr, start_new_session=True)
    rclpy.init()
    try:
        yield Teacher(launch)
    finally:
        rclpy.try_shutdown()  # Ctrl-C has done it already
        if launch.poll() is None:
            os.killpg(launch.pid, signal.SIGINT)
            try:
                launch.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(launch.pid, signal.SIGKILL)


def recorded(folder: Path) -> tuple[list[Path], int]:
    """The bags of episodes that succeeded, and the seed after the last one."""
    good, seed = [], FIRST_SEED
    for bag in sorted(path.parent for path in folder.glob('*/metadata.yaml')):
        episode = Episode.of_custom_data(read_metadata(bag)['custom_data'])
        seed = max([seed, *(int(label.removeprefix('seed=')) + 1 for label in episode.labels)])
        if episode.outcome == 'succeeded':
            good.append(bag)
    return good, seed


def collect(folder: Path, episodes: int) -> list[Path]:
    """Teach until there are so many episodes; their bags."""
    bags, seed = recorded(folder)
    if len(bags) < episodes:
        with launched(folder) as teacher:
            while len(bags) < episodes:
                instruction, done = teacher.teach(seed)
                bags, seed = recorded(folder)
                CONSOLE.print(f'{len(bags)} of {episodes}: {instruction!r}: '
                              f'{"done" if done else teacher.check.failure or "too late"}')
    return bags[:episodes]


def command(*words: object) -> None:
    """Run a module of the project; ends the benchmark when it fails."""
    code = subprocess.run([sys.executable, '-m', *map(str, words)], stdout=sys.stderr).returncode
    if code:
        sys.exit(f'{words[0]} ended with {code}')


def train(initial: str, data: Path, samples: int, out: Path) -> None:
    """Train on the head of a policy; its eyes, which saw many more scenes, stay as they are."""
    settings = out.with_name(f'{out.name}.yaml')
    settings.write_text(yaml.safe_dump({
        'policy': {'name': 'mini_touching', 'head': 'l1'}, 'contract': CONTRACT,
        'data': [str(data)], 'samples': samples, 'initial': initial, 'freeze_backbone': True,
        'frame_stride': 1}))
    command('vla_learning.train', '--config', settings, '--out', out, '--threads', 1)


def success(policy: str, episodes: int) -> float:
    """Share of held-out scenes that a policy does in lockstep."""
    results = evaluate(Evaluation(policy=policy, suite=SUITE, episodes=episodes))
    for result in results:
        CONSOLE.print(f'{result.seed}: {result.instruction!r}: success {result.success}, '
                      f'{result.failure or round(result.progress, 2)}')
    return round(sum(result.success for result in results) / len(results), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--episodes', type=int, default=50, help='that are taught')
    parser.add_argument('--samples', type=int, default=20_000, help='that are trained on')
    parser.add_argument('--evaluate', type=int, default=25, help='held-out scenes')
    parser.add_argument('--folder', type=Path, default=Path('build/finetune'),
                        help='for bags, data set and policy')
    parser.add_argument('--policy', default='', help='to train on from; else the shipped one')
    options = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    folder = options.folder.resolve()
    initial = options.policy or str(shipped(RobotProfile.load(ROBOT).policy))
    bags = collect(folder / 'episodes', options.episodes)
    data = folder / f'data_{options.episodes}'
    command('vla_recording.export', *bags, '--contract', CONTRACT, '--out', data,
            '--outcome', 'succeeded')
    taught = folder / f'policy_{options.episodes}_{options.samples}'
    train(initial, data, options.samples, taught)
    reader = DatasetReader(data)
    print(json.dumps({
        'name': 'finetune', 'episodes': len(bags),
        'recorded_minutes': round(len(reader) / reader.fps / 60.0, 1), 'frames': len(reader),
        'samples': options.samples, 'success_before': success(initial, options.evaluate),
        'finetuned_success': success(str(taught), options.evaluate)}))


if __name__ == '__main__':
    main()
