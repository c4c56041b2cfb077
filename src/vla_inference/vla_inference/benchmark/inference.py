"""
From camera to chunk under the whole launch, as `make bench NAME=inference`.

A policy of known duration is served while the simulated robot, its cameras and execution run; times
are taken from what the node publishes. The cameras, which run free, give pictures from files,
640×480 at their rate: what is measured is the stack, not how fast this computer renders. Then a
split policy is asked as fast as it answers, with its slow part at 2 Hz and stopped for 2 s. With
``--success N`` a policy (by default the scripted expert) does N scenes of a task in real time, and
the same scenes in lockstep.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import rclpy
from rclpy.action import ActionClient
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from rich.progress import Progress, track
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from vla_core.action_client import for_threads
from vla_core.policy_contract import PolicyContract
from vla_inference.benchmark import _policies
from vla_inference.fast_slow.policy import FastSlowPolicy, FastSlowSettings
from vla_inference.policy_client import blank_observation
from vla_inference.policy_link import connect
from vla_inference.policy_server import PolicyServer
from vla_interfaces.action import ExecuteTask
from vla_interfaces.msg import ActionChunk, PolicyStatus
from vla_interfaces.srv import ResetWorld
from vla_simulation.episode import Inference
from vla_simulation.evaluate import Evaluation, evaluate

READY_S = 120.0
SETTLE_S = 3.0
SLOW_HZ = 2.0
CONSOLE = Console(stderr=True)
PICTURES = 30
POLICIES = 'vla_inference.benchmark._policies'
SPLIT = 'vla_inference.benchmark.inference:make_split'


class Person:
    """Sends goals, resets the world, and notes every chunk."""

    def __init__(self, launch: subprocess.Popen) -> None:
        self.node = rclpy.create_node('inference_benchmark')
        self.chunks: list[tuple[ActionChunk, int]] = []
        self.status = PolicyStatus()
        self._launch = launch
        self.action = for_threads(ActionClient(self.node, ExecuteTask, 'execute_task'))
        self._reset = self.node.create_client(ResetWorld, 'reset_world')
        self._release = self.node.create_client(Trigger, 'release')
        self.node.create_subscription(ActionChunk, 'action_chunk', self._take, 10)
        self.node.create_subscription(PolicyStatus, 'policy_status', self._take_status, 10)

    def _take(self, chunk: ActionChunk, info: dict[str, int]) -> None:
        self.chunks.append((chunk, info['source_timestamp']))  # ns, when it was published

    def _take_status(self, status: PolicyStatus) -> None:
        self.status = status

    def wait_for_joints(self) -> None:
        """Wait until the arm says where it is."""
        seen: list[JointState] = []
        subscription = self.node.create_subscription(
            JointState, 'joint_states', seen.append, qos_profile_sensor_data)
        self.wait(lambda: bool(seen), 'joint_states')
        self.node.destroy_subscription(subscription)

    def wait(self, condition, what: str, timeout_s: float = READY_S) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            if self._launch.poll() is not None or time.monotonic() > end:
                sys.exit(f'the robot did not do it: no {what}')
            rclpy.spin_once(self.node, timeout_sec=0.05)

    def spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rclpy.spin_once(self.node, timeout_sec=0.05)

    def reset(self, task: str, seed: int) -> str:
        """Release a stop that is latched, put the world into a scene; its instruction."""
        self.wait(self._release.service_is_ready, 'release')
        released = self._release.call_async(Trigger.Request())
        self.wait(released.done, 'answer of release')
        self.wait(self._reset.service_is_ready, 'reset_world')
        answer = self._reset.call_async(ResetWorld.Request(task=task, seed=seed))
        self.wait(answer.done, 'answer of reset_world')
        if not answer.result().success:
            sys.exit(answer.result().message)
        return answer.result().instruction

    def start(self, instruction: str, time_limit: float):
        """Begin a task, its goal's handle."""
        self.wait(self.action.server_is_ready, 'execute_task')
        accepted = self.action.send_goal_async(
            ExecuteTask.Goal(instruction=instruction, time_limit=time_limit))
        self.wait(accepted.done, 'answer to the goal')
        if not accepted.result().accepted:
            sys.exit('the goal was rejected')
        return accepted.result()

    def finish(self, handle) -> ExecuteTask.Result:
        result = handle.get_result_async()
        self.wait(result.done, 'result')
        return result.result().result


