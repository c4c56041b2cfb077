"""Substitutions written inside a text, as in `$(var name)`."""
from __future__ import annotations

from collections.abc import Callable

from .substitution import Substitution
from .substitutions import (
    AllSubstitution,
    AndSubstitution,
    AnonName,
    AnySubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FileContent,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    LaunchLogDir,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PythonExpression,
    TextSubstitution,
    ThisLaunchFile,
    ThisLaunchFileDir,
)
from .unsupported import refuse

__all__ = ['EMBEDDED', 'parse_substitution']

_Argument = 'list[Substitution]'

EMBEDDED: dict[str, Callable[..., Substitution]] = {
    'all': AllSubstitution,
    'and': AndSubstitution,
    'anon': AnonName,
    'any': AnySubstitution,
    'command': lambda command, on_stderr='fail': Command(command, on_stderr=on_stderr),
    'dirname': ThisLaunchFileDir,
    'env': lambda name, default=None: EnvironmentVariable(name, default_value=default),
    'equals': EqualsSubstitution,
    'eval': PythonExpression,
    'file-content': FileContent,
    'filename': ThisLaunchFile,
    'find-exec': lambda name: FindExecutable(name=name),
    'if': IfElseSubstitution,
    'launch_log_dir': LaunchLogDir,
    'log_dir': LaunchLogDir,
    'not': NotSubstitution,
    'not-equals': NotEqualsSubstitution,
    'or': OrSubstitution,
    'var': lambda name, default=None: LaunchConfiguration(name, default=default),
}
"""Name in the text → what makes the substitution of the arguments that follow the name."""


def parse_substitution(text: str) -> list[Substitution]:
    """
    Return the parts of `text`: plain text and the substitutions it names.

    Arguments are separated by blanks, may be quoted by ' or ", and may hold substitutions
    themselves; a backslash takes the next character as it is. Raises ValueError where a bracket
    or a quote is not closed, UnsupportedError for an unknown name.
    """
    reader = _Reader(text)
    parts = reader.read_text(stop=lambda _: False)
    return parts or [TextSubstitution(text='')]


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read_text(self, stop: Callable[[str], bool]) -> list[Substitution]:
        """Read text and substitutions until `stop(character)` or the end."""
        parts: list[Substitution] = []
        plain = ''
        while self._at < len(self._text) and not stop(self._text[self._at]):
            if self._text.startswith('$(', self._at):
                parts += _as_text(plain)
                plain = ''
                parts.append(self._read_substitution())
            else:
                plain += self._read_character()
        return parts + _as_text(plain)

    def _read_character(self) -> str:
        if self._text[self._at] == '\\' and self._at + 1 < len(self._text):
            self._at += 1
        self._at += 1
        return self._text[self._at - 1]

    def _read_substitution(self) -> Substitution:
        begin = self._at
        self._at += 2
        arguments: list[_Argument] = []
        while self._skip_blanks() != ')':
            if self._at >= len(self._text):
                raise ValueError(f'no bracket closes {self._text[begin:begin + 40]!r}')
            arguments.append(self._read_argument())
        self._at += 1
        return _make(arguments, self._text[begin:self._at])

    def _skip_blanks(self) -> str:
        while self._text[self._at:self._at + 1].isspace():
            self._at += 1
        return self._text[self._at:self._at + 1]

    def _read_argument(self) -> _Argument:
        quote = self._text[self._at]
        if quote not in '\'"':
            return self.read_text(stop=lambda c: c.isspace() or c == ')')
        begin = self._at
        self._at += 1
        parts = self.read_text(stop=lambda c: c == quote)
        if self._at >= len(self._text):
            raise ValueError(f'no quote closes {self._text[begin:begin + 40]!r}')
        self._at += 1
        return parts or [TextSubstitution(text='')]


def _as_text(plain: str) -> list[Substitution]:
    return [TextSubstitution(text=plain)] if plain else []


def _make(arguments: list[_Argument], source: str) -> Substitution:
    if not arguments:
        raise ValueError(f'{source!r} names no substitution')
    name = ''.join(getattr(part, 'text', '$') for part in arguments[0])
    if name not in EMBEDDED:
        refuse(f'the substitution {source!r}')
    try:
        return EMBEDDED[name](*arguments[1:])
    except TypeError as error:
        raise ValueError(f'{source!r} has too few or too many arguments') from error
