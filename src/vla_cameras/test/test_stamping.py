import numpy as np
import pytest

from vla_cameras.sources.stream import QuickestArrival
from vla_cameras.stamping import (
    ArrivalStamp,
    MonotonicToRos,
    NetworkArrival,
    SteadyArrival,
    driver_capture_ns,
)
from vla_core.clock import SimulatedClock

SECOND = 1_000_000_000


def test_a_capture_in_the_past_keeps_its_distance_on_the_clock_of_ros():
    clock = SimulatedClock(start_ns=1_700_000_000 * SECOND)
    mapping = MonotonicToRos(clock, monotonic_ns=lambda: 5 * SECOND)
    assert mapping.to_ros(5 * SECOND - 33_000_000) == 1_700_000_000 * SECOND - 33_000_000


def test_a_clock_that_is_set_is_followed_at_once():
    clock = SimulatedClock()
    mapping = MonotonicToRos(clock, monotonic_ns=lambda: 5 * SECOND)
    clock.advance(100 * SECOND)
    assert mapping.to_ros(5 * SECOND) == 100 * SECOND


@pytest.mark.parametrize(('position_ms', 'expected'), [
    (9_990.0, 9_990_000_000),                      # monotonic
    (1_700_000_009_980.0, 9_980_000_000),          # wall clock
    (0.0, None), (-1.0, None), (3_000.0, None), (10_500.0, None),
])
def test_a_driver_stamp_is_told_by_where_it_lies(position_ms, expected):
    assert driver_capture_ns(position_ms, 10 * SECOND, 1_700_000_010 * SECOND) == expected


def test_a_picture_that_waited_while_we_were_away_has_no_time():
    stamp = ArrivalStamp(uncertainty_ns=8_000_000)
    assert stamp.judge(asked_ns=0, arrived_ns=20_000_000)
    assert stamp.judge(asked_ns=23_000_000, arrived_ns=23_100_000), 'waited 3 ms at most'
    assert not stamp.judge(asked_ns=200_000_000, arrived_ns=200_100_000)
    assert not stamp.judge(asked_ns=200_200_000, arrived_ns=200_300_000), 'it was behind that one'
    assert stamp.judge(asked_ns=200_400_000, arrived_ns=220_000_000)


def arrivals(generator, period_ns, count, jitter_ns):
    true = np.arange(count) * period_ns
    return true, (true + 10_000_000 + generator.exponential(jitter_ns, count)).astype(int)


def test_the_scatter_of_arrivals_is_taken_out():
    # A camera of 29.97 Hz that is called one of 30 Hz.
    true, came = arrivals(np.random.default_rng(1), 33_366_700, 900, 2_000_000)
    steady = SteadyArrival(33_333_333)
    stamps = [steady.steadied(int(at)) for at in came]
    given = np.array([stamp is not None for stamp in stamps])
    assert given.mean() > 0.97
    errors = np.array([stamp - at - 10_000_000
                       for stamp, at in zip(stamps, true) if stamp is not None])[300:]
    assert np.percentile(np.abs(errors), 95) < 400_000
    assert np.percentile(np.abs(came - true - 10_000_000), 95) > 4_000_000


def test_a_picture_late_by_a_stall_is_refused_and_the_line_holds():
    true, came = arrivals(np.random.default_rng(2), 33_333_333, 200, 300_000)
    came[100] += 16_000_000
    steady = SteadyArrival(33_333_333)
    stamps = [steady.steadied(int(at)) for at in came]
    assert stamps[100] is None
    assert abs(stamps[101] - true[101] - 10_000_000) < 500_000


def test_a_burst_after_a_stall_leaves_the_line_where_it_is():
    true, came = arrivals(np.random.default_rng(4), 33_333_333, 400, 300_000)
    for stall in range(50, 400, 25):
        came[stall:stall + 4] = np.maximum(came[stall:stall + 4], came[stall] + 80_000_000)
    steady = SteadyArrival(33_333_333)
    stamps = [steady.steadied(int(at)) for at in came]
    calm = [index for index in range(60, 400) if came[index] - true[index] < 15_000_000]
    errors = [abs(stamps[index] - true[index] - 10_000_000) for index in calm
              if stamps[index] is not None]
    assert len(errors) > 0.9 * len(calm) and np.percentile(errors, 95) < 1_000_000


def judged(arrivals_ms, period_ms=33):
    network = NetworkArrival(period_ms * 1_000_000)
    asked = 0
    known = []
    for arrived in arrivals_ms:
        known.append(network.judge(asked * 1_000_000, arrived * 1_000_000))
        asked = arrived
    return known


def test_what_a_network_held_back_or_kept_is_not_known():
    steadily = [1000 + 33 * index for index in range(10)]
    kept = [993, 995, 997, 999]
    held = [2500, 2502, 2504, 2506, 2508]
    assert judged(kept + steadily) == 5 * [False] + 9 * [True]
    assert judged([*steadily, *held, 2520, 2553]) == [False] + 9 * [True] + 6 * [False] + [True]


def test_a_camera_much_slower_than_it_should_be_is_known_all_the_same():
    assert judged(range(0, 2000, 100))[1:] == 19 * [True]


def test_a_changed_rate_begins_a_new_line():
    steady = SteadyArrival(33_333_333)
    for index in range(100):
        steady.steadied(index * 33_333_333)
    later = [steady.steadied(3_333_333_300 + index * 50_000_000) for index in range(100)]
    assert sum(stamp is None for stamp in later) < 40
    assert later[-1] == pytest.approx(3_333_333_300 + 99 * 50_000_000, abs=100_000)


def test_a_sender_with_true_times_is_freed_of_the_network():
    generator = np.random.default_rng(3)
    sent = np.arange(300) * 33_333_333
    came = sent + 7 * SECOND + 5_000_000 + generator.exponential(10_000_000, 300).astype(int)
    quickest = QuickestArrival()
    stamps = [quickest.to_arrival(int(at), int(arrived)) for at, arrived in zip(sent, came)]
    errors = np.array(stamps[60:]) - sent[60:] - 7 * SECOND - 5_000_000
    assert np.abs(errors).max() < 2_000_000
