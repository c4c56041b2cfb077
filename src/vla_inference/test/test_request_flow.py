"""Requests: newest only, never queued, at the right time, and none that counts no longer."""
import threading
import time

import numpy as np
import pytest

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.observation import Observation
from vla_inference.asynchronous import AsynchronousInference
from vla_inference.committed_plan import CommittedPlan
from vla_inference.latency import LatencyStatistics
from vla_inference.request import InferenceRequest, Mailbox
from vla_inference.trigger import RequestTrigger

S, MS = 1_000_000_000, 1_000_000
SPACE = ActionSpace(kind='joint_position', names=('a',))


def chunk_of(stamp_ns, rows=((0.0,), (1.0,)), first_s=0.1, period_s=0.1):
    return ActionChunk(
        stamp_ns=stamp_ns, space=SPACE, data=np.array(rows),
        times_s=first_s + period_s * np.arange(len(rows)))


class Bench:
    """A policy that answers when the test says so."""

    def __init__(self, in_flight=1, trigger=None):
        self.newest = 0
        self.asked, self.delivered, self.failures = [], [], []
        self.answers = threading.Semaphore(0)
        self.error = None
        self.inference = AsynchronousInference(
            self._prepare, self._infer, self._deliver, self.failures.append,
            trigger or RequestTrigger(), in_flight)

    def _prepare(self, task):
        return InferenceRequest(Observation(stamp_ns=self.newest), 'go', task=task)

    def _infer(self, request):
        self.asked.append(request.observation.stamp_ns)
        assert self.answers.acquire(timeout=10)
        if self.error:
            raise self.error
        return chunk_of(request.observation.stamp_ns)

    def _deliver(self, request, chunk):
        self.delivered.append(chunk.stamp_ns)
        return 0.2

    def see(self, stamp_ns):
        self.newest = stamp_ns
        self.inference.notice(stamp_ns)


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.answers.release(10)
    bench.inference.close()


def test_a_mailbox_keeps_the_newest_only():
    box = Mailbox()
    for content in range(5):
        box.put(content)
    assert box.take(0) == 4 and box.take(0) is None
    assert box.replaced == 4


def test_one_request_in_flight_and_the_newest_next(bench, wait_for):
    bench.inference.begin()
    bench.see(1)
    wait_for(lambda: bench.asked == [1], 'the first request')
    for stamp in range(2, 30):
        bench.see(stamp)
    time.sleep(0.1)
    assert bench.asked == [1]
    bench.answers.release()
    wait_for(lambda: bench.asked == [1, 29], 'the second request')
    assert bench.delivered == [1] and bench.inference.replaced == 27


def test_several_requests_in_flight_and_no_answer_older_than_the_last(wait_for):
    bench = Bench(in_flight=2)
    bench.inference.begin()
    bench.see(1)
    wait_for(lambda: bench.asked == [1], 'the first request')
    bench.see(2)
    wait_for(lambda: bench.asked == [1, 2], 'a second beside it')
    bench.answers.release(2)
    wait_for(lambda: len(bench.delivered) + bench.inference.dropped == 2, 'both answers')
    assert bench.delivered == sorted(bench.delivered)
    bench.inference.close()


def test_nothing_is_asked_before_a_task_and_nothing_counts_after_it(bench, wait_for):
    bench.see(1)
    time.sleep(0.15)
    assert bench.asked == []
    bench.inference.begin()
    bench.see(2)
    wait_for(lambda: bench.asked == [2], 'a request')
    bench.inference.pause()
    bench.answers.release()
    wait_for(lambda: bench.inference.dropped == 1, 'the answer to be dropped')
    assert bench.delivered == []


def test_a_failure_is_told_and_the_next_observation_is_asked(bench, wait_for):
    bench.error = RuntimeError('lost')
    bench.inference.begin()
    bench.see(1)
    bench.answers.release()
    wait_for(lambda: bench.failures, 'the failure')
    bench.error = None
    bench.see(2)
    bench.answers.release()
    wait_for(lambda: bench.delivered == [2], 'the next answer')


