import threading

from hypothesis import given, strategies

from vla_cameras.synchronous_view import StreamBuffer, SynchronousView

MS = 1_000_000


def filled(limit_ms=20):
    view = SynchronousView(['front', 'wrist'], limit_ns=limit_ms * MS)
    for index in range(10):
        view.add('front', index * 33 * MS, f'front {index}')
        view.add('wrist', index * 33 * MS + 7 * MS, f'wrist {index}')
    return view


def test_each_stream_gives_its_nearest_and_the_skew_is_told():
    view = filled().at(100 * MS)
    assert view.samples == {'front': 'front 3', 'wrist': 'wrist 3'}
    assert view.complete and view.skew_ns == 7 * MS


def test_a_stream_without_a_near_sample_is_named_and_not_made_up():
    view = SynchronousView(['front', 'wrist', 'top'], limit_ns=10 * MS)
    view.add('front', 100 * MS, 1)
    view.add('wrist', 150 * MS, 2)
    seen = view.at(101 * MS)
    assert seen.samples == {'front': 1} and not seen.complete
    assert seen.missing == {
        'wrist': 'the nearest is 49.0 ms later, the limit is 10.0 ms', 'top': 'nothing has come'}


def test_the_newest_common_time_waits_for_the_slowest():
    view = filled()
    view.add('front', 999 * MS, 'new')
    assert view.newest_common_ns() == 9 * 33 * MS + 7 * MS
    assert SynchronousView(['front'], limit_ns=1).newest_common_ns() is None


def test_samples_out_of_order_are_put_in_order_and_a_double_is_refused():
    view = SynchronousView(['front'], limit_ns=MS)
    assert view.add('front', 20 * MS, 'b') and view.add('front', 10 * MS, 'a')
    assert not view.add('front', 10 * MS, 'again')
    assert view.at(10 * MS).samples == {'front': 'a'}


def test_a_clock_that_is_set_back_starts_anew():
    view = SynchronousView(['front'], limit_ns=MS, span_ns=1000 * MS)
    view.add('front', 9_000 * MS, 'old')
    view.add('front', 10 * MS, 'new')
    assert view.at(9_000 * MS).missing and view.at(10 * MS).complete
    assert view.jumps == {'front': 1}


@given(strategies.lists(strategies.integers(0, 10_000), unique=True, min_size=1, max_size=80),
       strategies.integers(-100, 11_000))
def test_the_nearest_of_the_last_is_found(stamps, when):
    buffer = StreamBuffer(length=32, span_ns=10**9)
    for stamp in stamps:
        buffer.add(stamp, stamp)
    assert buffer.stamps_ns == sorted(buffer.stamps_ns) and len(buffer.stamps_ns) <= 32
    nearest = buffer.samples[buffer.nearest(when)]
    assert abs(nearest - when) == min(abs(stamp - when) for stamp in buffer.samples)


def test_threads_may_add_while_another_looks():
    view = SynchronousView(['front', 'wrist'], limit_ns=10**9)

    def fill(name):
        for index in range(2000):
            view.add(name, index, index)

    threads = [threading.Thread(target=fill, args=(name,)) for name in ('front', 'wrist')]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen = view.at(view.newest_common_ns() or 0)
        assert all(seen.samples[name] == seen.stamps_ns[name] for name in seen.samples)
    assert view.at(1999).skew_ns == 0
