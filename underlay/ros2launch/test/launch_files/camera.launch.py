"""Included; declares one more argument."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('camera', default_value='front', description='which camera')])
