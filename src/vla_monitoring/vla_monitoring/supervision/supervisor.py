"""
The supervisor without ROS: facts in, active conditions and commands out.

All times are of a steady clock in s, so that a wall clock that is set changes no age. What latches
stays until `release`, even when its cause is gone; what is still there cannot be released.
"""
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vla_monitoring.supervision.table import (
    REACTIONS,
    ClockJump,
    ContactForce,
    LimitHits,
    OperatorStop,
    PolicyAlarm,
    Reaction,
    StaleStream,
    SupervisionTable,
    TrackingError,
    Unhealthy,
)

__all__ = ['ActiveCondition', 'Decision', 'Stream', 'Supervisor']

LATCHING: tuple[Reaction, ...] = ('hold', 'stop')
CLOCK_WARNING_S = 10.0  # for which a jump is spoken of


@dataclass(frozen=True)
class ActiveCondition:
    """A condition that holds, or held and is latched."""

    name: str
    reaction: Reaction
    text: str
    present: bool = True


@dataclass(frozen=True)
class Decision:
    """What is to be done: ``reaction`` is the gravest of the active ones, None when all is calm."""

    reaction: Reaction | None
    active: tuple[ActiveCondition, ...] = ()

    @property
    def text(self) -> str:
        """One line, the gravest first."""
        return '; '.join(f'{entry.text} ({entry.name}: {entry.reaction}'
                         f'{"" if entry.present else ", latched"})' for entry in self.active)


@dataclass
class Stream:
    """One stream: when its newest message with a new stamp came."""

    topic: str
    born: float
    fresh: float | None = None
    stamp_ns: int | None = None

    def saw(self, stamp_ns: int, now: float) -> None:
        """A message came; one with the stamp of the last is no news."""
        if stamp_ns != self.stamp_ns:
            self.stamp_ns, self.fresh = stamp_ns, now


@dataclass
class _Persistent:
    """Since when something has been so."""

    since: float | None = None

    def lasted(self, holds: bool, now: float) -> float:
        """Seconds for which it has held; -1 when it does not."""
        if not holds:
            self.since = None
            return -1.0
        if self.since is None:
            self.since = now
        return now - self.since


