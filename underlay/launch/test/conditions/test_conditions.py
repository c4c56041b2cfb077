"""Conditions."""
import pytest
from launch import LaunchContext
from launch.conditions import (
    IfCondition,
    InvalidConditionExpressionError,
    LaunchConfigurationEquals,
    LaunchConfigurationNotEquals,
    UnlessCondition,
)


@pytest.mark.parametrize(('text', 'truth'), [
    ('true', True), ('True', True), (' 1 ', True), ('false', False), ('FALSE', False), ('0', False),
])
def test_truth_values_are_read_in_any_case(text, truth):
    assert IfCondition(text).evaluate(LaunchContext()) is truth
    assert UnlessCondition([text]).evaluate(LaunchContext()) is not truth


@pytest.mark.parametrize('text', ['', 'yes', 'on', '2'])
def test_anything_else_is_an_error(text):
    with pytest.raises(InvalidConditionExpressionError, match='is not a truth value'):
        IfCondition(text).evaluate(LaunchContext())


def test_launch_configurations_are_compared():
    context = LaunchContext()
    context.launch_configurations['robot'] = 'ur'
    assert LaunchConfigurationEquals('robot', 'ur').evaluate(context)
    assert LaunchConfigurationEquals('other', None).evaluate(context)
    assert LaunchConfigurationNotEquals('robot', 'franka').evaluate(context)
