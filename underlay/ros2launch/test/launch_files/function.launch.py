"""Declares an argument in a function only."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction


def generate_launch_description():
    return LaunchDescription([
        ExecuteProcess(cmd=['echo', 'has run'], output='screen'),
        OpaqueFunction(
            function=lambda _: [DeclareLaunchArgument('hidden', default_value='1')])])
