"""Uses what only the genuine launch has."""
from launch import LaunchDescription
from launch.actions import ForEach


def generate_launch_description():
    return LaunchDescription([ForEach([])])
