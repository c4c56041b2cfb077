"""
The execution of chunks: what the robot is to do at every moment.

The scheduler says what is planned, the motion brings it within the robot's limits, and this keeps
both going: it begins at rest, runs out of plan and into a hold, goes on again, and stops. Times are
ns of any one clock and go forward.
"""
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.anchoring import Anchoring
from vla_core.gripper import start_of_motion
from vla_core.profile import RobotProfile
from vla_core.rotation import angle_between
from vla_execution.layout import Coordinates, Layout
from vla_execution.motion import Motion
from vla_execution.plan import Sample
from vla_execution.scheduler import PolicyRequest, Rules, Scheduler, Seam

__all__ = ['ExecutionSettings', 'ExecutionState', 'Executor', 'Law', 'Reference', 'Report']

STEP_NS = 10_000_000  # of constant jerk

Law = Literal['jerk_limited', 'stepped']
ExecutionState = Literal['idle', 'executing', 'starved', 'holding', 'stopped']


@dataclass(frozen=True)
class ExecutionSettings:
    """
    How chunks are executed.

    ``law`` jerk_limited follows the plan within ``limit_scale`` times the profile's limits;
    stepped hands on each action as it is from the time its step begins, for policies trained
    on such set-points and controllers that limit themselves. ``speed`` runs a plan faster or
    slower than it was made, within the same limits.
    """

    strategy: str = 'rtc'
    law: Law = 'jerk_limited'
    limit_scale: float = 0.8
    horizon: str = 'full'
    speed: float = 1.0
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if self.law not in ('jerk_limited', 'stepped'):
            raise ValueError(f'law: must be jerk_limited or stepped (got {self.law!r})')
        if not 0.0 < self.limit_scale <= 1.0:
            raise ValueError(f'limit_scale: must lie in 0 to 1 (got {self.limit_scale})')


@dataclass(frozen=True, eq=False)
class Reference:
    """
    What the robot is to do now.

    ``row`` [D] in the executor's space; ``linear`` [L, K], ``turns`` [R, 4] and ``openings`` [g]
    (0 closed, 1 open) are the same, split; ``velocity`` [G, K] that of the motion.
    """

    row: np.ndarray
    linear: np.ndarray
    turns: np.ndarray
    openings: np.ndarray
    velocity: np.ndarray


@dataclass(frozen=True)
class Report:
    """How the execution goes on; fields as in vla_interfaces/ExecutionStatus."""

    state: ExecutionState
    strategy: str
    chunk_sequence: int
    chunk_age_s: float
    committed_horizon_s: float
    seam: Seam
    starvation_ratio: float
    chunks_accepted: int
    chunks_refused: int
    refusal: str


