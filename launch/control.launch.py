"""The controller manager with its real-time loop, on the arm or on a simulated one."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue


def text(name):
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'hardware', default_value='sim',
            description='Hardware plug-in: sim for a simulated arm, or that of the real one.'),
        DeclareLaunchArgument(
            'hardware_options', default_value='{}',
            description='Options of the hardware plug-in, as YAML, such as "{ip: 10.0.0.2}".'),
        DeclareLaunchArgument(
            'controllers', default_value='',
            description='Controller configuration, by name or path; empty: as the robot.'),
        Node(
            package='vla_control', executable='controller_manager', name='controller_manager',
            output='screen',
            parameters=[{name: text(name) for name in (
                'robot', 'hardware', 'hardware_options', 'controllers')}]),
    ])
