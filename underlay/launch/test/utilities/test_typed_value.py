"""Values of a wanted type."""
from typing import List  # noqa: UP035 (launch files give it)

import pytest
from launch import LaunchContext
from launch.substitutions import TextSubstitution
from launch.utilities import TypedValue, coerce


@pytest.mark.parametrize(('text', 'data_type', 'expected'), [
    ('3', float, 3.0), ('1e-3', float, 0.001), ('3', int, 3), ('true', bool, True),
    ('1', bool, True), ('3', str, '3'), ('[1, 2]', List[int], [1, 2]),  # noqa: UP006
    ('[a, b]', None, ['a', 'b']), ('3', None, 3), ('on', None, True), ('text', None, 'text'),
])
def test_texts_are_read_as_the_type_asked_for(text, data_type, expected):
    assert coerce(text, data_type) == expected
    assert type(coerce(text, data_type)) is type(expected)


@pytest.mark.parametrize(('text', 'data_type'), [
    ('x', float), ('2.5', int), ('2', bool), ('3', List[int]), ('[1, a]', None),  # noqa: UP006
    ('{a: 1}', None), ('[3]', List[float]), ('[', None),  # noqa: UP006
])
def test_texts_of_another_type_are_refused(text, data_type):
    with pytest.raises(ValueError, match=r'is not|cannot be read'):
        coerce(text, data_type)


def test_the_value_is_named_in_the_error():
    value = TypedValue(TextSubstitution(text='soon'), float, 'TimerAction: period')
    with pytest.raises(ValueError, match="TimerAction: period: 'soon' is not of type float"):
        value.evaluate(LaunchContext())
