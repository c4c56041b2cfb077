"""Clocks: real ones move, the simulated one only when told."""
import threading
import time

import pytest

from vla_core.clock import Clock, RealTimeFactor, RosClock, SimulatedClock, SteadyClock, SystemClock


@pytest.mark.parametrize('clock', [SteadyClock(), SystemClock(), SimulatedClock()])
def test_every_clock_is_one(clock):
    assert isinstance(clock, Clock)
    assert clock.sleep_until(clock.now_ns())


@pytest.mark.parametrize('clock', [SteadyClock(), SystemClock()])
def test_a_real_clock_sleeps_until_its_time(clock):
    until = clock.now_ns() + 5_000_000
    assert clock.sleep_until(until)
    assert clock.now_ns() >= until


def test_simulated_time_moves_only_when_told():
    clock = SimulatedClock(start_ns=100)
    assert clock.now_ns() == 100
    assert clock.advance(50) == clock.now_ns() == 150
    with pytest.raises(ValueError, match='cannot go back by 1 ns'):
        clock.advance(-1)


def test_a_sleeper_wakes_when_its_time_has_come():
    clock, woken = SimulatedClock(), []
    sleeper = threading.Thread(target=lambda: woken.append(clock.sleep_until(100)))
    sleeper.start()
    clock.advance(60)
    sleeper.join(0.05)
    assert sleeper.is_alive()
    clock.advance(40)
    sleeper.join(5)
    assert woken == [True]


def test_closing_wakes_every_sleeper_and_says_so():
    clock, woken = SimulatedClock(), []
    sleeper = threading.Thread(target=lambda: woken.append(clock.sleep_until(100)))
    sleeper.start()
    clock.close()
    sleeper.join(5)
    assert woken == [False]
    assert clock.sleep_until(10**9) is False


def test_the_real_time_factor_follows_the_window():
    clock, wall = SimulatedClock(), SimulatedClock()
    factor = RealTimeFactor(clock, wall, window_s=1.0)
    assert factor.update() == 1.0
    for _ in range(20):
        wall.advance(100_000_000)
        clock.advance(50_000_000)
        value = factor.update()
    assert value == pytest.approx(0.5)
    for _ in range(20):
        wall.advance(100_000_000)
        clock.advance(200_000_000)
        value = factor.update()
    assert value == pytest.approx(2.0)


def test_the_clock_of_ros_is_adapted():
    rclpy_clock = pytest.importorskip('rclpy.clock')
    clock = RosClock(rclpy_clock.Clock())
    assert isinstance(clock, Clock)
    assert abs(clock.now_ns() - time.time_ns()) < 10**9
