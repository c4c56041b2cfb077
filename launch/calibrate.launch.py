"""Robot and cameras without a policy, and the delays between them measured."""
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node

from vla_core.launching import choose_contract


def layer(name):
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(
        PathJoinSubstitution([ThisLaunchFileDir(), f'{name}.launch.py'])))


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'contract', default_value='',
            description='Policy contract whose cameras are measured, by name or path; empty: that '
                        'of the mini policies for the robot.'),
        DeclareLaunchArgument(
            'out', default_value='delays.yaml',
            description='File that gets the delays; inference takes it as delays:=FILE.'),
        OpaqueFunction(function=choose_contract),
        layer('transport'),
        layer('control'),
        layer('description'),
        layer('cameras'),
        Node(
            package='vla_inference', executable='calibrate_delays', name='calibrate_delays',
            output='screen', on_exit=[Shutdown(reason='the delays are measured')],
            arguments=['--robot', LaunchConfiguration('robot'),
                       '--contract', LaunchConfiguration('contract'),
                       '--out', LaunchConfiguration('out')]),
    ])
