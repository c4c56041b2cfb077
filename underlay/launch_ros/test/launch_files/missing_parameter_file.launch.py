"""A node whose parameter file does not exist."""
from launch import LaunchDescription
from launch_ros.actions import Node


def generate_launch_description():
    return LaunchDescription([
        Node(package='probe_package', executable='probe', parameters=['/no/such/file.yaml'])])
