"""
From a bag to frames: the observation, the action and who was in charge, at each step of a contract.

Frames are made by the same code as live observations (`vla_core`), so that a policy is trained on
what it will see, bit for bit. Steps for which a stream has nothing are left out by name; an episode
is cut there into parts, since a data set has no holes.
"""
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from vla_core.observation import Observation, ObservationError
from vla_core.policy_contract import PolicyContract, Sample, assemble_observation
from vla_core.profile import RobotProfile
from vla_core.samples import sample_from_message
from vla_recording import topics
from vla_recording.actions import ActionSource, source_of
from vla_recording.bag_reader import Bag, RawMessage
from vla_recording.errors import EpisodeError
from vla_recording.timeline import Gap, Place, Span, Step, read_spans, steps

__all__ = ['IN_CHARGE', 'EpisodeFrames', 'Frame', 'Part']

#: Who moves the robot; a frame holds the index.
IN_CHARGE = ('nobody', 'policy', 'person', 'both')


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame; ``action`` is float32 [D] in the space of the contract."""

    observation: Observation
    action: np.ndarray
    in_charge: int
    intervention: bool


@dataclass(frozen=True)
class Part:
    """Steps without a hole, with the action of each."""

    span: Span
    steps: tuple[Step, ...]
    actions: tuple[np.ndarray, ...]


@dataclass
class EpisodeFrames:
    """
    The frames of one bag under ``contract``.

    ``parts`` lie between ``gaps``; ``without_action`` counts steps before the first target.
    EpisodeError when the bag lacks a topic, or has it in another type.
    """

    bag: Bag
    contract: PolicyContract
    profile: RobotProfile
    instruction: str
    source_kind: str = 'targets'
    parts: list[Part] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    without_action: int = 0
    clock_jumps: int = 0

    def __post_init__(self) -> None:
        self._names = {topic: self.name(topic) for topic in self.contract.topics}
        self._images = {self._names[image.topic] for image in self.contract.images}
        source = source_of(self.source_kind, self.contract.action.space, self.profile, self.name)
        self._check_topics(source)
        status = self.name(topics.TELEOPERATION)
        stamped = {*self._names.values(), *source.stamped}
        unstamped = {*source.unstamped, status}
        self._kept: dict[str, list[RawMessage]] = {
            topic: [] for topic in (stamped | unstamped) - self._images}
        spans = read_spans(self.bag, stamped, unstamped, self._kept)
        self.clock_jumps = len(spans) - 1
        self._status = status
        self._policy_ran = any(self.bag.counts.get(self.name(topic))
                               for topic in (topics.CHUNKS, 'action_chunk'))
        for span in spans:
            self._divide(span, source)
        if not self.parts:
            raise EpisodeError(self._why_empty())

    def name(self, topic: str) -> str:
        """The topic in the bag of one of the contract or the stack."""
        episode = self.bag.episode
        return topics.absolute(topic, episode.namespace, episode.topics)

    def frames(self, part: Part) -> Iterator[Frame]:
        """The frames of a part, in order; images are read from the bag as they are needed."""
        period_ns = round(1e9 / self.contract.rate_hz)
        for (step, samples), action in zip(self._samples(part), part.actions):
            try:
                observation = assemble_observation(
                    self.contract, self.profile, samples, self.instruction,
                    step.stamp_ns).validate()
            except ObservationError as error:
                raise EpisodeError(str(error)) from error
            who = self._in_charge(part.span, step.stamp_ns + period_ns)
            yield Frame(observation, action, who, self._policy_ran and who >= 2)

    def decode(self, topic: str, place: Place):
        """A message that was kept, decoded."""
        return self.bag.decode(self._kept[topic][place.number])

    def _check_topics(self, source: ActionSource) -> None:
        counts, types = self.bag.counts, self.bag.types
        missing = [topic for topic in self._names.values() if not counts.get(topic)]
        missing += source.missing(counts)
        if missing:
            raise EpisodeError(f'nothing was recorded on {", ".join(dict.fromkeys(missing))}')
        for topic, kind in self.contract.topics.items():
            if types[self._names[topic]] != kind:
                raise EpisodeError(f'{self._names[topic]}: holds {types[self._names[topic]]}, '
                                   f'the contract wants {kind}')

    def _divide(self, span: Span, source: ActionSource) -> None:
        """Cut a span into parts at its gaps, and give each step its action."""
        period_ns = round(1e9 / self.contract.rate_hz)
        open_steps: list[Step] = []
        actions: list[np.ndarray] = []

        def close() -> None:
            if open_steps:
                self.parts.append(Part(span, tuple(open_steps), tuple(actions)))
                open_steps.clear()
                actions.clear()

        for entry in steps(span, self.contract, self._names):
            if isinstance(entry, Gap):
                self.gaps.append(entry)
                close()
                continue
            action = source.at(span, entry.stamp_ns + period_ns, self.decode)
            if action is None:
                self.without_action += 1
                close()
            elif not np.all(np.isfinite(action)):
                self.gaps.append(Gap(entry.stamp_ns, 1, 'the action is not finite'))
                close()
            else:
                open_steps.append(entry)
                actions.append(action)
        close()

    def _why_empty(self) -> str:
        if self.gaps:
            return f'has no usable step: {self.gaps[0].reason}'
        if self.without_action:
            return 'has no usable step: the robot was told nothing while it was observed'
        return 'has no usable step: its streams do not overlap in time'

    def _samples(self, part: Part) -> Iterator[tuple[Step, dict[str, Sample]]]:
        uses = Counter((self._names[topic], place.number) for step in part.steps
                       for topic, place in step.places.items()
                       if self._names[topic] in self._images)
        held: dict[tuple[str, int], Sample] = {}
        waiting = iter(part.steps)
        step = next(waiting)
        for key, message in self._image_messages(uses):
            held[key] = sample_from_message(
                self.bag.decode(message), self.bag.types[message.topic])
            while step is not None and self._ready(step, held):
                yield step, self._of(step, held, uses)
                step = next(waiting, None)
        while step is not None and self._ready(step, held):
            yield step, self._of(step, held, uses)
            step = next(waiting, None)

    def _image_messages(self, wanted: Counter) -> Iterator[tuple[tuple[str, int], RawMessage]]:
        numbers: Counter[str] = Counter()
        left = len(wanted)
        for message in self.bag.messages(self._images) if left else ():
            key = (message.topic, numbers[message.topic])
            numbers[message.topic] += 1
            if key in wanted:
                yield key, message
                left -= 1
                if not left:
                    return

    def _ready(self, step: Step, held: dict) -> bool:
        return all((self._names[topic], place.number) in held
                   for topic, place in step.places.items() if self._names[topic] in self._images)

    def _of(self, step: Step, held: dict, uses: Counter) -> dict[str, Sample]:
        samples: dict[str, Sample] = {}
        for topic, place in step.places.items():
            name = self._names[topic]
            key = (name, place.number)
            if name not in self._images:
                samples[topic] = sample_from_message(
                    self.decode(name, place), self.contract.topics[topic])
                continue
            samples[topic] = held[key]
            uses[key] -= 1
            if not uses[key]:
                del held[key]
        return samples

    def _in_charge(self, span: Span, when_ns: int) -> int:
        place = span.latest(self._status, when_ns)
        if place is None:
            return 1 if self._policy_ran else 2
        message = self.decode(self._status, place)
        value = getattr(message, 'in_charge', getattr(message, 'data', 0))
        if isinstance(value, str):
            return IN_CHARGE.index(value) if value in IN_CHARGE else 0
        return int(value) if 0 <= int(value) < len(IN_CHARGE) else 0
