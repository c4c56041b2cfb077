"""Included; declares one more argument."""
from launch.actions import DeclareLaunchArgument

from launch import LaunchDescription


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('camera', default_value='front', description='which camera')])
