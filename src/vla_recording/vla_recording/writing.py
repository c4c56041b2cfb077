"""
The thread that writes an episode, behind a queue that is bounded in bytes and counts its losses.

Subscriptions hand messages over and never wait: when the disk is so slow that the queue is full,
messages are dropped, counted and named by topic. A chunk is closed four times a second, and once a
second what is written is brought to the disk by a thread of its own, since that may take as long
as it likes.
"""
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from vla_recording.bag_metadata import BagTopic
from vla_recording.bag_writer import BagWriter, DiskError

__all__ = ['EpisodeWriter', 'Progress']

FLUSH_S = 0.25
SYNC_S = 1.0


@dataclass(frozen=True)
class Progress:
    """How far the writing is; ``lost`` counts by topic what could not be written."""

    messages: int
    size: int
    queued_bytes: int
    lost: Mapping[str, int]
    failure: str

    @property
    def lost_messages(self) -> int:
        """Messages of all topics that could not be written."""
        return sum(self.lost.values())


class EpisodeWriter:
    """
    Writes messages into a bag from a thread of its own until `finish`.

    ``queue_bytes`` bounds what waits; ``reserve_bytes`` is the room on the disk at which writing
    ends before the disk is full for everybody.
    """

    def __init__(self, bag: BagWriter, *, queue_bytes: int, reserve_bytes: int = 0) -> None:
        self.bag = bag
        self._queue: deque = deque()
        self._queue_bytes = queue_bytes
        self._reserve_bytes = reserve_bytes
        self._taken_bytes = self._written_bytes = 0  # each is changed by one side only
        self._lost: Counter[str] = Counter()
        self._written = 0
        self._size = bag.size
        self._failure = ''
        self._ending = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='episode_writer', daemon=True)
        self._syncer = threading.Thread(target=self._sync, name='episode_sync', daemon=True)
        self._ended = threading.Event()
        self._thread.start()
        self._syncer.start()

    def add_topic(self, topic: BagTopic) -> None:
        """Take a topic before its first message."""
        self._put((topic, 0, 0, b'', 0), 0)

    def write(
        self, topic: str, log_time_ns: int, publish_time_ns: int, data: bytes, sequence: int = 0,
    ) -> bool:
        """Queue a message; False when it is lost because the queue is full or the disk failed."""
        waiting = self._taken_bytes - self._written_bytes
        if self._failure or waiting + len(data) > self._queue_bytes:
            self.lose(topic)
            return False
        self._put((topic, log_time_ns, publish_time_ns, data, sequence), len(data))
        return True

    def lose(self, topic: str, count: int = 1) -> None:
        """Count messages that never came here."""
        with self._wake:
            self._lost[topic] += count

    @property
    def progress(self) -> Progress:
        """What has been written by now."""
        with self._wake:
            return Progress(self._written, self._size, self._taken_bytes - self._written_bytes,
                            dict(self._lost), self._failure)

    def finish(self, custom_data: Mapping[str, str]) -> Progress:
        """
        Write what waits, end the bag with ``custom_data`` added, and say how it went.

        The losses up to here are added as ``lost_messages``.
        """
        with self._wake:
            self._ending = True
            self._wake.notify()
        self._thread.join()
        lost = sum(self._lost.values()) + self.bag.lost_in_chunk
        try:
            self.bag.close({**custom_data, 'lost_messages': str(lost)})
        except DiskError as error:
            self._failure = (f'{error}; its end could not be written: free some room and run '
                             f'ros2 run vla_recording recover {self.bag.path}')
        if self.bag.lost_in_chunk:
            self.lose('last chunk', self.bag.lost_in_chunk)
            self._written -= self.bag.lost_in_chunk
        self._size = self.bag.size
        self._ended.set()
        return self.progress

    def _put(self, entry: tuple, size: int) -> None:
        with self._wake:
            self._queue.append(entry)
            self._taken_bytes += size
            if len(self._queue) == 1:
                self._wake.notify()

    def _run(self) -> None:
        flushed = time.monotonic()
        while True:
            with self._wake:
                if not self._queue and not self._ending:
                    self._wake.wait(max(0.0, flushed + FLUSH_S - time.monotonic()))
                entries = list(self._queue)
                self._queue.clear()
                ending = self._ending and not entries
            self._write(entries)
            if time.monotonic() - flushed >= FLUSH_S:
                self._guarded(self.bag.flush)
                self._check_room()
                flushed = time.monotonic()
            if ending:
                return

    def _write(self, entries: list[tuple]) -> None:
        for entry in entries:
            topic, *message = entry
            if self._failure:
                if isinstance(topic, str):
                    self.lose(topic)
            elif isinstance(topic, BagTopic):
                self._guarded(self.bag.add_topic, topic)
            elif self._guarded(self.bag.write, topic, *message):
                self._written += 1
            self._written_bytes += len(message[2])
        self._size = self.bag.size

    def _guarded(self, action, *arguments) -> bool:
        try:
            action(*arguments)
        except DiskError as error:
            self._failure = str(error)
            return False
        return True

    def _check_room(self) -> None:
        if not self._reserve_bytes or self._failure:
            return
        stat = os.statvfs(self.bag.path)
        room = stat.f_bavail * stat.f_frsize
        if room < self._reserve_bytes:
            self._failure = (
                f'{self.bag.path}: only {room >> 20} MB are left on the disk, '
                f'{self._reserve_bytes >> 20} MB are kept free; what was written is kept')

    def _sync(self) -> None:
        """Bring the bag to the disk once a second, and when it has ended."""
        ended = False
        while not ended:
            ended = self._ended.wait(SYNC_S)
            try:
                self.bag.sync()
            except OSError as error:
                if self.bag.path.exists():
                    self._failure = self._failure or f'{self.bag.path}: {error.strerror}'
