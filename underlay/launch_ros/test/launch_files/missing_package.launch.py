"""A node of a package that does not exist, after a process that runs."""
from launch import LaunchDescription
from launch.actions import ExecuteProcess
from launch_ros.actions import Node


def generate_launch_description():
    return LaunchDescription([
        ExecuteProcess(cmd=['sleep', '30']),
        Node(package='no_such_package', executable='probe'),
    ])
