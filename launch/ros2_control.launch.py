"""The bridge to a robot that its own driver runs: controllers, references, state, gripper, stop."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from vla_core.launching import end_launch_on_mistake


def given(name, kind=str):
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'driver', default_value='crisp',
            description='Driver that runs the robot: franka_ros2, ur_robot_driver, crisp, '
                        'interbotix, or the path of a file of your own.'),
        DeclareLaunchArgument(
            'robot_namespace', default_value='',
            description="Namespace of the driver's names; empty: that of this robot."),
        DeclareLaunchArgument(
            'activate', default_value='true', choices=['true', 'false'],
            description='Switch controllers and take targets at once; else at the first release.'),
        Node(
            package='vla_hardware', executable='ros2_control_bridge', name='ros2_control_bridge',
            output='screen', on_exit=end_launch_on_mistake,
            parameters=[{'robot': given('robot'), 'driver': given('driver'),
                         'robot_namespace': given('robot_namespace'),
                         'activate': given('activate', bool)}]),
    ])
