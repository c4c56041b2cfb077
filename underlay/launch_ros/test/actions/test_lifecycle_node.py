"""A managed node goes through its states on request."""
import pytest
from launch import UnsupportedError
from launch_ros.actions import LifecycleNode


def test_transitions_are_requested_and_followed(launch_file):
    result = launch_file('lifecycle')
    assert result.returncode == 0, result.stdout
    assert result.stdout.index('is inactive') < result.stdout.index('is active')
    assert 'Traceback' not in result.stdout


def test_name_and_namespace_are_required():
    with pytest.raises(TypeError, match='namespace'):
        LifecycleNode(executable='x', name='a')


def test_autostart_is_refused_by_name():
    with pytest.raises(UnsupportedError, match='autostart'):
        LifecycleNode(executable='x', name='a', namespace='', autostart=True)
