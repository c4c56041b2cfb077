"""
From chunks that arrive now and then to one plan.

A chunk lands at its own times: step i is due at stamp + times_s[i] / speed. One exception: a robot
that has stood still since the observation has lost nothing, so the chunk begins when it arrives.
How chunks that overlap are merged is the strategy's; here is decided what may come in at all.
"""
from dataclasses import dataclass

import numpy as np

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.anchoring import Anchoring
from vla_core.rotation import angle_between
from vla_execution import strategies
from vla_execution.horizon import choose
from vla_execution.layout import Layout
from vla_execution.plan import Plan, Sample

__all__ = ['PolicyRequest', 'Rules', 'Scheduler', 'Seam']

ROUNDING_NS = 1_000  # by which times of steps, kept as fractions of a second, may be off


@dataclass(frozen=True)
class Rules:
    """What is refused: bounds in s, and how far from the robot a chunk may begin (m, rad)."""

    max_age_s: float = 10.0
    max_ahead_s: float = 2.0
    max_duration_s: float = 60.0
    max_distance: float = 0.4
    max_angle: float = 1.5


@dataclass(frozen=True)
class Seam:
    """Jump of the plan where a chunk came in: the largest over joints or axes; rad or m, s."""

    position: float = 0.0
    velocity: float = 0.0
    acceleration: float = 0.0


@dataclass(frozen=True, eq=False)
class PolicyRequest:
    """
    What a policy is asked with.

    ``state_ns`` is the time of the state it is to see, ``prefix`` [n, D] rows of its own action
    space from step 0 on, of which the first ``delay`` are certain to be executed.
    """

    state_ns: int
    prefix: np.ndarray | None = None
    delay: int = 0


