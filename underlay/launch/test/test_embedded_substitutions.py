"""Substitutions written in texts."""
import pytest
from launch import LaunchContext, UnsupportedError
from launch.embedded_substitutions import parse_substitution
from launch.utilities import perform_substitutions


@pytest.mark.parametrize(('text', 'expected'), [
    ('', ''),
    ('plain (text) $5', 'plain (text) $5'),
    ('$(var x)', 'ex'),
    ('a$(var x)b$(var x)', 'aexbex'),
    ('$(var none default)', 'default'),
    ("$(var none 'two words')", 'two words'),
    ('$(var $(var name))', 'ex'),
    ('$(var none "x is $(var x)")', 'x is ex'),
    ('\\$(var x)', '$(var x)'),
    ('a\\nb \\"', 'anb "'),
    ("$(eval '1 + 1')", '2'),
    ('$(if $(equals $(var x) ex) yes no)', 'yes'),
    ('$(env NOT_THERE fallback)', 'fallback'),
])
def test_texts_are_read_as_the_genuine_ones(text, expected):
    context = LaunchContext()
    context.launch_configurations.update({'x': 'ex', 'name': 'x'})
    assert perform_substitutions(context, parse_substitution(text)) == expected


@pytest.mark.parametrize(('text', 'complaint'), [
    ('$(var x', 'no bracket closes'),
    ("$(var 'x)", 'no quote closes'),
    ('$()', 'names no substitution'),
    ('$(var)', 'too few or too many arguments'),
])
def test_mistakes_are_named(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_substitution(text)


def test_an_unknown_name_is_refused():
    with pytest.raises(UnsupportedError, match=r'\$\(param x\)'):
        parse_substitution('$(param x)')
