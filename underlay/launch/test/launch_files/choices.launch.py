"""An argument that is required and one with choices."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess


def generate_launch_description():
    return LaunchDescription([
        ExecuteProcess(cmd=['sleep', '30']),
        DeclareLaunchArgument('robot', description='which robot'),
        DeclareLaunchArgument('mode', default_value='slow', choices=['slow', 'fast']),
    ])
