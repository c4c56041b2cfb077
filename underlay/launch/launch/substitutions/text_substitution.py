"""Plain text."""
from ..launch_context import LaunchContext
from ..substitution import Substitution

__all__ = ['TextSubstitution']


class TextSubstitution(Substitution):
    """A text that stands as it is."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(
                f'TextSubstitution: text must be str, not {type(text).__name__} ({text!r})')
        self.__text = text

    @property
    def text(self) -> str:
        """The text."""
        return self.__text

    def describe(self) -> str:
        """Return the text in quotes."""
        return repr(self.text)

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        return self.text
