"""A process that does not exist, after one that does."""
from launch.actions import ExecuteProcess

from launch import LaunchDescription


def generate_launch_description():
    return LaunchDescription([
        ExecuteProcess(cmd=['sleep', '30']),
        ExecuteProcess(cmd=['no_such_program_here']),
    ])
