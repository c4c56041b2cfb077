"""Buttons of a device by what they mean: some count while held, others once when pressed."""
from collections.abc import Hashable, Iterable, Mapping

from vla_core.validation import near_matches, problem
from vla_teleop.sample import HELD, PRESSED

__all__ = ['Buttons', 'checked_meanings']


class Buttons:
    """Buttons that are down, and the presses since they were last asked for."""

    def __init__(self, meanings: Mapping[Hashable, str]) -> None:
        """``meanings`` by number or name of the button; others are ignored."""
        self._meanings = dict(meanings)
        self._down: set[Hashable] = set()
        self._pressed: list[str] = []

    def set(self, button: Hashable, down: bool) -> None:
        """A button is down or up now."""
        meaning = self._meanings.get(button)
        if meaning in PRESSED and down and button not in self._down:
            self._pressed.append(meaning)
        (self._down.add if down else self._down.discard)(button)

    def release(self) -> None:
        """All are up."""
        self._down.clear()

    @property
    def any_down(self) -> bool:
        """Whether any button that means something is down."""
        return any(button in self._meanings for button in self._down)

    @property
    def held(self) -> frozenset[str]:
        """Meanings of what is held."""
        return frozenset(
            meaning for button in self._down if (meaning := self._meanings.get(button)) in HELD)

    def take_pressed(self) -> tuple[str, ...]:
        """Meanings of what was pressed since the last call."""
        pressed, self._pressed = tuple(self._pressed), []
        return pressed


def checked_meanings(meanings: Iterable[str]) -> None:
    """Refuse, for a validator, a meaning that no button can have."""
    for name in meanings:
        if name not in HELD + PRESSED:
            raise problem('', f'{name!r} is nothing that a button can do; '
                          f'{near_matches(name, HELD + PRESSED)}')
