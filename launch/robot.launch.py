"""The main job: the robot, ready to be told what to do."""
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import PushRosNamespace

from launch import LaunchDescription


def layer(name):
    """Include one layer of the robot from the launch file of that name."""
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(
        PathJoinSubstitution([ThisLaunchFileDir(), f'{name}.launch.py'])))


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'namespace', default_value='',
            description='Namespace of every node and topic; give a second robot another one.'),
        layer('transport'),
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')),
            layer('description'),
        ], scoped=False),
    ])
