"""The main job: the robot, ready to be told what to do."""
import os

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import PushRosNamespace

from vla_core.claim import robot_claim


def layer(name):
    """Include one layer of the robot from the launch file of that name."""
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(
        PathJoinSubstitution([ThisLaunchFileDir(), f'{name}.launch.py'])))


def claim_place(context):
    """Refuse to start beside a robot of the same domain and namespace."""
    namespace = LaunchConfiguration('namespace').perform(context)
    claim = robot_claim(os.environ.get('ROS_DOMAIN_ID', ''), namespace)
    context.extend_globals({'robot_claim': claim})  # held until this process ends


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'namespace', default_value='',
            description='Namespace of every node and topic; give a second robot another one.'),
        OpaqueFunction(function=claim_place),
        layer('transport'),
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')),
            layer('control'),  # first, because it says whose time the others live in
            layer('description'),
            layer('cameras'),
        ], scoped=False),
    ])
