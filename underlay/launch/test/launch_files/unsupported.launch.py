"""Uses what only the genuine launch has."""
from launch_ros.actions import ComposableNodeContainer

from launch import LaunchDescription


def generate_launch_description():
    return LaunchDescription([ComposableNodeContainer(name='a', namespace='')])
