"""A node whose parameter file does not exist."""
from launch_ros.actions import Node

from launch import LaunchDescription


def generate_launch_description():
    return LaunchDescription([
        Node(package='probe_package', executable='probe', parameters=['/no/such/file.yaml'])])
