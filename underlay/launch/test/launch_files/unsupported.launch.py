"""Uses what only the genuine launch has."""
from launch.actions import ForEach

from launch import LaunchDescription


def generate_launch_description():
    return LaunchDescription([ForEach([])])
