"""Matching by stamps, without and with topics."""
import time
from types import SimpleNamespace

import pytest
import rclpy
from message_filters import (
    ApproximateTimeSynchronizer,
    Cache,
    SimpleFilter,
    Subscriber,
    TimeSynchronizer,
)
from rclpy.clock import ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.time import Time
from sensor_msgs.msg import JointState


def message(seconds, name=''):
    stamp = Time(seconds=seconds).to_msg()
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp), seconds=seconds, name=name)


@pytest.fixture
def filters():
    return [SimpleFilter() for _ in range(3)]


def collect(source):
    sets = []
    source.registerCallback(lambda *messages: sets.append(tuple(m.seconds for m in messages)))
    return sets


def test_registered_arguments_are_handed_along():
    source, heard = SimpleFilter(), []
    assert source.registerCallback(lambda *all_of_them: heard.append(all_of_them), 'a', 1) == 0
    source.signalMessage('message')
    assert heard == [('message', 'a', 1)]


def test_equal_stamps_make_a_set_in_any_order_of_arrival(filters):
    sets = collect(TimeSynchronizer(filters, 10))
    for index, seconds in ((0, 1), (0, 2), (2, 2), (1, 1), (1, 2), (2, 1)):
        filters[index].signalMessage(message(seconds))
    assert sets == [(2, 2, 2), (1, 1, 1)]


def test_a_set_is_handed_on_once_and_nothing_is_left(filters):
    synchronizer = TimeSynchronizer(filters, 10)
    sets = collect(synchronizer)
    for source in filters * 2:
        source.signalMessage(message(1))
    assert sets == [(1, 1, 1)] * 2
    assert synchronizer.queues == [{}, {}, {}]


def test_the_oldest_leave_a_full_queue(filters):
    sets = collect(TimeSynchronizer(filters[:2], 2))
    for seconds in (1, 2, 3):
        filters[0].signalMessage(message(seconds))
    for seconds in (1, 2, 3):
        filters[1].signalMessage(message(seconds))
    assert sets == [(2, 2), (3, 3)]


def test_near_stamps_make_a_set_and_the_nearest_wins(filters):
    sets = collect(ApproximateTimeSynchronizer(filters[:2], 10, slop=0.1))
    for seconds in (0.95, 1.02, 1.2):
        filters[0].signalMessage(message(seconds))
    filters[1].signalMessage(message(1.0))
    assert sets == [(1.02, 1.0)]
    filters[1].signalMessage(message(1.04))
    assert sets[1:] == [(0.95, 1.04)]
    filters[1].signalMessage(message(1.4))
    assert len(sets) == 2


def test_all_members_of_a_set_are_within_the_slop_of_each_other(filters):
    sets = collect(ApproximateTimeSynchronizer(filters, 10, slop=0.1))
    filters[0].signalMessage(message(0.92))
    filters[1].signalMessage(message(1.08))
    filters[2].signalMessage(message(1.0))
    assert sets == []
    filters[0].signalMessage(message(1.01))
    assert sets == [(1.01, 1.08, 1.0)]


def test_a_callback_may_feed_the_synchronizer_again(filters):
    synchronizer = TimeSynchronizer(filters[:2], 10)
    sets = collect(synchronizer)
    synchronizer.registerCallback(
        lambda first, second: first.seconds == 1 and filters[0].signalMessage(message(2)))
    filters[1].signalMessage(message(2))
    filters[1].signalMessage(message(1))
    filters[0].signalMessage(message(1))
    assert sets == [(1, 1), (2, 2)]


def test_messages_without_header_are_dropped_or_get_the_time_of_arrival(filters):
    bare = SimpleNamespace(seconds=0)
    strict = collect(ApproximateTimeSynchronizer(filters[:2], 10, slop=5.0))
    lenient = collect(ApproximateTimeSynchronizer(filters[:2], 10, 5.0, allow_headerless=True))
    for source in filters[:2]:
        source.signalMessage(bare)
    assert strict == [] and lenient == [(0, 0)]


def test_cache_answers_by_time():
    source = SimpleFilter()
    cache = Cache(source, cache_size=3)
    handed_on = collect(cache)
    assert cache.getLast() is None and cache.getOldestTime() is None
    for seconds in (1, 2, 3, 4):
        source.signalMessage(message(seconds))

    def at(seconds):
        return Time(seconds=seconds, clock_type=ClockType.ROS_TIME)

    assert handed_on == [(1,), (2,), (3,), (4,)]
    assert (cache.getOldestTime(), cache.getLastestTime()) == (at(2), at(4))
    assert [m.seconds for m in cache.getInterval(at(2), at(3))] == [2, 3]
    assert cache.getElemAfterTime(at(2.5)).seconds == 3
    assert cache.getElemBeforeTime(at(2.5)).seconds == 2
    assert cache.getElemAfterTime(at(9)) is None and cache.getElemBeforeTime(at(1)) is None
    assert cache.getLast().seconds == 4


def test_two_topics_are_matched():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('peer', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    sources = [Subscriber(node, JointState, topic) for topic in ('left', 'right')]
    publishers = [node.create_publisher(JointState, topic, 10) for topic in ('left', 'right')]
    pairs = []
    synchronizer = TimeSynchronizer(sources, 10)
    synchronizer.registerCallback(lambda *pair: pairs.append(pair))
    assert sources[0].getTopic() == 'left'
    sent = JointState(name=['a'])
    end = time.monotonic() + 20.0
    while not pairs and time.monotonic() < end:
        sent.header.stamp = node.get_clock().now().to_msg()
        for publisher in publishers:
            publisher.publish(sent)
        executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    node.destroy_node()
    context.shutdown()
    assert pairs[0][0] == pairs[0][1]
