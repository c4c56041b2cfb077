"""
Observations of a running robot: what every stream showed at one time, or why there is none.

Pictures and joints come as samples from any thread. An observation is made of the newest time that
all cameras have reached, by `vla_core.streams` and `vla_core.policy_contract`, the same as in
recording, export and training. A stream that is missing, late, apart, frozen, of another size or
without a joint is named, and there is no observation until it is sound again.
"""
import threading
from collections import Counter
from dataclasses import dataclass

import numpy as np

from vla_cameras.watch import FrozenWatch
from vla_core.observation import Observation, ObservationError
from vla_core.policy_contract import (
    CameraSample,
    PolicyContract,
    Sample,
    assemble_observation,
    assemble_state,
)
from vla_core.profile import RobotProfile
from vla_core.streams import ObservationStreams, StreamProblem, StreamView
from vla_inference.delays import Delays

__all__ = ['ObservationAssembly', 'ObservationUnavailable', 'StreamReport']

MOVED = 0.03
"""Change of any number of the state (rad, m) after which a picture cannot be the same."""


class ObservationUnavailable(RuntimeError):  # noqa: N818
    """There is no observation now; ``problems`` say why, stream by stream."""

    def __init__(self, problems: tuple[StreamProblem, ...]) -> None:
        super().__init__('; '.join(map(str, problems)) or 'nothing is newer')
        self.problems = problems


@dataclass(frozen=True)
class StreamReport:
    """How a stream does: ``age_s`` of its newest sample, None before there is one."""

    topic: str
    received: int
    refused: int
    age_s: float | None
    problem: str


