from pathlib import Path

import pytest
from geometry_msgs.msg import PoseStamped
from rosidl_runtime_py import (
    get_action_interfaces,
    get_interface_packages,
    get_interface_path,
    get_interfaces,
    get_message_interfaces,
    get_service_interfaces,
)
from rosidl_runtime_py.utilities import get_interface, get_message, get_service
from std_srvs.srv import SetBool


def test_classes_by_full_and_short_name():
    assert get_message('geometry_msgs/msg/PoseStamped') is PoseStamped
    assert get_message('geometry_msgs/PoseStamped') is PoseStamped
    assert get_service('std_srvs/srv/SetBool') is SetBool
    assert get_interface('std_srvs/srv/SetBool') is SetBool


@pytest.mark.parametrize(('name', 'error'), [
    ('String', ValueError),
    ('std_srvs/srv/SetBool', ValueError),
    ('/msg/String', ValueError),
    ('no_such_msgs/msg/String', ModuleNotFoundError),
    ('std_msgs/msg/Sting', AttributeError),
])
def test_what_is_not_a_message_is_refused(name, error):
    with pytest.raises(error):
        get_message(name)


def test_interfaces_of_packages():
    assert 'std_msgs' in get_interface_packages()
    assert get_message_interfaces(['std_msgs'])['std_msgs'].count('msg/String') == 1
    assert get_service_interfaces(['std_srvs']) == {
        'std_srvs': ['srv/Empty', 'srv/SetBool', 'srv/Trigger']}
    assert get_action_interfaces(['std_srvs']) == {}
    assert get_interfaces(['ament_index_python']) == {}
    assert 'msg/Image' in get_interfaces()['sensor_msgs']
    with pytest.raises(LookupError, match='no_such_pkg'):
        get_interfaces(['no_such_pkg'])


def test_definition_files():
    assert Path(get_interface_path('std_msgs/msg/String')).name == 'String.msg'
    assert Path(get_interface_path('std_msgs/msg/String.idl')).name == 'String.idl'
    with pytest.raises(LookupError, match='std_msgs/msg/Sting'):
        get_interface_path('std_msgs/msg/Sting')
    with pytest.raises(LookupError, match='no_such_pkg'):
        get_interface_path('no_such_pkg/msg/String')
    with pytest.raises(ValueError, match='String'):
        get_interface_path('String')
