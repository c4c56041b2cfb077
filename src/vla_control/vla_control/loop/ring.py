"""A ring of messages between one writer and one reader, without locks.

A message is a JSON object, followed by float64 arrays as they are (long trajectories need no
parsing). The writer moves the head after the bytes are there, the reader the tail once it has
them. A full ring refuses the message; nothing is ever overwritten.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ['Ring', 'RingFull', 'ring_dtype']

_LENGTHS = struct.Struct('<II')


class RingFull(RuntimeError):  # noqa: N818 - it says what happened
    """The reader does not keep up, or is gone."""


def ring_dtype(size: int) -> np.dtype:
    """Record of a ring of `size` bytes."""
    return np.dtype([('head', '<u8'), ('tail', '<u8'), ('data', 'u1', (size,))], align=True)


class Ring:
    """One side of a ring inside a SharedBlock."""

    def __init__(self, record: np.ndarray) -> None:
        self._head = memoryview(record['head'].reshape(1))
        self._tail = memoryview(record['tail'].reshape(1))
        self._data = memoryview(record['data'])
        self._size = len(self._data)

    def put(
        self, message: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Append a message; RingFull when there is no room."""
        parts = {name: np.ascontiguousarray(a, dtype='<f8') for name, a in (arrays or {}).items()}
        body = dict(message)
        if parts:
            body['arrays'] = {name: a.shape for name, a in parts.items()}
        text = json.dumps(body).encode()
        binary = b''.join(a.tobytes() for a in parts.values())
        packet = _LENGTHS.pack(len(text), len(binary)) + text + binary
        head, tail = self._head[0], self._tail[0]
        if len(packet) > self._size - (head - tail):
            raise RingFull(f'no room for a message of {len(packet)} bytes')
        self._copy_in(head, packet)
        self._head[0] = head + len(packet)

    def empty(self) -> bool:
        """Whether there is nothing to get."""
        return self._head[0] == self._tail[0]

    def get(self) -> dict[str, Any] | None:
        """Take the oldest message, its arrays under their names; None when there is none."""
        head, tail = self._head[0], self._tail[0]
        if head == tail:
            return None
        text_length, binary_length = _LENGTHS.unpack(self._copy_out(tail, _LENGTHS.size))
        start = tail + _LENGTHS.size
        body = json.loads(self._copy_out(start, text_length))
        binary = self._copy_out(start + text_length, binary_length)
        self._tail[0] = start + text_length + binary_length
        offset = 0
        for name, shape in body.pop('arrays', {}).items():
            count = int(np.prod(shape, dtype=int))
            body[name] = np.frombuffer(binary, '<f8', count, offset).reshape(shape)
            offset += 8 * count
        return body

    def _copy_in(self, place: int, packet: bytes) -> None:
        start = place % self._size
        first = min(len(packet), self._size - start)
        self._data[start:start + first] = packet[:first]
        self._data[:len(packet) - first] = packet[first:]

    def _copy_out(self, place: int, length: int) -> bytes:
        start = place % self._size
        first = min(length, self._size - start)
        return bytes(self._data[start:start + first]) + bytes(self._data[:length - first])
