"""The description of the robot: robot_description and TF."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from vla_core.description import robot_description
from vla_core.launching import COMES_BACK
from vla_core.profile import RobotProfile


def robot_state_publisher(context):
    profile = RobotProfile.load(LaunchConfiguration('robot').perform(context))
    return [Node(
        package='robot_state_publisher', executable='robot_state_publisher', output='screen',
        parameters=[{'robot_description': robot_description(profile)}], **COMES_BACK)]


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        OpaqueFunction(function=robot_state_publisher),
    ])