class Executor:
    """
    Executes chunks of ``space`` on the robot of ``profile``.

    References are rows of ``self.space``, the absolute space that chunks are brought into. The
    output of the law jerk_limited is C² in position and keeps the limits, whatever chunks come.
    """

    def __init__(
        self, profile: RobotProfile, space: ActionSpace,
        settings: ExecutionSettings | None = None,
    ) -> None:
        self.settings = settings or ExecutionSettings()
        anchoring = Anchoring.of(space, profile)
        self.layout = Layout(anchoring.absolute, profile, self.settings.limit_scale)
        self.scheduler = Scheduler(
            self.layout, anchoring, self.settings.strategy, rules=self.settings.rules,
            horizon=self.settings.horizon, speed=self.settings.speed)
        self._strategy = self.settings.strategy
        self._motion = Motion(self.layout, STEP_NS * 1e-9)
        self._felt: np.ndarray | None = None
        self._reset_counts()
        self._state: ExecutionState = 'stopped'
        self._braking = False

    @property
    def space(self) -> ActionSpace:
        """The space of the references."""
        return self.layout.space

    @property
    def synchronous(self) -> bool:
        """Whether the next chunk is asked for only when the plan has been executed."""
        return self.scheduler.strategy.synchronous

    @property
    def started(self) -> bool:
        """Whether chunks are taken in."""
        return self._state != 'stopped' and not self._braking

    @property
    def state(self) -> ExecutionState:
        """What it is doing."""
        return self._state

    def use(self, strategy: str) -> None:
        """Merge by another strategy from the next chunk on; StrategyError if there is none."""
        self.scheduler.use(strategy)
        self._strategy = strategy

    def start(self, now_ns: int, row: np.ndarray) -> None:
        """Begin at rest at ``row`` [D] of `space`, where the robot is, with nothing planned."""
        self.settle(now_ns, row)
        self._reset_counts()

    def settle(self, now_ns: int, row: np.ndarray) -> None:
        """Stand still at ``row`` [D], as `start` does, and count on."""
        row = np.asarray(row, np.float64)
        self.scheduler.start(now_ns, row)
        self.resume(now_ns, row)
        self._standing_ns: int | None = now_ns
        self._braking = False
        self._state = 'idle'

    def resume(self, now_ns: int, row: np.ndarray) -> None:
        """Go on with the plan from rest at ``row`` [D], after a time in which nobody asked."""
        here = self.layout.split(np.asarray(row, np.float64)[None])
        self._motion.reset(here.linear[0], here.turns[0])
        self._openings = self._next_openings = self.layout.openings(here.grippers[0])
        self._step_ns, self._chosen = now_ns, False

    def _reset_counts(self) -> None:
        self._accepted = self._refused = self._planned_steps = self._starved_steps = 0
        self._refusal = ''

    def add(self, chunk: ActionChunk, now_ns: int, state: np.ndarray | None = None) -> bool:
        """
        Take in a chunk that arrived now; False when it is left out, and the report says why.

        ``state`` [D] is what was measured at its stamp, needed for a relative space only.
        ChunkError or ActionSpaceMismatch, naming the field, when nobody may execute it.
        """
        try:
            refusal = 'the execution is stopped; start it first' if not self.started else (
                self._take(chunk, now_ns, state))
        except (ChunkError, ActionSpaceMismatch) as error:
            self.refuse(str(error))
            raise
        if refusal:
            self.refuse(f'action chunk: {refusal}')
            return False
        self._accepted += 1
        self._standing_ns = None
        self._state = 'executing'
        return True

    def refuse(self, reason: str) -> None:
        """Count a chunk that was refused, here or on its way here."""
        self._refused += 1
        self._refusal = reason

    def distance(self, row: np.ndarray) -> tuple[float, float]:
        """How far the robot at ``row`` [D] is from the reference: m or rad, and rad."""
        there = self.layout.split(row[None])
        return (float(np.linalg.norm(there.linear[0] - self._motion.linear, axis=-1).max()),
                float(angle_between(there.turns[0], self._motion.turns).max(initial=0.0)))

    def _take(self, chunk: ActionChunk, now_ns: int, state: np.ndarray | None) -> str:
        self._advance(now_ns)
        linear, turns = self._motion.place((now_ns - self._step_ns) * 1e-9)
        here = Sample(linear, turns, self._openings, self._motion.velocity,
                      self._motion.acceleration)
        return self.scheduler.add(
            chunk, now_ns, here, standing=self._stands_since(chunk.stamp_ns), state=state)

    def _stands_since(self, stamp_ns: int) -> bool:
        """Whether the reference has been at rest since then, or for as long as it is known."""
        return self._standing_ns is not None and (
            self.scheduler.newest is None or stamp_ns >= self._standing_ns)

    def request(
        self, now_ns: int, delay_ns: int | None, times_s: np.ndarray, state: np.ndarray,
    ) -> PolicyRequest:
        """How to ask a policy now, in ``state`` [D]; see `Scheduler.request`."""
        return self.scheduler.request(
            now_ns, delay_ns, times_s, standing=self._standing_ns is not None, state=state)

    def wants_chunk(self, now_ns: int) -> bool:
        """Whether a synchronous strategy has come to the end of its plan; else always."""
        return not self.synchronous or now_ns >= self.scheduler.plan.rest_ns

    def planned(self, now_ns: int) -> np.ndarray:
        """The row [D] that is planned for now, before any limit."""
        return self.scheduler.plan.at(now_ns)

    def committed(self, now_ns: int, period_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Times [n] in s from now, the first 0, and rows [n, D] that will be executed."""
        plan = self.scheduler.plan
        count = max(0, int((plan.last_ns - now_ns) * 1e-9 / period_s + 1e-6)) + 1
        times = period_s * np.arange(count)
        return times, plan.rows_at(now_ns + np.rint(times * 1e9).astype(np.int64))

    def stop(self, now_ns: int) -> None:
        """Drop what is planned and come to a smooth stop; `start` begins anew."""
        if self._state == 'stopped':
            return
        self._advance(now_ns)
        self._braking, self._chosen = True, False

    def halt(self) -> None:
        """Be stopped at once: the safety chain has the arm, and nothing resumes by itself."""
        self._state, self._braking = 'stopped', False

    def feel(self, openings: np.ndarray) -> None:
        """Take the measured openings [g], from which grippers let go of what they hold."""
        self._felt = openings

    def reference(self, now_ns: int) -> Reference:
        """What the robot is to do at ``now_ns``, not earlier than any time asked for before."""
        if self.settings.law == 'stepped' and not self._braking:
            return self._stepped(now_ns)
        self._advance(now_ns)
        into = max(now_ns - self._step_ns, 0) * 1e-9
        linear, turns = self._motion.place(into)
        share = into / (STEP_NS * 1e-9)
        openings = self._openings + share * (self._next_openings - self._openings)
        velocity = self._motion.velocity + into * (
            self._motion.acceleration + 0.5 * into * self._motion.jerk)
        return self._reference(linear, turns, openings, velocity)

    def _reference(
        self, linear: np.ndarray, turns: np.ndarray, openings: np.ndarray, velocity: np.ndarray,
    ) -> Reference:
        row = self.layout.join(Coordinates(linear, turns, self.layout.from_openings(openings)))
        return Reference(row, linear, turns, openings, velocity)

    def _stepped(self, now_ns: int) -> Reference:
        """The next action as it is; the motion is put there, to brake from if it must."""
        self._advance(now_ns)
        row = self.scheduler.plan.upcoming(now_ns)
        here = self.layout.split(row[None])
        self._motion.reset(here.linear[0], here.turns[0])
        openings = self._openings = self._next_openings = self.layout.openings(here.grippers[0])
        return self._reference(here.linear[0], here.turns[0], openings, self._motion.velocity)

    def _advance(self, now_ns: int) -> None:
        """Walk the steps up to now; the one that now lies in has its jerk chosen."""
        while now_ns > self._step_ns:
            if not self._chosen:
                self._choose()
            if now_ns < self._step_ns + STEP_NS:
                return
            self._motion.finish_step()
            self._openings = self._next_openings
            self._step_ns += STEP_NS
            self._chosen = False
            self._judge()

    def _choose(self) -> None:
        """Choose jerk and gripper motion of the step that begins."""
        self._chosen = True
        if self._state == 'stopped' or self._braking:
            self._motion.brake()
            self._next_openings = self._openings
            return
        target = self.scheduler.plan.sample(self._step_ns + STEP_NS)
        self._motion.follow(target)
        step = self.layout.gripper_speed * STEP_NS * 1e-9
        wanted = self.layout.openings(target.grippers)
        if self._felt is not None:
            self._openings = np.array([
                start_of_motion(*each) for each in zip(self._openings, wanted, self._felt)])
        self._next_openings = self._openings + np.clip(wanted - self._openings, -step, step)

    def _judge(self) -> None:
        """What state a step has ended in."""
        plan = self.scheduler.plan
        at_rest = self._motion.at_rest
        if self._braking and at_rest:
            self.halt()
        if self._state in ('executing', 'starved', 'holding') and not self._braking:
            ended = self._step_ns > plan.last_ns
            self._planned_steps += 1
            self._starved_steps += ended
            resting = at_rest and self._step_ns >= plan.rest_ns
            self._state = ('holding' if resting else 'starved') if ended else 'executing'
            if resting and self._standing_ns is None:
                self._standing_ns = self._step_ns

    def report(self, now_ns: int) -> Report:
        """How it goes on at ``now_ns``."""
        newest, plan = self.scheduler.newest, self.scheduler.plan
        running = newest is not None and self._state != 'stopped'
        return Report(
            state=self._state, strategy=self._strategy,
            chunk_sequence=newest.sequence if newest else 0,
            chunk_age_s=(now_ns - newest.stamp_ns) * 1e-9 if running else 0.0,
            committed_horizon_s=max(0.0, (plan.last_ns - now_ns) * 1e-9) if running else 0.0,
            seam=self.scheduler.seam,
            starvation_ratio=self._starved_steps / max(self._planned_steps, 1),
            chunks_accepted=self._accepted, chunks_refused=self._refused, refusal=self._refusal)
