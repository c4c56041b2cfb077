"""Waiting for transforms, in threads and in coroutines."""
import threading
import time as clock

import pytest
import tf2_ros
from geometry_msgs.msg import PointStamped, TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time


def link(parent, child, seconds=0.0, x=0.0):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp = Time(seconds=seconds).to_msg()
    message.transform.translation.x = x
    message.transform.rotation.w = 1.0
    return message


@pytest.fixture
def buffer():
    return tf2_ros.Buffer()


def later(delay, action, *arguments):
    timer = threading.Timer(delay, action, arguments)
    timer.start()
    return timer


def test_look_up_waits_until_the_transform_arrives(buffer):
    later(0.1, buffer.set_transform, link('world', 'base', 1.0, 2.0), 'test')
    found = buffer.lookup_transform('world', 'base', Time(seconds=1.0), Duration(seconds=10))
    assert found.transform.translation.x == 2.0


def test_waiting_outlasts_transforms_of_other_times(buffer):
    buffer.set_transform(link('world', 'base', 1.0), 'test')
    for delay, stamp in ((0.05, 2.0), (0.1, 3.0)):
        later(delay, buffer.set_transform, link('world', 'base', stamp), 'test')
    assert buffer.can_transform('world', 'base', Time(seconds=2.5), Duration(seconds=10))


def test_a_time_out_ends_with_the_reason(buffer):
    start = clock.monotonic()
    with pytest.raises(tf2_ros.LookupException, match='"world" does not exist'):
        buffer.lookup_transform('world', 'base', Time(), Duration(seconds=0.1))
    assert clock.monotonic() - start >= 0.1
    fits, reason = buffer.can_transform('world', 'base', Time(), return_debug_tuple=True)
    assert not fits and 'world' in reason


def test_full_look_up_waits_too(buffer):
    buffer.set_transform(link('world', 'base', 1.0), 'test')
    later(0.1, buffer.set_transform, link('world', 'base', 2.0, 1.0), 'test')
    found = buffer.lookup_transform_full(
        'base', Time(seconds=2.0), 'base', Time(seconds=1.0), 'world', Duration(seconds=10))
    assert found.transform.translation.x == -1.0


def test_future_is_given_the_transform_once(buffer):
    future = buffer.wait_for_transform_async('world', 'base', Time(seconds=1.0))
    assert not future.done()
    buffer.set_transform(link('world', 'base', 0.5), 'test')
    assert not future.done()
    buffer.set_transform(link('world', 'base', 1.5, 1.0), 'test')
    assert future.result().transform.translation.x == 0.5
    buffer.set_transform(link('world', 'base', 2.5), 'test')
    assert future.result().transform.translation.x == 0.5


def test_future_is_done_at_once_when_the_transform_is_there(buffer):
    buffer.set_transform_static(link('world', 'base'), 'test')
    assert buffer.wait_for_transform_async('base', 'world', Time()).done()
    assert buffer.wait_for_transform_full_async(
        'base', Time(), 'base', Time(), 'world').done()


def test_cancelled_future_is_forgotten(buffer):
    future = buffer.wait_for_transform_async('world', 'base', Time())
    future.cancel()
    buffer.set_transform(link('world', 'base', 1.0), 'test')
    assert future.cancelled()


def test_every_kind_of_failure_is_a_transform_exception():
    for kind in ('Lookup', 'Connectivity', 'Extrapolation', 'InvalidArgument', 'Timeout'):
        assert issubclass(getattr(tf2_ros, f'{kind}Exception'), tf2_ros.TransformException)


def test_transform_of_an_unregistered_type_names_the_type(buffer):
    class Unheard:
        pass

    with pytest.raises(tf2_ros.TypeException, match='Unheard'):
        buffer.transform(tf2_ros.Stamped(Unheard(), Time().to_msg(), 'base'), 'world')


def test_transform_uses_the_registered_function_and_converts(buffer):
    class Metres(float):
        header = None

    class Centimetres(float):
        pass

    def shift(value, transform):
        return Metres(value + transform.transform.translation.x)

    tf2_ros.TransformRegistration().add(Metres, shift)
    tf2_ros.ConvertRegistration().add_convert((Metres, Centimetres), lambda m: Centimetres(100 * m))
    buffer.set_transform(link('world', 'base', 1.0, 2.0), 'test')
    value = tf2_ros.Stamped(Metres(0.5), Time(seconds=1.0).to_msg(), 'base')
    assert buffer.transform(value, 'world') == 2.5
    assert buffer.transform(value, 'world', new_type=Centimetres) == 250.0
    assert buffer.transform_full(value, 'world', Time(seconds=1.0), 'world') == 2.5


def test_convert_goes_over_the_message_and_copies_the_same_type():
    class Wrapped:
        def __init__(self, point):
            self.point = point

    registration = tf2_ros.ConvertRegistration()
    registration.add_to_msg(Wrapped, lambda wrapped: wrapped.point)
    registration.add_from_msg(PointStamped, lambda point: point)
    point = PointStamped()
    assert tf2_ros.convert(Wrapped(point), PointStamped) is point
    copy = tf2_ros.convert(point, PointStamped)
    assert copy == point
