"""
Which samples of several streams belong to one time: for each the latest that is not after it.

Live inference asks for the newest picture that no other camera has still to follow, export for the
times of a data set; both get the samples by this rule, so that a policy is trained on what it will
see. What is missing, late or apart is named; nothing is made up for it.
"""
import statistics
import threading
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from vla_core.policy_contract import PolicyContract, Sample

__all__ = ['ObservationStreams', 'StreamProblem', 'StreamView']

SET_BACK_NS = 1_000_000_000
AHEAD_NS = 100_000_000
#: A camera's next picture may come this share of its period early; so many periods are looked at.
EARLY, PERIODS = 0.25, 8


@dataclass(frozen=True)
class StreamProblem:
    """Why a stream cannot be used, in words that follow its topic."""

    topic: str
    reason: str

    def __str__(self) -> str:
        return f'{self.topic} {self.reason}'


@dataclass(frozen=True, eq=False)
class StreamView:
    """A sample of each topic that has one for ``reference_ns``, and what is wrong with others."""

    reference_ns: int
    samples: Mapping[str, Sample]
    problems: tuple[StreamProblem, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether an observation can be made of it."""
        return not self.problems


class _Stream:
    def __init__(self, max_age_ns: int, delay_ns: int, is_image: bool, length: int) -> None:
        self.max_age_ns, self.delay_ns, self.is_image = max_age_ns, delay_ns, is_image
        self.length = length
        self.times_ns: list[int] = []
        self.samples: list[Sample] = []

    def complete_until_ns(self, max_skew_ns: int) -> float:
        """The time before which no further sample is due, within the age and skew allowed."""
        recent = self.times_ns[-PERIODS - 1:]
        if len(recent) < 2:
            return recent[-1]
        period_ns = statistics.median(later - earlier for earlier, later in pairwise(recent))
        return recent[-1] + min((1.0 - EARLY) * period_ns, self.max_age_ns, max_skew_ns)


class ObservationStreams:
    """
    The last ``length`` samples of every topic of ``contract``. Any thread may add, any may look.

    ``delays_s`` are measured delays by topic: a sample shows the world of its stamp less that.
    """

    def __init__(
        self, contract: PolicyContract, delays_s: Mapping[str, float] | None = None,
        length: int = 100,
    ) -> None:
        delays = delays_s or {}
        ages = {image.topic: image.max_age_s for image in contract.images}
        self._images = frozenset(ages)
        for part in contract.state.parts if contract.state else ():
            ages[part.topic] = contract.state.max_age_s
        self._max_skew_ns = round(contract.max_skew_s * 1e9)
        self._streams = {
            topic: _Stream(round(age * 1e9), round(delays.get(topic, 0.0) * 1e9),
                           topic in self._images, length)
            for topic, age in ages.items()}
        self._lock = threading.Lock()
        self.set_back: dict[str, int] = dict.fromkeys(ages, 0)

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics of the contract."""
        return tuple(self._streams)

    def add(self, topic: str, sample: Sample, now_ns: int | None = None) -> str:
        """
        Take a sample; '' or why it was refused.

        A stamp far before the newest is a clock that was set back: what was there is forgotten.
        """
        stream = self._streams[topic]
        time_ns = sample.stamp_ns - stream.delay_ns
        if now_ns is not None and time_ns > now_ns + AHEAD_NS:
            return f'is stamped {(time_ns - now_ns) / 1e9:.2f} s in the future'
        with self._lock:
            times = stream.times_ns
            if times and times[-1] - time_ns > SET_BACK_NS:
                times.clear()
                stream.samples.clear()
                self.set_back[topic] += 1
            place = bisect_right(times, time_ns)
            if place and times[place - 1] == time_ns:
                return 'repeats a stamp'
            times.insert(place, time_ns)
            stream.samples.insert(place, sample)
            if len(times) > stream.length:
                del times[0], stream.samples[0]
        return ''

    def clear(self) -> None:
        """Forget every sample."""
        with self._lock:
            for stream in self._streams.values():
                stream.times_ns.clear()
                stream.samples.clear()

    def newest_ns(self, topic: str) -> int | None:
        """Time of the newest sample of a topic; None before there is one."""
        with self._lock:
            return next(reversed(self._streams[topic].times_ns), None)

    def reference_ns(self) -> int | None:
        """
        Time of the newest picture beside which no other camera's next is due already.

        Cameras on one trigger are so waited for, those that run free are not. Without cameras the
        newest time that every stream has reached; None before each has a sample.
        """
        with self._lock:
            streams = [stream for stream in self._streams.values()
                       if stream.is_image or not self._images]
            if not all(stream.times_ns for stream in streams):
                return None
            newest = [stream.times_ns[-1] for stream in streams]
            if not self._images:
                return min(newest)
            complete = min(stream.complete_until_ns(self._max_skew_ns) for stream in streams)
        return max(time_ns for time_ns in newest if time_ns <= complete)

    def at(self, reference_ns: int) -> StreamView:
        """The latest sample of each topic that is not after ``reference_ns``, with its age."""
        samples: dict[str, Sample] = {}
        problems: list[StreamProblem] = []
        times: dict[str, int] = {}
        with self._lock:
            for topic, stream in self._streams.items():
                place = bisect_right(stream.times_ns, reference_ns)
                if place == 0:
                    problems.append(StreamProblem(topic, self._nothing(stream)))
                    continue
                age_ns = reference_ns - stream.times_ns[place - 1]
                if age_ns > stream.max_age_ns:
                    problems.append(StreamProblem(topic, _old(age_ns, stream.max_age_ns)))
                    continue
                samples[topic] = stream.samples[place - 1]
                times[topic] = stream.times_ns[place - 1]
        if times:
            oldest = min(times, key=times.__getitem__)
            skew_ns = max(times.values()) - times[oldest]
            if skew_ns > self._max_skew_ns:
                problems.append(StreamProblem(
                    oldest, f'lies {skew_ns / 1e9:.3f} s before the newest stream, the limit is '
                            f'{self._max_skew_ns / 1e9:g} s'))
        return StreamView(reference_ns, samples, tuple(problems))

    def late(self, now_ns: int) -> tuple[StreamProblem, ...]:
        """The streams that gave nothing yet, or whose newest sample is too old at ``now_ns``."""
        problems = []
        with self._lock:
            for topic, stream in self._streams.items():
                if not stream.times_ns:
                    problems.append(StreamProblem(topic, 'has given nothing'))
                elif now_ns - stream.times_ns[-1] > stream.max_age_ns:
                    problems.append(StreamProblem(
                        topic, _old(now_ns - stream.times_ns[-1], stream.max_age_ns)))
        return tuple(problems)

    @staticmethod
    def _nothing(stream: _Stream) -> str:
        return 'begins later' if stream.times_ns else 'has given nothing'


def _old(age_ns: int, limit_ns: int) -> str:
    return f'is {age_ns / 1e9:.3f} s old, the limit is {limit_ns / 1e9:g} s'
