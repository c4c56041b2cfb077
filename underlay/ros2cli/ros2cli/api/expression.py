"""Python expressions on the command line that choose messages."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ros2cli.errors import CommandError


def predicate(text: str | None) -> Callable[[Any], bool]:
    """Compile an expression on the message `m`; without one every message is chosen."""
    if text is None:
        return lambda message: True
    try:
        code = compile(text, '<filter>', 'eval')
    except SyntaxError as error:
        raise CommandError(f"'{text}' is not a Python expression: {error.msg}") from error

    def holds(message: Any) -> bool:
        try:
            return bool(eval(code, {'m': message}))
        except Exception as error:
            raise CommandError(f"Cannot evaluate '{text}': {error}") from error

    return holds
