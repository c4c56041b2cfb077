"""Groups, includes and what passes their borders."""
from launch import LaunchDescription
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    UnsetEnvironmentVariable,
    UnsetLaunchConfiguration,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    PathJoinSubstitution,
    PythonExpression,
    ThisLaunchFileDir,
)


def say(place):
    return LogInfo(msg=[
        place, ': a=', LaunchConfiguration('a', default='-'),
        ' b=', LaunchConfiguration('b', default='-'),
        ' E=', EnvironmentVariable('E', default_value='-')])


def in_function(context, word, *, other):
    value = LaunchConfiguration('a').perform(context)
    return [LogInfo(msg=f'function: {value} {word} {other}')]


def generate_launch_description():
    child = PathJoinSubstitution([ThisLaunchFileDir(), 'included.launch.py'])
    return LaunchDescription([
        DeclareLaunchArgument('a', default_value='1', choices=['1', '2']),
        say('start'),
        GroupAction([
            SetLaunchConfiguration('a', 'inner'), SetEnvironmentVariable('E', 'inner'), say('in'),
        ]),
        say('after scoped'),
        GroupAction([SetLaunchConfiguration('b', 'kept')], scoped=False),
        say('after unscoped'),
        GroupAction(
            [say('not forwarded')], forwarding=False,
            launch_configurations={'b': [LaunchConfiguration('a'), '!']}),
        GroupAction([say('given')], launch_configurations={'b': 'given'}),
        say('after given'),
        SetEnvironmentVariable('E', 'x'),
        AppendEnvironmentVariable('E', 'y'),
        AppendEnvironmentVariable('E', 'z', prepend=True, separator=';'),
        say('appended'),
        UnsetEnvironmentVariable('E'),
        UnsetLaunchConfiguration('b'),
        say('unset'),
        OpaqueFunction(function=in_function, args=['word'], kwargs={'other': 'more'}),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(child),
            launch_arguments={'b': 'from parent', 'own': 'given'}.items()),
        say('after include'),
        LogInfo(msg=['own leaks: ', LaunchConfiguration('own', default='-')]),
        LogInfo(msg=['default leaks: ', LaunchConfiguration('with_default', default='-')]),
        GroupAction([IncludeLaunchDescription(child, launch_arguments=[('a', '2')])]),
        say('after include in group'),
        LogInfo(msg='yes', condition=IfCondition(LaunchConfiguration('a'))),
        LogInfo(msg='no', condition=UnlessCondition(' TRUE ')),
        LogInfo(msg='computed', condition=IfCondition(PythonExpression(['1 < 2']))),
        LogInfo(msg=['back in ', PythonExpression(["'", ThisLaunchFileDir(), "'[-12:]"])]),
    ])