class Scheduler:
    """Merges chunks by the strategy called ``strategy`` into a plan in the space of ``layout``."""

    def __init__(
        self, layout: Layout, anchoring: Anchoring, strategy: str, *,
        rules: Rules | None = None, horizon: str = 'full', speed: float = 1.0,
    ) -> None:
        if not 0.1 <= speed <= 10.0:
            raise ValueError(f'speed: must lie in 0.1 to 10 (got {speed})')
        self.layout, self.anchoring = layout, anchoring
        self.rules, self.speed = rules or Rules(), speed
        self.strategy = strategies.create(strategy)
        self._horizon = choose(horizon)
        self.plan: Plan | None = None
        self.seam = Seam()
        self.newest: ActionChunk | None = None

    def use(self, strategy: str) -> None:
        """From the next chunk on, merge by another strategy; StrategyError if there is none."""
        self.strategy = strategies.create(strategy)

    def start(self, now_ns: int, row: np.ndarray) -> None:
        """Begin with nothing to execute, at rest at ``row`` [D]."""
        self.plan = Plan(self.layout, np.array([now_ns]), row[None], stamp_ns=now_ns)
        self.strategy.reset()
        self.newest, self.seam = None, Seam()

    def add(
        self, chunk: ActionChunk, now_ns: int, here: Sample, *, standing: bool,
        state: np.ndarray | None = None,
    ) -> str:
        """
        Take in a chunk that arrived now; the reason why it is left out, '' when it is not.

        ``here`` is the present reference, ``standing`` whether it has been at rest since the
        chunk's observation, ``state`` [D] what was measured then, for a relative space.
        ChunkError or ActionSpaceMismatch, naming the field, when nobody may execute it.
        """
        chunk.validate()
        self.anchoring.space.check_compatible(chunk.space)
        reason = self._untimely(chunk, now_ns)
        if reason:
            return reason
        if self.anchoring.needed and state is None:
            return 'stamp: the state that the relative actions start from is not known'
        landed = self._landed(chunk, now_ns, standing, state)
        reason = self._out_of_place(landed, chunk, now_ns, here)
        if reason:
            return reason
        before = self.plan.sample(now_ns)
        self.plan = self.strategy.merge(
            self.plan, landed, min(chunk.prefix_length, len(landed.times_ns)), now_ns)
        self.newest = chunk
        self.seam = _seam(before, self.plan.sample(now_ns), self.layout)
        return ''

    def request(
        self, now_ns: int, delay_ns: int | None, times_s: np.ndarray, *, standing: bool,
        state: np.ndarray,
    ) -> PolicyRequest:
        """
        How to ask a policy, now, for a chunk with steps at ``times_s`` [H] from its observation.

        ``delay_ns`` is when its answer is expected, None when nobody knows yet; ``state`` [D] is
        the one it is observed in. A robot that stands continues nothing.
        """
        if self.newest is None or standing:
            return PolicyRequest(now_ns)
        delay_ns = delay_ns or 0
        state_ns = self.strategy.conditioned_ns(now_ns, delay_ns)
        if state_ns != now_ns:
            return PolicyRequest(state_ns)
        due = now_ns + np.rint(np.asarray(times_s) / self.speed * 1e9).astype(np.int64)
        begins = np.concatenate([[now_ns], due[:-1]])
        # Steps begun before the answer are past then; at least one must be left to the policy.
        delay = int(np.searchsorted(begins, now_ns + delay_ns - ROUNDING_NS, side='right'))
        rows = self.strategy.prefix(self.plan, due, min(delay, len(due) - 1))
        if rows is None:
            return PolicyRequest(now_ns)
        return PolicyRequest(now_ns, self.anchoring.relative(rows, np.asarray(times_s), state),
                             min(delay, len(due) - 1))

    def _untimely(self, chunk: ActionChunk, now_ns: int) -> str:
        """Why a chunk of this stamp must be left out, '' when it need not."""
        age = (now_ns - chunk.stamp_ns) * 1e-9
        rules, newest = self.rules, self.newest
        if -age > rules.max_ahead_s:
            return f'stamp: lies {-age:.3f} s in the future; check the clocks'
        if age > rules.max_age_s:
            return f'stamp: is {age:.3f} s old, more than {rules.max_age_s:g} s'
        if chunk.times_s[-1] > rules.max_duration_s:
            return (f'times_s: the last step is {chunk.times_s[-1]:.3f} s ahead, more than '
                    f'{rules.max_duration_s:g} s')
        if chunk.times_s[0] < 0.0:
            return 'times_s: the first step lies before the observation'
        if newest is None:
            return ''
        if chunk.stamp_ns < newest.stamp_ns:
            return 'stamp: is older than that of the chunk in force; it came out of order'
        if chunk.stamp_ns == newest.stamp_ns and chunk.sequence == newest.sequence:
            return f'sequence: {chunk.sequence} has been taken in already'
        return ''

    def _landed(
        self, chunk: ActionChunk, now_ns: int, standing: bool, state: np.ndarray | None,
    ) -> Plan:
        """The chunk by itself, absolute, at the times it is to be executed at."""
        steps = max(1, min(self._horizon(chunk), chunk.steps))
        begin = now_ns if standing else chunk.stamp_ns
        times = begin + np.rint(
            np.asarray(chunk.times_s)[:steps] / self.speed * 1e9).astype(np.int64)
        if np.any(np.diff(times) <= 0):
            raise ChunkError('times_s', 'steps lie less than a nanosecond apart')
        rows = self.anchoring.anchor(chunk, state)[:steps]
        try:
            return Plan(self.layout, times, rows, stamp_ns=begin)
        except ValueError as error:
            raise ChunkError('data', str(error)) from error

    def _out_of_place(
        self, landed: Plan, chunk: ActionChunk, now_ns: int, here: Sample,
    ) -> str:
        """Why a plan must not be begun here and now, '' when it may."""
        if self.strategy.synchronous:
            first = landed.knots.linear[0], landed.knots.turns[0]
        elif landed.last_ns <= now_ns:
            late = (now_ns - landed.last_ns) * 1e-9
            return f'stamp: all {chunk.steps} steps are past, the last by {late:.3f} s'
        else:
            sample = landed.sample(now_ns)
            first = sample.linear, sample.turns
        distances = np.linalg.norm(first[0] - here.linear, axis=-1)
        angles = angle_between(first[1], here.turns)
        joints = self.layout.space.is_joint_kind
        bound = self.rules.max_angle if joints else self.rules.max_distance
        if distances.max(initial=0.0) > bound:
            what = self.layout.space.names[int(np.argmax(distances))]
            return (f'data: {what} would begin {distances.max():.3f} {"rad" if joints else "m"} '
                    f'from where the robot is, more than {bound:g}')
        if angles.max(initial=0.0) > self.rules.max_angle:
            what = self.layout.space.names[int(np.argmax(angles))]
            return (f'data: {what} would begin turned by {angles.max():.3f} rad from where the '
                    f'robot is, more than {self.rules.max_angle:g}')
        return ''


def _seam(before: Sample, after: Sample, layout: Layout) -> Seam:
    jumps = [np.abs(after.linear - before.linear).max(initial=0.0)]
    if layout.turned:
        jumps.append(angle_between(before.turns, after.turns).max())
    return Seam(float(max(jumps)), float(np.abs(after.velocity - before.velocity).max()),
                float(np.abs(after.acceleration - before.acceleration).max()))
