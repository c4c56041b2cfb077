"""Lines from a stream of bytes."""
import codecs
from collections.abc import Iterator

__all__ = ['OutputLines']


class OutputLines:
    """Cuts bytes, as they come, into lines of text; what is no UTF-8 is replaced."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self._rest = ''

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that `data` completes."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split('\n')
        for line in lines:
            yield line.removesuffix('\r')

    def flush(self) -> Iterator[str]:
        """Yield what came after the last end of line, if anything."""
        rest = self._rest + self._decoder.decode(b'', True)
        self.__init__()
        if rest:
            yield rest
