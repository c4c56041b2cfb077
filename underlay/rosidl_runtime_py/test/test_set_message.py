import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseArray, PoseStamped
from rosidl_runtime_py import set_message_fields
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Bool, Float64, Header, UInt8


def test_nested_fields_and_arrays_of_messages():
    msg = PoseArray()
    set_message_fields(msg, {'poses': [{'position': {'x': 1}}, {'orientation': {'w': 0.5}}]})
    assert [pose.position.x for pose in msg.poses] == [1.0, 0.0]
    assert [pose.orientation.w for pose in msg.poses] == [1.0, 0.5]


def test_number_types_follow_the_field():
    msg = Float64()
    set_message_fields(msg, {'data': 2})
    assert isinstance(msg.data, float)


def test_bytes_fill_an_unsigned_array():
    msg = Image()
    set_message_fields(msg, {'data': [1, 2, 3], 'height': 1})
    assert msg.data.tolist() == [1, 2, 3]


def test_auto_header_and_time_now_give_setters():
    msg = PoseStamped()
    (stamp,) = set_message_fields(msg, {'header': 'auto'}, expand_header_auto=True)
    stamp(Time(sec=5))
    assert msg.header.stamp.sec == 5
    header = Header()
    (stamp,) = set_message_fields(header, {'stamp': 'now'}, expand_time_now=True)
    stamp(Time(sec=7))
    assert header.stamp.sec == 7


@pytest.mark.parametrize(('message', 'values', 'error'), [
    (JointState, {'nome': []}, AttributeError),
    (JointState, {'name': 'a'}, TypeError),
    (JointState, {'header': 3}, TypeError),
    (Bool, {'data': 'yes please'}, TypeError),
    (UInt8, {'data': 'many'}, ValueError),
    (UInt8, {'data': 300}, AssertionError),
    (JointState, {'name': [1, 2]}, AssertionError),
    (JointState, {'_name': []}, AttributeError),
    (PoseStamped, {'header': 'auto'}, TypeError),
    (PoseStamped, ['pose'], TypeError),
])
def test_values_that_do_not_fit_are_refused(message, values, error):
    with pytest.raises(error):
        set_message_fields(message(), values)
