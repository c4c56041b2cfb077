"""Every substitution, said in a line of the log."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, SetEnvironmentVariable
from launch.substitutions import (
    AllSubstitution,
    AndSubstitution,
    AnySubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FileContent,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    TextSubstitution,
    ThisLaunchFile,
    ThisLaunchFileDir,
)


def generate_launch_description():
    number = LaunchConfiguration('number')
    said = {
        'text': TextSubstitution(text='plain'),
        'configuration': number,
        'default': LaunchConfiguration('not_set', default='fallback'),
        'default number': LaunchConfiguration('not_set', default=5),
        'joined': ['a', number, 'b'],
        'path': PathJoinSubstitution(['/root', number, 'end.txt']),
        'absolute path': PathJoinSubstitution(['/root', '/other']),
        'expression': PythonExpression([number, ' * 2 + int(math.pi)']),
        'expression with names': PythonExpression(['pi > ', number]),
        'expression of text': PythonExpression(["'", number, "' == '3'"]),
        'module': PythonExpression(['os.sep'], ['os']),
        'command': Command(['echo ', number]),
        'command capture': Command('sh -c "echo out; echo err >&2"', on_stderr='capture'),
        'command ignore': Command('sh -c "echo out; echo err >&2"', on_stderr='ignore'),
        'environment': EnvironmentVariable('GIVEN'),
        'environment default': EnvironmentVariable('NOT_GIVEN', default_value=['d', number]),
        'executable': FindExecutable(name='sh'),
        'equal': EqualsSubstitution(number, '3'),
        'equal numbers': EqualsSubstitution(number, 3.0),
        'equal truths': EqualsSubstitution('True', 'true'),
        'not equal': NotEqualsSubstitution(number, '4'),
        'not': NotSubstitution('false'),
        'and': AndSubstitution('true', '0'),
        'or': OrSubstitution('true', '0'),
        'all': AllSubstitution('true', '1', 'True'),
        'any': AnySubstitution('false', '0'),
        'if': IfElseSubstitution(EqualsSubstitution(number, '3'), 'three', 'other'),
        'else': IfElseSubstitution('false', if_value='three', else_value=['no', number]),
        'directory': PythonExpression(["'", ThisLaunchFileDir(), "'.split('/')[-1]"]),
        'file': PythonExpression(["'", ThisLaunchFile(), "'.split('/')[-1]"]),
        'content': FileContent(PathJoinSubstitution([ThisLaunchFileDir(), 'content.txt'])),
    }
    return LaunchDescription([
        DeclareLaunchArgument('number', default_value='3'),
        SetEnvironmentVariable('GIVEN', ['v', number]),
        *(LogInfo(msg=[name, ': ', *([value] if not isinstance(value, list) else value)])
          for name, value in said.items()),
    ])
