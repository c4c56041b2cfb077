"""Included by scopes.launch.py."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('a', default_value='7', description='declared twice'),
        DeclareLaunchArgument('with_default', default_value='set by include'),
        DeclareLaunchArgument('own', default_value='unset', description='of the include'),
        LogInfo(msg=[
            'included: a=', LaunchConfiguration('a'), ' own=', LaunchConfiguration('own')]),
        SetLaunchConfiguration('b', 'by child'),
    ])
