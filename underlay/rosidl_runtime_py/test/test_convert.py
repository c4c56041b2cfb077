import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped, PoseWithCovariance
from rosidl_runtime_py import (
    get_message_slot_types,
    message_to_csv,
    message_to_ordereddict,
    message_to_yaml,
    set_message_fields,
)
from sensor_msgs.msg import Image, JointState


def test_yaml_reads_back_into_an_equal_message():
    msg = JointState(name=['a', 'ü'], position=[0.25, -1e-9])
    msg.header.frame_id = 'world'
    again = JointState()
    set_message_fields(again, yaml.safe_load(message_to_yaml(msg)))
    assert again == msg


def test_fixed_arrays_are_plain_lists():
    covariance = message_to_ordereddict(PoseWithCovariance())['covariance']
    assert covariance == [0.0] * 36


def test_long_arrays_and_strings_are_truncated():
    msg = Image(encoding='x' * 10)
    msg.data.extend(range(10))
    short = message_to_ordereddict(msg, truncate_length=3)
    assert short['data'] == [0, 1, 2, '...']
    assert short['encoding'] == 'xxx...'
    assert message_to_csv(msg, truncate_length=3).endswith('xxx...,0,0,0,1,2,...')


def test_arrays_and_strings_can_be_left_out():
    msg = JointState(name=['a', 'b'])
    plain = message_to_ordereddict(msg, no_arr=True, no_str=True)
    assert plain['name'] == '<sequence type: string, length: 2>'
    assert plain['header']['frame_id'] == '<string length: <0>>'
    assert message_to_ordereddict(PoseWithCovariance(), no_arr=True)['covariance'] == (
        '<array type: double[36]>')


def test_flow_style_is_one_line():
    text = message_to_yaml(PoseStamped(), flow_style=True)
    assert text.count('\n') == 1
    assert yaml.safe_load(text)['pose']['orientation']['w'] == 1.0


def test_csv_goes_depth_first():
    msg = PoseStamped()
    msg.pose.position.x = 2.5
    assert message_to_csv(msg) == '0,0,,2.5,0.0,0.0,0.0,0.0,0.0,1.0'


def test_byte_field_is_a_character():
    plain = message_to_ordereddict(DiagnosticStatus(level=DiagnosticStatus.ERROR))
    assert plain['level'] == '\x02'
    again = DiagnosticStatus()
    set_message_fields(again, plain)
    assert again.level == DiagnosticStatus.ERROR


def test_slot_types_are_by_field():
    assert list(get_message_slot_types(JointState())) == [
        'header', 'name', 'position', 'velocity', 'effort']
