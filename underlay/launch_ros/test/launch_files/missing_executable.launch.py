"""A node whose executable does not exist."""
from launch import LaunchDescription
from launch_ros.actions import Node


def generate_launch_description():
    return LaunchDescription([Node(package='probe_package', executable='prob')])
