"""Substitutions that have no text."""
import pytest
from launch import LaunchContext
from launch.substitutions import (
    Command,
    EnvironmentVariable,
    FileContent,
    FindExecutable,
    LaunchConfiguration,
    LocalSubstitution,
    NotSubstitution,
    PythonExpression,
    SubstitutionFailure,
    TextSubstitution,
    ThisLaunchFileDir,
)


@pytest.mark.parametrize(('substitution', 'complaint'), [
    (LaunchConfiguration('robot'), "launch configuration 'robot' is not set"),
    (EnvironmentVariable('NOT_SET'), "environment variable 'NOT_SET' is not set"),
    (PythonExpression('1 +'), "PythonExpression '1 \\+': SyntaxError"),
    (Command('false'), "Command 'false' ended with exit code 1"),
    (Command('sh -c "echo why >&2"'), 'wrote to standard error: why'),
    (Command('no_such_program'), "Command 'no_such_program': .*No such file"),
    (FindExecutable(name='no_such_program'), "executable 'no_such_program' is not on the PATH"),
    (FileContent('/no/such/file'), "FileContent '/no/such/file'"),
    (NotSubstitution('maybe'), "NotSubstitution: 'maybe' is not a truth value"),
    (LocalSubstitution('event.reason'), "local 'event.reason'"),
    (ThisLaunchFileDir(), 'outside of a launch file'),
])
def test_the_missing_thing_is_named(substitution, complaint):
    with pytest.raises(SubstitutionFailure, match=complaint):
        substitution.perform(LaunchContext())


def test_text_must_be_text():
    with pytest.raises(TypeError, match='text must be str, not int'):
        TextSubstitution(text=5)
