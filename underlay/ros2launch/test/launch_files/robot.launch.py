"""Arguments of its own and of an include, and a function that reads one of them."""
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka', choices=['franka', 'ur5e'], description='The arm.'),
        DeclareLaunchArgument('rviz', description='whether RViz is started'),
        DeclareLaunchArgument('model', default_value=['model_', LaunchConfiguration('robot')]),
        DeclareLaunchArgument(
            'sometimes', default_value='', condition=IfCondition(LaunchConfiguration('rviz'))),
        IncludeLaunchDescription(
            PathJoinSubstitution([ThisLaunchFileDir(), 'camera.launch.py'])),
        LogInfo(msg=['model: ', LaunchConfiguration('model')]),
    ])
