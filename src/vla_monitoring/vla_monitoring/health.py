"""
The health of the whole robot from the diagnostics of its nodes, without ROS.

Never a false "all well": nothing heard, a part that is expected and missing, a part that fell
silent, a level that means nothing and more parts than anyone keeps are each told as what they are.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ['ERROR', 'OK', 'STALE', 'WARN', 'Health', 'Part', 'Report']

OK, WARN, ERROR, STALE = range(4)
LEVELS = ('ok', 'warn', 'error', 'stale')
MOST = 300  # parts; further ones are counted
LONGEST = 300  # characters of a name or message
HELD_S = 2.0  # for which a part that says good and bad by turns counts as bad


@dataclass
class Part:
    """One status, by its name: what was said last, and the worst of late."""

    name: str
    level: int
    message: str
    heard: float
    worst: int
    worst_message: str
    worst_at: float

    def judged(self, now: float, stale_after_s: float) -> tuple[int, str]:
        """Level and message that count now."""
        silent = now - self.heard
        if silent > stale_after_s:
            return STALE, f'silent for {silent:.0f} s; it said: {self.message}'
        if now - self.worst_at < HELD_S and self.worst > self.level:
            return self.worst, self.worst_message
        return self.level, self.message


@dataclass(frozen=True)
class Report:
    """The whole: its level, one line, and every part as (name, level, message), worst first."""

    level: int
    message: str
    parts: tuple[tuple[str, int, str], ...]

    @property
    def ill(self) -> tuple[tuple[str, str], ...]:
        """Parts that are not well: (level in words, 'name: message')."""
        return tuple((LEVELS[level], f'{name}: {message}')
                     for name, level, message in self.parts if level != OK)


@dataclass
class Health:
    """
    Hears statuses and judges them; times are s of a steady clock.

    ``expected`` are parts of names without which all is not well. A part whose name does not begin
    with ``namespace`` belongs to another robot.
    """

    expected: Sequence[str]
    stale_after_s: float
    namespace: str = '/'
    _parts: dict[str, Part] = field(default_factory=dict)
    _beyond: set[str] = field(default_factory=set)

    def hear(self, name: str, level: object, message: str, now: float) -> None:
        """A status as it came: ``level`` is the byte of the message, or an int."""
        prefix = self.namespace.rstrip('/') + '/'
        name = _clean(name)
        if not ('/' + name.lstrip('/')).startswith(prefix):
            return
        number = level[0] if isinstance(level, bytes) and len(level) == 1 else level
        message = _clean(message)
        if not isinstance(number, int) or not OK <= number <= STALE:
            number, message = ERROR, f'level {level!r} means nothing; it said: {message}'
        if not name:
            number, name = max(number, WARN), '(without a name)'
        part = self._parts.get(name)
        if part is None:
            if len(self._parts) >= MOST:
                if len(self._beyond) < 10 * MOST:
                    self._beyond.add(name)
                return
            self._parts[name] = Part(name, number, message, now, number, message, now)
            return
        part.level, part.message, part.heard = number, message, now
        if number >= part.worst or now - part.worst_at >= HELD_S:
            part.worst, part.worst_message, part.worst_at = number, message, now

    def report(self, now: float) -> Report:
        """The judgement now."""
        parts = [(part.name, *part.judged(now, self.stale_after_s))
                 for part in self._parts.values()]
        for name in self.expected:
            if not any(name in part for part in self._parts):
                parts.append((name, STALE, 'not heard yet'))
        if self._beyond:
            flood = (f'{len(self._beyond)} more parts than the {MOST} that are kept: somebody '
                     'floods them')
            parts.append(('diagnostics', WARN, flood))
        parts.sort(key=lambda part: (-_gravity(part[1]), part[0]))
        if not self._parts:
            return Report(STALE, 'no diagnostics heard', tuple(parts))
        level = parts[0][1]
        return Report(level, _summary(parts, level), tuple(parts))


def _gravity(level: int) -> int:
    """Silence is graver than a warning and no graver than an error."""
    return (0, 1, 3, 2)[level]


def _summary(parts: Sequence[tuple[str, int, str]], level: int) -> str:
    if level == OK:
        return f'all {len(parts)} parts are well'
    name, _, message = parts[0]
    count = sum(part[1] != OK for part in parts)
    return f'{name}: {message}' + (f' (and {count - 1} more)' if count > 1 else '')


def _clean(text: Iterable[str]) -> str:
    """One line of printable characters, cut."""
    kept = ''.join(c if c.isprintable() else ' ' for c in str(text)[:LONGEST])
    return ' '.join(kept.split())
