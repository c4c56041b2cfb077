"""Values that cannot be parameters."""
import pytest
from launch import LaunchContext
from launch.substitutions import TextSubstitution
from launch_ros.parameter_values import evaluate_parameters


@pytest.mark.parametrize('value', [
    None, [], [1, 'a'], [True, 1], b'raw', object(), TextSubstitution(text='{a: 1}'),
    TextSubstitution(text='[1, a]'), [[TextSubstitution(text='1')], 'a'],
])
def test_the_parameter_is_named(value):
    with pytest.raises((TypeError, ValueError), match=r"parameter 'outer\.wrong'|'wrong'"):
        evaluate_parameters(LaunchContext(), {'outer': {'wrong': value}})