class ObservationAssembly:
    """
    The newest observation of a robot under ``contract``.

    Times are ns of the clock that stamps the messages. A picture that stays the same for
    ``frozen_after_s`` while the state moves comes from a camera that is frozen.
    """

    def __init__(
        self, contract: PolicyContract, profile: RobotProfile, delays: Delays | None = None,
        frozen_after_s: float = 1.0,
    ) -> None:
        contract.check_robot(profile)
        self.contract = contract
        self._profile = profile
        self._streams = ObservationStreams(
            contract, (delays or Delays()).by_topic(contract))
        self._watches = {
            image.topic: _PictureWatch(frozen_after_s) for image in contract.images}
        self._received: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._lock = threading.Lock()
        self._last_reference_ns = -1

    def begin(self) -> None:
        """A new task: cameras may have another size, and no observation was made yet."""
        with self._lock:
            for watch in self._watches.values():
                watch.size = None
            self._last_reference_ns = -1
            self._reasons.clear()

    def add(self, topic: str, sample: Sample, now_ns: int) -> bool:
        """Take a sample as it came; whether it is of use."""
        with self._lock:
            self._received[topic] += 1
            reason = ''
            if isinstance(sample, CameraSample):
                reason = self._watches[topic].look(sample, self._state())
            reason = reason or self._streams.add(topic, sample, now_ns)
            if reason:
                self._refused[topic] += 1
                self._reasons[topic] = reason
            else:
                self._reasons.pop(topic, None)
        return not reason

    def refuse(self, topic: str, reason: str) -> None:
        """Note a message of a stream that is no sample."""
        with self._lock:
            self._received[topic] += 1
            self._refused[topic] += 1
            self._reasons[topic] = reason

    def problems(self, now_ns: int) -> tuple[StreamProblem, ...]:
        """The streams that stand in the way of an observation now, each with its reason."""
        late = self._streams.late(now_ns)
        if late:
            return tuple(StreamProblem(problem.topic, self._explained(problem)) for problem in late)
        reference_ns = self._streams.reference_ns()
        view = self._streams.at(reference_ns)
        return view.problems or self._unusable(view)

    def newer_ns(self) -> int | None:
        """The time of an observation newer than the last one made; None if there is none."""
        reference_ns = self._streams.reference_ns()
        with self._lock:
            newer = reference_ns is not None and reference_ns != self._last_reference_ns
        return reference_ns if newer else None

    def reached_ns(self) -> int:
        """The time that every stream has reached; −1 before each has a sample."""
        newest = [self._streams.newest_ns(topic) for topic in self._streams.topics]
        return -1 if None in newest else min(newest)

    def observe(self, instruction: str, now_ns: int) -> Observation:
        """
        The newest observation; ObservationUnavailable says what is in the way of one.

        ContractError when the instruction itself is no good.
        """
        late = self._streams.late(now_ns)
        if late:
            raise ObservationUnavailable(tuple(
                StreamProblem(problem.topic, self._explained(problem)) for problem in late))
        observation = self.at(self._streams.reference_ns(), instruction)
        with self._lock:
            self._last_reference_ns = observation.stamp_ns
        return observation

    def at(self, reference_ns: int, instruction: str) -> Observation:
        """The observation of a time; ObservationUnavailable says what is in the way of one."""
        view = self._streams.at(reference_ns)
        problems = view.problems or self._unusable(view)
        if problems:
            raise ObservationUnavailable(problems)
        try:
            return assemble_observation(
                self.contract, self._profile, view.samples, instruction, reference_ns).validate()
        except ObservationError as error:
            raise ObservationUnavailable((StreamProblem('state', str(error)),)) from error
        except ValueError as error:
            topic = next((topic for topic in self._watches if topic in str(error)), '')
            if not topic and 'image' not in str(error) and 'crop' not in str(error):
                raise
            raise ObservationUnavailable((StreamProblem(
                topic or ', '.join(self._watches), f'cannot be processed: {error}'),)) from error

    def reports(self, now_ns: int) -> list[StreamReport]:
        """How each stream does."""
        problems = {problem.topic: problem.reason for problem in self.problems(now_ns)}
        reports = []
        for topic in self._streams.topics:
            newest = self._streams.newest_ns(topic)
            reports.append(StreamReport(
                topic, self._received[topic], self._refused[topic],
                None if newest is None else (now_ns - newest) / 1e9, problems.get(topic, '')))
        return reports

    def _explained(self, problem: StreamProblem) -> str:
        """What is wrong with a late stream: why its samples are refused, if they come."""
        reason = self._reasons.get(problem.topic, '')
        return f'{problem.reason}: {reason}' if reason and reason != 'repeats a stamp' else (
            problem.reason)

    def _unusable(self, view: StreamView) -> tuple[StreamProblem, ...]:
        """The state topics whose samples lack what the contract reads."""
        state = self.contract.state
        problems = []
        for part in state.parts if state else ():
            one = state.model_copy(update={'parts': (part,)})
            try:
                numbers = assemble_state(one, self._profile, view.samples)
            except ValueError as error:
                text = str(error).removeprefix(f'topic {part.topic}: ')
                problems.append(StreamProblem(part.topic, f'cannot be used: {text}'))
                continue
            if not np.all(np.isfinite(numbers)):
                label = part.labels[int(np.argmax(~np.isfinite(numbers)))]
                problems.append(StreamProblem(part.topic, f'gives {label} that is not finite'))
        return tuple(problems)

    def _state(self) -> np.ndarray | None:
        """The newest state, None where it cannot be told."""
        state = self.contract.state
        if state is None:
            return None
        samples = {}
        for part in state.parts:
            newest_ns = self._streams.newest_ns(part.topic)
            if newest_ns is None:
                return None
            found = self._streams.at(newest_ns).samples.get(part.topic)
            if found is None:
                return None
            samples[part.topic] = found
        try:
            return assemble_state(state, self._profile, samples)
        except ValueError:
            return None


class _PictureWatch:
    """Notices a camera that changes size, or shows the same picture while the arm moves."""

    def __init__(self, frozen_after_s: float) -> None:
        self.size: tuple[int, int] | None = None
        self._frozen = FrozenWatch(frozen_after_s)
        self._state: np.ndarray | None = None

    def look(self, sample: CameraSample, state: np.ndarray | None) -> str:
        """'' or what is wrong with the picture."""
        height, width = sample.image.shape[:2]
        if self.size is None:
            self.size = (width, height)
        if self.size != (width, height):
            return f'comes as {width}×{height}, not {self.size[0]}×{self.size[1]}'
        if not self._frozen.repeats(sample.image, sample.stamp_ns) or self._state is None:
            self._state = state
            return ''
        moved = state is not None and bool(np.max(np.abs(state - self._state), initial=0) > MOVED)
        if moved and self._frozen.all_same:
            return (f'is frozen: the same picture for {self._frozen.same_s:.1f} s while the arm '
                    'moves')
        return ''
