"""
Inference beside everything else: no caller ever waits for the policy.

Whoever takes in the streams says that a newer observation can be had; a thread for each request
that may be in flight takes the newest, asks if it is time, and hands on the answer. What came in
between was replaced, never queued. An answer to what was asked before the task changed is dropped,
and so is one that is older than the last.
"""
import threading
import time
from collections.abc import Callable

from vla_core.action_chunk import ActionChunk
from vla_inference.latency import LatencyStatistics
from vla_inference.request import InferenceRequest, Mailbox
from vla_inference.trigger import RequestTrigger

__all__ = ['AsynchronousInference']

IDLE_S = 0.1
SET_BACK_NS = 1_000_000_000


class AsynchronousInference:
    """
    Asks a policy while it runs.

    ``prepare(task)`` makes the request of the newest observation, or None when there is none;
    ``infer`` answers it or raises; ``deliver`` gets an answer, with its request, that still
    counts, and says for how many s it lasts; ``failed`` gets what was raised. All are called from
    the threads here.
    """

    def __init__(
        self, prepare: Callable[[int], InferenceRequest | None],
        infer: Callable[[InferenceRequest], ActionChunk],
        deliver: Callable[[InferenceRequest, ActionChunk], float],
        failed: Callable[[Exception], None], trigger: RequestTrigger, in_flight: int = 1,
    ) -> None:
        self._prepare, self._infer = prepare, infer
        self._deliver, self._failed = deliver, failed
        self._trigger = trigger
        self.latency = LatencyStatistics()
        self.dropped = 0
        self._newest: Mailbox[int] = Mailbox()
        self._running = threading.Event()
        self._asking = threading.Lock()
        self._answering = threading.Lock()
        self._task = 0
        self._last_stamp_ns = -1
        self._threads = [
            threading.Thread(target=self._work, name=f'inference {index}', daemon=True)
            for index in range(in_flight)]
        for thread in self._threads:
            thread.start()

    @property
    def task(self) -> int:
        """Number of the task and instruction that is asked for."""
        return self._task

    @property
    def running(self) -> bool:
        """Whether the policy is asked."""
        return self._running.is_set()

    @property
    def replaced(self) -> int:
        """Observations that a newer one took the place of."""
        return self._newest.replaced

    def begin(self) -> int:
        """Ask anew, for another task or instruction: what is in flight no longer counts."""
        with self._answering:
            self._task += 1
            self._last_stamp_ns = -1
            self._trigger.begin()
        self._running.set()
        return self._task

    def pause(self) -> None:
        """Ask no more; what is in flight no longer counts."""
        self._running.clear()
        with self._answering:
            self._task += 1

    def notice(self, stamp_ns: int) -> None:
        """Say that an observation of ``stamp_ns`` can be made; never waits."""
        if self._running.is_set():
            self._newest.put(stamp_ns)

    def close(self, timeout_s: float = 1.0) -> None:
        """End the threads; one that waits for an answer is left behind."""
        self._running.set()
        self._newest.close()
        for thread in self._threads:
            thread.join(timeout_s)

    def _work(self) -> None:
        while not self._newest.closed:
            self._running.wait()
            stamp_ns = self._newest.take(IDLE_S)
            if stamp_ns is None or not self._running.is_set():
                continue
            try:
                self._ask(stamp_ns)
            except Exception as error:
                self._failed(error)

    def _ask(self, stamp_ns: int) -> None:
        with self._asking:
            if not self._trigger.due(
                    stamp_ns, time.monotonic(), self.latency.quantile_s(0.9)):
                return
            task = self._task
            request = self._prepare(task)
            if request is None:
                return
            self._trigger.asked(request.observation.stamp_ns)
            began = time.monotonic()
        chunk = self._infer(request)
        self.latency.add(time.monotonic() - began)
        with self._answering:
            stamp_ns = request.observation.stamp_ns
            overtaken = self._last_stamp_ns - SET_BACK_NS < stamp_ns <= self._last_stamp_ns
            if request.task != self._task or overtaken:
                self.dropped += 1
                return
            self._last_stamp_ns = stamp_ns
            self._trigger.planned(time.monotonic() + self._deliver(request, chunk))
