"""The cameras of the robot: one process that runs a thread for each."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import (
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
)
from launch_ros.actions import Node

from vla_core.launching import COMES_BACK


def generate_launch_description():
    cameras = LaunchConfiguration('cameras')
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'cameras', default_value=IfElseSubstitution(
                EqualsSubstitution(LaunchConfiguration('hardware', default='sim'), 'sim'),
                'simulated', 'none'),
            description='Camera set: a name in config/cameras, the path of a file of your own, '
                        'or none, which a real robot begins with.'),
        DeclareLaunchArgument(
            'snapshot', default_value='',
            description='Shared state of the simulation that simulated cameras render; empty: '
                        'that of the robot in this namespace.'),
        DeclareLaunchArgument(
            'world', default_value='',
            description='World of a simulated robot: tabletop, touching, bimanual, module:name, '
                        'or none; empty: the one made for the robot.'),
        Node(
            package='vla_cameras', executable='camera_node', name='cameras', output='screen',
            condition=IfCondition(NotEqualsSubstitution(cameras, 'none')), **COMES_BACK,
            parameters=[{
                'camera_set': cameras,
                'robot': LaunchConfiguration('robot'),
                'snapshot': LaunchConfiguration('snapshot'),
                'world': LaunchConfiguration('world'),
            }]),
    ])
