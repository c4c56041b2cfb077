"""
One thread that owns the policy: it takes the requests of all clients and infers them together.

When the thread is free it takes what waits, up to a limit. It lingers only for clients that were
answered less than a window ago and have not asked again: clients that ask without pause are so
gathered into one batch, and a client alone, or clients at rest between two requests, never wait.

Requests of sessions that are one and the same policy go into one batch; a policy that gives each
session a state of its own (`Policy.session`) is asked once for each session.
"""
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vla_core.action_chunk import ActionChunk
from vla_policies.policy import Policy, Request

__all__ = ['Batcher', 'Inferred']

ResultT = TypeVar('ResultT')
STOP_PATIENCE_S = 5.0


@dataclass(frozen=True, eq=False)
class Inferred:
    """A chunk with how long its batch took, how long it had waited for it, and the batch's size."""

    chunk: ActionChunk
    infer_s: float
    waited_s: float
    batch: int


@dataclass(frozen=True, eq=False)
class _Job:
    client: Hashable
    policy: Policy
    request: Request
    instruction: str | None  # of a new episode, to begin before
    future: Future
    since: float = field(default_factory=time.perf_counter)


class Batcher:
    """Infers for many clients on one thread; futures bring the results or what was raised."""

    def __init__(self, max_batch: int = 8, window_s: float = 0.01) -> None:
        self._max_batch = max_batch
        self._window_s = window_s
        self._jobs: list[_Job] = []
        self._calls: list[tuple[Callable[[], Any], Future]] = []
        self._answered: dict[Hashable, float] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='inference', daemon=True)
        self._thread.start()

    def submit(
        self, client: Hashable, policy: Policy, request: Request,
        new_episode: str | None = None,
    ) -> 'Future[Inferred]':
        """Infer ``request`` with ``policy``, after a reset if an instruction is given for one."""
        future: Future[Inferred] = Future()
        with self._changed:
            self._refuse_when_stopped()
            self._answered.pop(client, None)
            self._jobs.append(_Job(client, policy, request, new_episode, future))
            self._changed.notify()
        return future

    def call(self, function: Callable[[], ResultT]) -> 'Future[ResultT]':
        """Run ``function`` on the inference thread."""
        future: Future[ResultT] = Future()
        with self._changed:
            self._refuse_when_stopped()
            self._calls.append((function, future))
            self._changed.notify()
        return future

    def forget(self, client: Hashable) -> None:
        """Wait no more for ``client``, which is gone."""
        with self._changed:
            self._answered.pop(client, None)
            self._changed.notify()

    def stop(self) -> None:
        """Finish the batch at hand, cancel what waits, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(STOP_PATIENCE_S)

    def _refuse_when_stopped(self) -> None:
        if self._stopping:
            raise RuntimeError('the server is stopping')

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and not self._calls and not self._ready():
                    self._changed.wait(self._patience())
                if self._stopping:
                    break
                calls, self._calls = self._calls, []
                jobs = [] if calls else self._jobs[:self._max_batch]
                del self._jobs[:len(jobs)]
            for function, future in calls:
                _settle(future, function)
            if jobs:
                self._infer(jobs)
        for future in [job.future for job in self._jobs] + [call[1] for call in self._calls]:
            future.cancel()

    def _ready(self) -> bool:
        return bool(self._jobs) and (
            len(self._jobs) >= self._max_batch or not self._expected())

    def _expected(self) -> list[float]:
        """Until when to wait for each client that may ask again at once."""
        latest = self._jobs[-1].since if self._jobs else 0.0
        now = time.perf_counter()
        self._answered = {client: answered for client, answered in self._answered.items()
                          if now < max(answered, latest) + self._window_s}
        return [max(answered, latest) + self._window_s for answered in self._answered.values()]

    def _patience(self) -> float | None:
        """Seconds to wait for a change, None for as long as it takes."""
        if not self._jobs:
            return None
        return max(max(self._expected(), default=0.0) - time.perf_counter(), 0.0)

    def _infer(self, jobs: Sequence[_Job]) -> None:
        jobs = [job for job in jobs if job.future.set_running_or_notify_cancel()]
        groups: dict[int, list[_Job]] = {}
        for job in jobs:
            try:
                if job.instruction is not None:
                    job.policy.reset(job.instruction)
            except Exception as error:
                job.future.set_exception(error)
            else:
                groups.setdefault(id(job.policy), []).append(job)
        for group in groups.values():
            self._infer_together(group)

    def _infer_together(self, jobs: Sequence[_Job]) -> None:
        begin = time.perf_counter()
        try:
            chunks = jobs[0].policy.infer_batch([job.request for job in jobs])
            if len(chunks) != len(jobs):
                raise RuntimeError(
                    f'the policy gave {len(chunks)} chunks for {len(jobs)} requests')
            for chunk in chunks:
                chunk.validate()
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].future.set_exception(error)
            else:  # one bad request must not spoil the others
                for job in jobs:
                    self._infer_together([job])
            return
        end = time.perf_counter()
        with self._changed:
            self._answered.update((job.client, end) for job in jobs)
        for job, chunk in zip(jobs, chunks):
            job.future.set_result(Inferred(chunk, end - begin, begin - job.since, len(jobs)))


def _settle(future: Future, function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except Exception as error:
        future.set_exception(error)
