"""A process that does not exist, after one that does."""
from launch import LaunchDescription
from launch.actions import ExecuteProcess


def generate_launch_description():
    return LaunchDescription([
        ExecuteProcess(cmd=['sleep', '30']),
        ExecuteProcess(cmd=['no_such_program_here']),
    ])
