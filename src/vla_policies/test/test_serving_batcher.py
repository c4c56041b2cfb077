"""Batches: who waits for whom, and whose failure is whose."""
import threading
import time
from concurrent.futures import CancelledError

import numpy as np
import pytest
from stand_in_policy import Remembering, StandIn, make_contract

from vla_policies.policy import Request
from vla_policies.serving.batcher import Batcher
from vla_policies.serving.loading import example_observation

CONTRACT = make_contract()


@pytest.fixture
def batcher():
    batcher = Batcher(max_batch=4, window_s=0.3)
    yield batcher
    batcher.stop()


def request(instruction='pick it'):
    observation = example_observation(CONTRACT)
    return Request(type(observation)(
        stamp_ns=0, images=observation.images, state=observation.state,
        state_names=observation.state_names, instruction=instruction))


def test_what_waits_is_inferred_together_up_to_the_limit(batcher):
    policy, gate = StandIn(CONTRACT), threading.Event()
    batcher.call(gate.wait)
    futures = [batcher.submit(client, policy, request()) for client in range(6)]
    gate.set()
    assert [future.result(5).batch for future in futures] == [4, 4, 4, 4, 2, 2]


def test_clients_that_ask_without_pause_come_to_share_batches(batcher):
    policy = StandIn(CONTRACT, cost_s=0.02)

    def ask(client):
        for _ in range(6):
            batcher.submit(client, policy, request()).result(5)
    threads = [threading.Thread(target=ask, args=(client,)) for client in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(policy.batches) == 18
    assert policy.batches.count(3) >= 4


def test_client_alone_does_not_wait(batcher):
    policy = StandIn(CONTRACT)
    waited = [batcher.submit('alone', policy, request()).result(5).waited_s for _ in range(5)]
    assert min(waited) < 0.1


def test_client_at_rest_is_waited_for_no_longer_than_the_window(batcher):
    policy = StandIn(CONTRACT)
    batcher.submit('resting', policy, request()).result(5)
    waited = batcher.submit('asking', policy, request()).result(5).waited_s
    assert waited < 3.0
    time.sleep(0.35)
    batcher.submit('asking', policy, request()).result(5)
    assert batcher.submit('asking', policy, request()).result(5).waited_s < 0.25


def test_client_that_is_gone_is_not_waited_for(batcher):
    policy = StandIn(CONTRACT)
    batcher.submit('gone', policy, request()).result(5)
    batcher.forget('gone')
    assert batcher.submit('asking', policy, request()).result(5).waited_s < 0.25


def test_bad_request_spoils_no_other(batcher):
    policy, gate = StandIn(CONTRACT), threading.Event()
    batcher.call(gate.wait)
    futures = [batcher.submit(text, policy, request(text)) for text in ('a', 'crash', 'b')]
    gate.set()
    assert [future.exception(5) is None for future in futures] == [True, False, True]
    assert str(futures[1].exception()) == 'the device has gone'


def test_chunk_that_is_no_chunk_is_not_handed_on(batcher):
    future = batcher.submit('a', StandIn(CONTRACT), request('diverge'))
    with pytest.raises(ValueError, match='joint4 at step 2 is nan'):
        future.result(5)


def test_sessions_keep_their_own_episodes(batcher):
    one, other = Remembering(CONTRACT).session(), Remembering(CONTRACT).session()
    for _ in range(3):
        batcher.submit('one', one, request(), 'again').result(5)
    data = [batcher.submit(name, policy, request()).result(5).chunk.data[0, 4]
            for name, policy in (('one', one), ('other', other))]
    np.testing.assert_array_equal(data, [3, 0])


def test_cancelled_request_is_not_inferred(batcher):
    policy, gate = StandIn(CONTRACT), threading.Event()
    batcher.call(gate.wait)
    kept, dropped = (batcher.submit(name, policy, request()) for name in ('kept', 'dropped'))
    dropped.cancel()
    gate.set()
    assert kept.result(5).batch == 1
    assert policy.batches == [1]


def test_stopping_cancels_what_waits():
    batcher, gate = Batcher(), threading.Event()
    batcher.call(gate.wait)
    future = batcher.submit('a', StandIn(CONTRACT), request())
    threading.Timer(0.1, gate.set).start()
    batcher.stop()
    with pytest.raises(CancelledError):
        future.result(1)
    with pytest.raises(RuntimeError, match='stopping'):
        batcher.submit('a', StandIn(CONTRACT), request())