@dataclass
class Supervisor:
    """
    Judges by ``table`` at `decide`.

    ``arms`` and ``cameras`` name the streams that a condition per arm or camera expects; those of
    an arm are below ``<arm>/`` where there are several.
    """

    table: SupervisionTable
    arms: Sequence[str]
    cameras: Sequence[str]
    start: float
    streams: dict[str, list[Stream]] = field(init=False)

    def __post_init__(self) -> None:
        self.streams = {
            name: [Stream(topic, self.start) for topic in self._topics(entry)]
            for name, entry in self.table.conditions.items() if isinstance(entry, StaleStream)}
        self._lasting: dict[str, _Persistent] = {}
        self._latched: dict[str, ActiveCondition] = {}
        self._pauses: dict[str, tuple[ActiveCondition, float]] = {}
        self._limiting: deque[tuple[float, bool]] = deque()
        self._errors: dict[str, tuple[float, float, float]] = {}
        self._forces: dict[str, tuple[float, float]] = {}
        self._alarms: dict[str, str] = {}
        self._ill: tuple[tuple[str, str], ...] = ()
        self._operator = ''
        self._clock_offset: float | None = None
        self._jumped: tuple[float, float] | None = None
        self.acting = False

    def _topics(self, entry: StaleStream) -> list[str]:
        if entry.per == 'camera':
            return [f'{camera}/{entry.topic}' for camera in self.cameras]
        if entry.per == 'arm' and len(self.arms) > 1:
            return [f'{arm}/{entry.topic}' for arm in self.arms]
        return [entry.topic]

    # ---- facts

    def limiting(self, limiting: bool, now: float) -> None:
        """Whether the safety chain of the controller holds commands back."""
        self._limiting.append((now, limiting))

    def error(
        self, arm: str, position_m: float = 0.0, rotation_rad: float = 0.0, joint_rad: float = 0.0,
    ) -> None:
        """How far an arm is from its target; zeros where there is none."""
        self._errors[arm] = (position_m, rotation_rad, joint_rad)

    def force(self, arm: str, force_n: float, torque_nm: float) -> None:
        """What the environment does to a tip."""
        self._forces[arm] = (force_n, torque_nm)

    def alarm(self, detector: str, text: str) -> None:
        """A detector's alarm, or '' when it is calm."""
        self._alarms[detector] = text

    def health(self, ill: Iterable[tuple[str, str]]) -> None:
        """Nodes that are not well: (level, 'name: message'), levels warn, error and stale."""
        self._ill = tuple(ill)

    def operator_stop(self, who: str) -> None:
        """A person says stop."""
        self._operator = who or 'somebody'

    def clock(self, wall: float, now: float) -> None:
        """The wall clock in s, to be compared with the steady one."""
        offset = wall - now
        if self._clock_offset is not None:
            jump = offset - self._clock_offset
            limits = [entry.beyond_s for entry in self.table.conditions.values()
                      if isinstance(entry, ClockJump)]
            if limits and abs(jump) > min(limits):
                self._jumped = (now, jump)
        self._clock_offset = offset

    # ---- judgement

    def decide(self, now: float) -> Decision:
        """What holds now, with what is latched, the gravest first."""
        present = {}
        for name, entry in self.table.conditions.items():
            text = self._judge(name, entry, now)
            if text:
                # Before a robot has come up there is nothing to stop.
                early = name in self.streams and not self.acting and not any(
                    stream.fresh for stream in self.streams[name])
                present[name] = ActiveCondition(
                    name, 'warn' if early else entry.reaction, text)
        for name, active in present.items():
            if active.reaction in LATCHING:
                self._latched[name] = active
            elif active.reaction == 'pause':
                self._pauses[name] = (active, now)
        self._pauses = {name: (active, last) for name, (active, last) in self._pauses.items()
                        if now - last < self.table.resume_after_s}
        waiting = {name: active for name, (active, _) in self._pauses.items()}
        gone = {name: ActiveCondition(name, active.reaction, active.text, present=False)
                for name, active in {**waiting, **self._latched}.items() if name not in present}
        active = sorted([*present.values(), *gone.values()],
                        key=lambda entry: -REACTIONS.index(entry.reaction))
        return Decision(active[0].reaction if active else None, tuple(active))

    def release(self, now: float) -> str:
        """
        Let go of what is latched, on purpose; why not, or ''.

        An operator's stop is over with it; what still holds stays.
        """
        self._operator = ''
        self._alarms = {}
        decision = self.decide(now)
        held = [entry for entry in decision.active
                if entry.present and entry.reaction in LATCHING]
        self._latched = {entry.name: entry for entry in held}
        return '; '.join(f'{entry.text} ({entry.name})' for entry in held)

    def _judge(self, name: str, entry: object, now: float) -> str:
        judge = {
            StaleStream: self._stale, LimitHits: self._limits, TrackingError: self._tracking,
            ContactForce: self._contact, PolicyAlarm: self._policy, OperatorStop: self._person,
            Unhealthy: self._unhealthy, ClockJump: self._clock_jump}[type(entry)]
        return judge(name, entry, now)

    def _stale(self, name: str, entry: StaleStream, now: float) -> str:
        # A pause that ended the motion is no reason to look away from what caused it.
        if entry.while_acting and not (self.acting or name in self._pauses):
            return ''
        late = []
        for stream in self.streams[name]:
            if stream.fresh is None:
                if now - stream.born > max(self.table.grace_s, entry.after_s):
                    late.append(f'{stream.topic} has never come')
            elif now - stream.fresh > entry.after_s:
                late.append(f'{stream.topic} has been silent or frozen for '
                            f'{now - stream.fresh:.1f} s')
        return ', '.join(late)

    def _limits(self, name: str, entry: LimitHits, now: float) -> str:
        while self._limiting and now - self._limiting[0][0] > entry.window_s:
            self._limiting.popleft()
        span = now - self._limiting[0][0] if self._limiting else 0.0
        if span < 0.9 * entry.window_s:
            return ''
        share = sum(limiting for _, limiting in self._limiting) / len(self._limiting)
        return f'limits act {share:.0%} of the time' if share >= entry.share else ''

    def _tracking(self, name: str, entry: TrackingError, now: float) -> str:
        texts = []
        for arm, (position, rotation, joint) in self._errors.items():
            over = not (position <= entry.position_m and rotation <= entry.rotation_rad
                        and joint <= entry.joint_rad)  # NaN is over
            if self._lasted(f'{name}/{arm}', over, now) >= entry.for_s and over:
                texts.append(f'{arm} is {1000 * position:.0f} mm, {rotation:.2f} rad, joint '
                             f'{joint:.2f} rad from its target')
        return ', '.join(texts)

    def _contact(self, name: str, entry: ContactForce, now: float) -> str:
        texts = []
        for arm, (force, torque) in self._forces.items():
            over = not (force <= entry.force_n and torque <= entry.torque_nm)
            if self._lasted(f'{name}/{arm}', over, now) >= entry.for_s and over:
                texts.append(f'{arm} is pushed with {force:.0f} N, {torque:.1f} N·m'
                             if math.isfinite(force + torque) else
                             f'the force on {arm} is not a number')
        return ', '.join(texts)

    def _policy(self, name: str, entry: PolicyAlarm, now: float) -> str:
        return self._alarms.get(entry.detector, '')

    def _person(self, name: str, entry: OperatorStop, now: float) -> str:
        return f'stopped by {self._operator}' if self._operator else ''

    def _unhealthy(self, name: str, entry: Unhealthy, now: float) -> str:
        graver = {'warn': ('warn', 'error', 'stale'), 'error': ('error',), 'stale': ('stale',)}
        named = [text for level, text in self._ill if level in graver[entry.level]
                 and (not entry.nodes or any(node in text for node in entry.nodes))]
        return ', '.join(named[:5]) + (f' and {len(named) - 5} more' if len(named) > 5 else '')

    def _clock_jump(self, name: str, entry: ClockJump, now: float) -> str:
        if self._jumped is None or now - self._jumped[0] > CLOCK_WARNING_S:
            return ''
        return f'the wall clock was set by {self._jumped[1]:+.1f} s'

    def _lasted(self, key: str, holds: bool, now: float) -> float:
        return self._lasting.setdefault(key, _Persistent()).lasted(holds, now)