def test_a_clock_that_was_set_back_is_followed(bench, wait_for):
    bench.inference.begin()
    for stamp in (9_000_000_000, 1_000_000_000):
        bench.see(stamp)
        bench.answers.release()
        wait_for(lambda: bench.delivered[-1:] == [stamp], 'an answer')  # noqa: B023


def test_the_trigger_waits_for_rate_and_for_the_plan_to_run_short():
    trigger = RequestTrigger(rate_hz=10.0, horizon_s=0.3)
    assert trigger.due(5 * S, 1.0, 0.1)
    trigger.asked(5 * S)
    assert not trigger.due(5 * S + 80 * MS, 1.1, 0.1)
    assert trigger.due(5 * S + 97 * MS, 1.1, 0.1), 'a little early beats a picture too late'
    trigger.planned(2.0)
    assert not trigger.due(5 * S + 110 * MS, 1.5, 0.1)
    assert trigger.due(5 * S + 110 * MS, 1.6, 0.1)
    trigger.begin()
    assert trigger.due(5 * S + 1, 1.0, 0.1)


def test_the_trigger_follows_a_clock_that_was_set_back():
    trigger = RequestTrigger(rate_hz=1.0)
    trigger.asked(100 * S)
    assert trigger.due(3 * S, 1.0, 0.1)


@pytest.mark.parametrize(('replan_steps', 'rate_hz', 'not_before_s'), [
    (None, 0.0, 0.0), (5, 0.0, 0.5), (5, 20.0, 0.05)])
def test_a_policy_is_asked_as_often_as_its_contract_says(
        contract, replan_steps, rate_hz, not_before_s):
    contract = contract.model_copy(update={'action': contract.action.model_copy(
        update={'replan_steps': replan_steps})})
    trigger = RequestTrigger.of(contract, rate_hz, 0.0)
    trigger.asked(S)
    assert trigger.due(S + round(not_before_s * S), 1.0, 0.1)
    assert trigger.due(S + round(0.8 * not_before_s * S), 1.0, 0.1) == (not_before_s == 0.0)


def test_the_policy_is_shown_what_has_just_been_seen(wait_for):
    bench = Bench(trigger=RequestTrigger(rate_hz=10.0))
    bench.inference.begin()
    bench.answers.release(10)
    for stamp in range(0, 400, 30):  # pictures do not keep the time of the requests
        bench.see(stamp * MS)
        time.sleep(0.005)
    wait_for(lambda: bench.asked == [0, 120 * MS, 240 * MS, 360 * MS], 'a request in four')
    bench.inference.close()


def test_latency_leaves_the_warm_up_out():
    latency = LatencyStatistics(warm_up=2)
    for seconds in (9.0, 5.0, 0.1, 0.2, 0.3):
        latency.add(seconds)
    assert latency.quantile_s(0.5) == pytest.approx(0.2)
    assert latency.newest_s == pytest.approx(0.3)


def test_the_prefix_is_the_committed_plan_from_the_observation_on(contract, profile):
    plan = CommittedPlan(contract, profile)
    space, period = contract.action.space, 100_000_000
    rows = np.tile(np.array([0, 0, 0.5, 1, 0, 0, 0, 1, 0, 1.0]), (6, 1))
    rows[:, 0] = 0.4 + 0.01 * np.arange(1, 7)
    plan.update(ActionChunk(
        stamp_ns=10 * period, space=space, times_s=0.1 * np.arange(1, 7), data=rows))
    found = plan.prefix(stamp_ns=9 * period + period // 2, now_ns=10 * period, latency_s=0.12)
    assert found.delay == 2  # 50 ms since the observation and 120 ms to come
    assert found.rows[:, 0] == pytest.approx(
        [0.41, 0.415, 0.425, 0.435, 0.445, 0.455, 0.46])
    earlier = CommittedPlan(contract, profile, actuation_s=0.1)
    earlier.update(ActionChunk(
        stamp_ns=10 * period, space=space, times_s=0.1 * np.arange(1, 7), data=rows))
    assert earlier.prefix(11 * period, 11 * period, 0.0).rows[0, 0] == pytest.approx(0.41)
    assert plan.prefix(30 * period, 30 * period, 0.1).rows is None