class Robot:
    """The whole launch with a policy, for as long as the `with` lasts."""

    def __init__(
        self, policy: str, contract: str, strategy: str, cameras: str = 'simulated',
    ) -> None:
        self._command = [
            'ros2', 'launch', str(Path(__file__).with_name('_layers.launch.py')),
            f'policy:={policy}', f'strategy:={strategy}', f'cameras:={cameras}',
            *([f'contract:={contract}'] if contract else [])]

    def __enter__(self) -> Person:
        self._launch = subprocess.Popen(
            self._command, stdout=sys.stderr, start_new_session=True)
        try:
            rclpy.init()
            person = Person(self._launch)
            person.wait(lambda: person.status.state == PolicyStatus.READY, 'policy')
            person.wait_for_joints()
            person.spin(SETTLE_S)
        except BaseException:
            self.__exit__()
            raise
        return person

    def __exit__(self, *_: object) -> None:
        rclpy.try_shutdown()
        if self._launch.poll() is None:
            os.killpg(self._launch.pid, signal.SIGINT)
            try:
                self._launch.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self._launch.pid, signal.SIGKILL)


def measure_latency(contract: str, seconds: float) -> dict[str, float]:
    """
    Camera to request and overhead of the stack, with a policy of known duration.

    It is asked as often as its contract says, and then again as soon as it has answered.
    """
    with tempfile.TemporaryDirectory() as name:
        cameras = str(_recorded_cameras(Path(name)))
        always = Path(name) / 'always_asked.yaml'
        ours = PolicyContract.load(contract)
        ours.model_copy(update={'action': ours.action.model_copy(
            update={'replan_steps': None})}).save(always)
        figures = _measure_latency(contract, cameras, seconds)
        asked = _measure_latency(str(always), cameras, seconds)
    return figures | {f'always_asked_{key}': value for key, value in asked.items()}


def _recorded_cameras(folder: Path) -> Path:
    """A camera set whose pictures are files."""
    random = np.random.default_rng(0)
    (folder / 'pictures').mkdir()
    for index in range(PICTURES):
        coarse = random.integers(0, 255, (30, 40, 3), np.uint8)
        cv2.imwrite(str(folder / 'pictures' / f'{index:03d}.jpg'),
                    cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC))
    cameras = folder / 'recorded.yaml'
    cameras.write_text('every:\n  source: {kind: image_folder, path: '
                       f'{folder / "pictures"}}}\n', encoding='utf-8')
    return cameras


def _measure_latency(contract: str, cameras: str, seconds: float) -> dict[str, float]:
    with Robot(f'{POLICIES}:TimedPolicy', contract, 'replace', cameras) as person:
        handle = person.start('hold still', seconds + SETTLE_S)
        person.spin(SETTLE_S)
        person.chunks.clear()
        began = time.monotonic()
        with Progress(console=CONSOLE) as progress:
            task = progress.add_task('holding still', total=seconds)
            while (elapsed := time.monotonic() - began) < seconds - 0.5:
                person.spin(0.5)
                progress.update(task, completed=elapsed)
        chunks, elapsed = list(person.chunks), time.monotonic() - began
        person.finish(handle)
    stamps = np.array([_ns(chunk.header.stamp) for chunk, _ in chunks])
    asked = np.array([_ns(chunk.inference_start) for chunk, _ in chunks])
    published = np.array([at for _, at in chunks])
    model = np.array([chunk.uncertainty[0] for chunk, _ in chunks])
    request_ms, overhead_ms = (asked - stamps) / 1e6, (published - stamps) / 1e6 - 1e3 * model
    return {
        'camera_to_request_p50_ms': _round(np.median(request_ms)),
        'camera_to_request_p99_ms': _round(np.quantile(request_ms, 0.99)),
        'stack_overhead_p50_ms': _round(np.median(overhead_ms)),
        'stack_overhead_beside_camera_p50_ms': _round(np.median(overhead_ms - request_ms)),
        'model_p50_ms': _round(1e3 * np.median(model)),
        'inference_hz': _round(len(chunks) / elapsed),
    }


