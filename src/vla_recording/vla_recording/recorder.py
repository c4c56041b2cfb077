"""
The episode recorder: a node that writes each episode into a bag of its own.

It waits ready with every subscription made; services, a command topic and the buttons of a
joystick start, mark and end episodes. What happens to bytes is in `intake`, `writing` and
`bag_writer`; here the parts meet.
"""
import contextlib
import os
import shutil
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Joy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import StrictModel
from vla_interfaces.msg import EpisodeStatus
from vla_interfaces.srv import FinishEpisode, StartEpisode
from vla_recording import topics
from vla_recording.bag_metadata import BagTopic
from vla_recording.bag_writer import BagWriter
from vla_recording.episode import Episode, Outcome
from vla_recording.errors import BagError, EpisodeError
from vla_recording.intake import Intake, Received
from vla_recording.recovery import unfinished
from vla_recording.writing import EpisodeWriter, Progress

__all__ = ['Recorder', 'RecorderParameters', 'main']

LOOK_S = 0.25
STATUS_S = 0.5
PRIORITY = -10
COMMANDS = ('start', 'keep', 'succeeded', 'failed', 'discard', 'mark')


class Buttons(StrictModel):
    """Buttons of the joystick by index; -1 has none."""

    start: int = parameter(-1, ge=-1, description='begins an episode', read_only=True)
    succeeded: int = parameter(-1, ge=-1, description='ends it as a success', read_only=True)
    failed: int = parameter(-1, ge=-1, description='ends it as a failure', read_only=True)
    discard: int = parameter(-1, ge=-1, description='throws it away', read_only=True)
    mark: int = parameter(-1, ge=-1, description='marks the moment', read_only=True)


class RecorderParameters(StrictModel):
    """What the recorder is told."""

    folder: str = parameter(
        'episodes', read_only=True, description='Where bags are made, one folder an episode.')
    robot: str = parameter('franka', read_only=True, description='Robot profile.')
    contract: str = parameter(
        '', read_only=True,
        description='Policy contract whose topics must be there; empty: every camera of the robot.')
    instruction: str = parameter(
        '', description='Instruction of episodes that are started without one.')
    topics: tuple[str, ...] = parameter(
        (), read_only=True, description='More topics to record.')
    without: tuple[str, ...] = parameter(
        (), read_only=True, description='Topics to leave out.')
    require_contract: bool = parameter(
        True, description='Refuse to start while a topic of the contract is silent.')
    compression: Literal['none', 'zstd'] = parameter(
        'none', read_only=True, description='Of chunks; zstd costs CPU time and saves disk.')
    split_mb: int = parameter(
        2000, ge=0, read_only=True, unit='MB', description='Begin another file then; 0: never.')
    queue_mb: int = parameter(
        512, ge=1, read_only=True, unit='MB',
        description='What may wait for a slow disk before messages are lost and counted.')
    reserve_mb: int = parameter(
        500, ge=0, unit='MB', description='Room left on the disk at which an episode is ended.')
    joystick: str = parameter(
        'joy', read_only=True, description='Topic of the joystick whose buttons are heard.')
    buttons: Buttons = Buttons()


