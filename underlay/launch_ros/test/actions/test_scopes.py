"""What actions add to the scope of a group."""
import pytest
from launch import LaunchContext
from launch_ros.actions import PushRosNamespace, SetParameter, SetParametersFromFile, SetRemap


def test_namespaces_join_and_absolute_ones_begin_anew():
    context = LaunchContext()
    for pushed, joined in (('a', '/a'), ('b/', '/a/b'), ('/c', '/c'), ('/', '/'), ('d', '/d')):
        PushRosNamespace(pushed).execute(context)
        assert context.launch_configurations['ros_namespace'] == joined


def test_an_invalid_namespace_is_named():
    with pytest.raises(ValueError, match="namespace '/a b' is not made of valid names"):
        PushRosNamespace('a b').execute(LaunchContext())


def test_what_a_scope_adds_ends_with_it():
    context = LaunchContext()
    SetParameter('outer', 1).execute(context)
    SetRemap('a', 'b').execute(context)
    context._push_launch_configurations()
    SetParameter('inner', [1, 2.5]).execute(context)
    SetRemap('c', 'd').execute(context)
    assert context.launch_configurations['global_params'] == [('outer', 1), ('inner', [1.0, 2.5])]
    context._pop_launch_configurations()
    assert context.launch_configurations['global_params'] == [('outer', 1)]
    assert context.launch_configurations['ros_remaps'] == [('a', 'b')]


def test_a_missing_parameter_file_is_named():
    with pytest.raises(RuntimeError, match=r"parameter file '/none.yaml' does not exist"):
        SetParametersFromFile('/none.yaml').execute(LaunchContext())