def measure_fast_slow(contract_name: str, seconds: float) -> dict[str, float]:
    """Rate of the fast head over the genuine server, slow part at 2 Hz and stopped for 2 s."""
    contract = PolicyContract.load(contract_name)
    server = PolicyServer(SPLIT, contract_name)
    try:
        server.wait_until_ready(READY_S, lambda: False)
        client = connect(server.address, contract, 60.0)
        observation = blank_observation(contract, 'hold still')

        def drive(duration_s: float) -> tuple[float, float]:
            answers, oldest, began = 0, 0.0, time.monotonic()
            while (elapsed := time.monotonic() - began) < duration_s:
                chunk = client.infer(type(observation)(
                    **{**vars(observation), 'stamp_ns': time.monotonic_ns()}))
                answers += 1
                oldest = max(oldest, float(chunk.uncertainty[0]))
            return answers / elapsed, oldest

        drive(SETTLE_S)
        rate_hz, oldest_s = drive(seconds)
        slow = _slow_process(server.pid)
        os.kill(slow, signal.SIGSTOP)
        stalled_hz, stalled_s = drive(2.0)
        os.kill(slow, signal.SIGCONT)
        client.close()
    finally:
        server.close()
    return {
        'fast_head_hz': _round(rate_hz), 'latent_age_max_s': _round(oldest_s),
        'fast_head_stalled_hz': _round(stalled_hz), 'latent_age_stalled_max_s': _round(stalled_s)}


def make_split(contract: PolicyContract) -> FastSlowPolicy:
    """What the server serves."""
    source = f'{POLICIES}:SplitPolicy'
    return FastSlowPolicy(
        _policies.SplitPolicy(contract), source,
        FastSlowSettings(policy=source, slow_rate_hz=SLOW_HZ), contract.name)


def measure_success(
    policy: str, contract: str, task: str, count: int, seed: int,
) -> dict[str, float]:
    """Share of scenes done in real time under the launch, as it executes, and in lockstep."""
    suite, _, family = task.partition('/')
    oracle = policy == 'expert'
    served = f'{POLICIES}:LiveExpert' if oracle else policy
    done = []
    with Robot(served, contract if oracle else '', Inference.strategy) as person:
        for index in track(range(seed, seed + count), 'real time', console=CONSOLE):
            instruction = person.reset(task, index)
            person.spin(0.5)
            result = person.finish(person.start(instruction, 30.0))
            done.append(result.success)
            CONSOLE.print(f'{task} {index}: {result.message} ({result.duration:.1f} s)')
    lockstep = evaluate(Evaluation(
        policy=policy, suite=suite, families=(family,), episodes=count, seed=seed))
    return {
        'episodes': count, 'success_ratio': _round(np.mean(done)),
        'success_lockstep_ratio': _round(np.mean([result.success for result in lockstep]))}


def _slow_process(server: int) -> int:
    """The slow part of a server: its only child."""
    return psutil.Process(server).children()[0].pid


def _ns(time) -> int:
    return time.sec * 1_000_000_000 + time.nanosec


def _round(value: float) -> float:
    return round(float(value), 3)



def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--contract', default='mini_franka')
    parser.add_argument('--success', type=int, default=0, metavar='N', help='scenes in real time')
    parser.add_argument('--only-success', action='store_true')
    parser.add_argument('--policy', default='expert', help='for --success: expert or a folder')
    parser.add_argument('--task', default='tabletop/pick')
    parser.add_argument('--seed', type=int, default=0)
    arguments = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    figures: dict[str, float] = {}
    if not arguments.only_success:
        figures |= measure_fast_slow(arguments.contract, min(arguments.seconds, 10.0))
        figures |= measure_latency(arguments.contract, arguments.seconds)
    if arguments.success:
        figures |= measure_success(arguments.policy, arguments.contract, arguments.task,
                                   arguments.success, arguments.seed)
    print(json.dumps({'name': 'inference', **figures}))


if __name__ == '__main__':
    main()