class Recorder(Node):
    """Writes episodes."""

    def __init__(self) -> None:
        super().__init__('recorder')
        self._told = declare(self, RecorderParameters)
        values = self._told
        self._profile = RobotProfile.load(values.robot)
        self._contract = PolicyContract.load(values.contract) if values.contract else None
        if self._contract is not None:
            self._contract.check_robot(self._profile)
        self._folder = Path(values.folder).expanduser()
        self._state = EpisodeStatus.IDLE
        self._episode = Episode()
        self._writer: EpisodeWriter | None = None
        self._last: tuple[Path, Progress] | None = None
        self._started = 0.0
        self._duration_s = 0.0
        self._message = ''
        self._pressed: list[int] = []
        self._names = {name: self.resolve_topic_name(name) for name in topics.recorded(
            self._profile, self._contract, values.topics, values.without)}
        self._needed = [self.resolve_topic_name(name)
                        for name in (self._contract.topics if self._contract else ())]
        self._events = self.create_publisher(String, topics.EVENTS, 10)
        self._status = self.create_publisher(EpisodeStatus, 'episode_status', QoSProfile(
            depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._intake = Intake(
            self, self._names.values(), deliver=self._deliver, announce=self._announce,
            refuse=lambda name, reason: self.get_logger().warning(
                f'{name} is not recorded: {reason}'))
        self.create_service(StartEpisode, 'start_episode', self._serve_start)
        self.create_service(FinishEpisode, 'finish_episode', self._serve_finish)
        self.create_service(Trigger, 'mark_episode', self._serve_mark)
        self.create_subscription(String, 'episode_command', self._take_command, 10)
        if any(index >= 0 for index in values.buttons.model_dump().values()):
            self.create_subscription(Joy, values.joystick, self._take_joystick, 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(LOOK_S, self._intake.look, clock=steady)
        self.create_timer(STATUS_S, self._watch, clock=steady)
        for bag in unfinished(self._folder):
            self.get_logger().warning(
                f'{bag} was cut; mend it by: ros2 run vla_recording recover {bag}')
        self._publish_status()

    # What comes in

    def _announce(self, topic: BagTopic) -> None:
        if self._writer is not None:
            self._writer.add_topic(topic)

    def _deliver(self, name: str, received: Received) -> None:
        if self._writer is None:
            return
        if received.missed:
            self._writer.lose(name, received.missed)
        self._writer.write(name, received.log_time_ns, received.publish_time_ns, received.data,
                           received.sequence)

    # What people ask for

    def start(self, instruction: str, labels: tuple[str, ...] = ()) -> Path:
        """Begin an episode; EpisodeError says why it cannot."""
        if self._writer is not None:
            raise EpisodeError(f'{self._episode.episode_id} is being recorded; finish it first')
        text = ' '.join((instruction or self._told.instruction).split())
        if not text:
            raise EpisodeError('instruction: is empty; say what the robot is to do')
        if self._told.require_contract:
            silent = set(self._intake.silent(within_s=2.0))
            missing = [name for name in self._needed if name in silent]
            if missing:
                raise EpisodeError(
                    f'nothing comes on {", ".join(missing)}, which contract '
                    f'{self._contract.name} needs; is the publisher running?')
        episode_id, path = self._new_place()
        self._episode = Episode(
            episode_id=episode_id, instruction=text, labels=labels,
            namespace=self.get_namespace(),
            topics={name: full for name, full in self._names.items()
                    if full != topics.absolute(name, self.get_namespace())},
        ).with_models(self._profile, self._contract)
        values = self._told
        bag = BagWriter(
            path, self._episode.custom_data(), split_bytes=values.split_mb << 20,
            compression='' if values.compression == 'none' else values.compression)
        writer = EpisodeWriter(
            bag, queue_bytes=values.queue_mb << 20, reserve_bytes=values.reserve_mb << 20)
        for topic in self._intake.topics:
            writer.add_topic(topic)
        now_ns = self._intake.now_ns()
        for name, received in self._intake.latched():
            writer.write(name, now_ns, received.publish_time_ns, received.data, received.sequence)
        self._writer = writer
        self._started = time.monotonic()
        self._set_state(EpisodeStatus.RECORDING, '')
        self.get_logger().info(f'{episode_id}: recording "{text}" to {path}')
        return path

    def finish(self, outcome: Outcome, note: str = '', discard: bool = False) -> Progress:
        """End the episode; EpisodeError where there is none, or where it failed."""
        if self._state == EpisodeStatus.FAILED and self._last is not None:
            return self._finish_failed(outcome, note, discard)
        if self._writer is None:
            raise EpisodeError('no episode is being recorded')
        self._episode = replace(self._episode, outcome=outcome, note=note)
        path, progress = self._end_writing()
        if progress.failure and not discard:
            self._fail(path, progress)
            raise EpisodeError(progress.failure)
        self._settle(path, progress, discard)
        return progress

    def mark(self, text: str = 'mark') -> None:
        """Note this moment in the episode."""
        if self._writer is None:
            raise EpisodeError('no episode is being recorded')
        self._episode = replace(self._episode, marks=self._episode.marks + 1)
        self._events.publish(String(data=text))

    def _end_writing(self) -> tuple[Path, Progress]:
        self._duration_s = time.monotonic() - self._started
        writer, self._writer = self._writer, None
        self._set_state(EpisodeStatus.FINISHING, '')
        progress = writer.finish(self._episode.custom_data())
        self._last = (writer.bag.path, progress)
        return self._last

    def _settle(self, path: Path, progress: Progress, discard: bool) -> None:
        if discard:
            shutil.rmtree(path, ignore_errors=True)
        verb = 'discarded' if discard else f'kept, {self._episode.outcome}'
        lost = (f'; {progress.lost_messages} messages were lost ({_worst(progress)})'
                if progress.lost_messages else '')
        text = (f'{self._episode.episode_id}: {verb}, {self._duration_s:.1f} s, '
                f'{progress.messages} messages{lost}')
        self._set_state(EpisodeStatus.IDLE, text)
        (self.get_logger().warning if lost else self.get_logger().info)(text)

    def _fail(self, path: Path, progress: Progress) -> None:
        self._set_state(EpisodeStatus.FAILED, progress.failure)
        self.get_logger().error(f'{self._episode.episode_id} failed: {progress.failure}')

    def _finish_failed(self, outcome: Outcome, note: str, discard: bool) -> Progress:
        path, progress = self._last
        self._last = None
        if discard:
            self._settle(path, progress, discard=True)
            return progress
        self._set_state(EpisodeStatus.IDLE, f'{path} was kept up to its failure')
        raise EpisodeError(f'{progress.failure}; {path} was kept up to there as unknown')

    def _new_place(self) -> tuple[str, Path]:
        stem = f'episode_{datetime.now():%Y%m%d_%H%M%S}'
        for number in range(1000):
            name = f'{stem}_{number}' if number else stem
            if not (self._folder / name).exists():
                return name, self._folder / name
        raise EpisodeError(f'{self._folder}: {stem} exists a thousand times')

    # Services, commands and buttons

    def _serve_start(self, request, response):
        try:
            path = self.start(request.instruction, tuple(request.labels))
            response.success, response.message = True, ''
            response.episode_id, response.path = self._episode.episode_id, str(path.absolute())
        except (EpisodeError, BagError) as error:
            response.success, response.message = False, str(error)
        return response

    def _serve_finish(self, request, response):
        outcomes = get_args(Outcome)
        discard = request.disposition == FinishEpisode.Request.DISCARD
        try:
            if request.outcome >= len(outcomes) or not (
                    discard or request.disposition == FinishEpisode.Request.KEEP):
                raise EpisodeError('outcome or disposition: unknown code')
            response.episode_id = self._episode.episode_id
            progress = self.finish(outcomes[request.outcome], request.note, discard)
            response.success, response.message = True, self._message
            response.messages, response.duration = progress.messages, self._duration_s
        except EpisodeError as error:
            response.success, response.message = False, str(error)
        return response

    def _serve_mark(self, request, response):
        try:
            self.mark()
            response.success = True
        except EpisodeError as error:
            response.success, response.message = False, str(error)
        return response

    def _take_command(self, message: String) -> None:
        self._obey(message.data.strip())

    def _take_joystick(self, message: Joy) -> None:
        wanted = self._told.buttons.model_dump()
        for command, index in wanted.items():
            before = self._pressed[index] if 0 <= index < len(self._pressed) else 0
            if 0 <= index < len(message.buttons) and message.buttons[index] and not before:
                self._obey(command)
        self._pressed = list(message.buttons)

    def _obey(self, command: str) -> None:
        word, _, rest = command.partition(' ')
        try:
            if word == 'start':
                self.start(rest)
            elif word == 'mark':
                self.mark(rest or 'mark')
            elif word in ('keep', 'succeeded', 'failed', 'discard'):
                outcome = word if word in get_args(Outcome) else 'unknown'
                self.finish(outcome, rest, discard=word == 'discard')
            else:
                raise EpisodeError(f'unknown command {word!r}; known: {", ".join(COMMANDS)}')
        except (EpisodeError, BagError) as error:
            self.get_logger().error(f'{word}: {error}')
            self._message = str(error)
            self._publish_status()

    # What others see

    def _watch(self) -> None:
        """Look after the writing, and say how it goes."""
        if self._writer is not None and self._writer.progress.failure:
            self._fail(*self._end_writing())
        self._publish_status()

    def _set_state(self, state: int, message: str) -> None:
        self._state, self._message = state, message
        self._publish_status()

    def _publish_status(self) -> None:
        message = EpisodeStatus(state=self._state, message=self._message,
                                silent_topics=self._intake.silent())
        message.header.stamp = self.get_clock().now().to_msg()
        progress = None
        if self._writer is not None:
            progress = self._writer.progress
            self._duration_s = time.monotonic() - self._started
            if progress.lost_messages:
                message.message = f'messages are being lost: {_worst(progress)}'
        elif self._last is not None:
            progress = self._last[1]
        if progress is not None:
            message.messages, message.bytes = progress.messages, progress.size
            message.lost_messages = progress.lost_messages
            message.episode_id = self._episode.episode_id
            message.instruction = self._episode.instruction
            message.duration = self._duration_s
        self._status.publish(message)

    def destroy_node(self) -> None:
        """End the episode that is being recorded; it is kept."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.finish(replace(
                self._episode, note='the recorder was stopped').custom_data())
        super().destroy_node()


def _worst(progress: Progress) -> str:
    worst = sorted(progress.lost.items(), key=lambda entry: -entry[1])[:3]
    return ', '.join(f'{count} of {name}' for name, count in worst)


def main() -> int:
    """Entry point of ``ros2 run vla_recording recorder``."""
    with contextlib.suppress(PermissionError):  # ahead of what can wait, where that is allowed
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    return run_node(Recorder)


if __name__ == '__main__':
    sys.exit(main())
