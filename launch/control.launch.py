"""The controller manager with its real-time loop, on the arm or on a simulated one."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, SetParameter
from launch_ros.parameter_descriptions import ParameterValue

from vla_core.launching import end_launch_on_mistake


def text(name):
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'hardware', default_value='sim',
            description='sim for a simulated arm, real for the one itself, ros2_control for an '
                        'arm that a controller manager runs already, or the name of a plug-in.'),
        DeclareLaunchArgument(
            'robot_ip', default_value='',
            description='Address of a real robot.'),
        DeclareLaunchArgument(
            'hardware_options', default_value='{}',
            description='Options of the hardware plug-in, as YAML, such as "{ip: 10.0.0.2}".'),
        DeclareLaunchArgument(
            'controllers', default_value='',
            description='Controller configuration, by name or path; empty: as the robot.'),
        DeclareLaunchArgument(
            'world', default_value='',
            description='World of a simulated robot: tabletop, touching, bimanual, module:name, '
                        'or none; empty: the one made for the robot.'),
        DeclareLaunchArgument(
            'real_time_factor', default_value='1.0',
            description='How fast the time of a simulated robot passes; below 1 for machines '
                        'that cannot keep up.'),
        DeclareLaunchArgument(
            'simulated_clock', default_value='false', choices=['true', 'false'],
            description='Publish the time of a simulated robot as /clock, for every node to '
                        'live in; else stamps are wall-clock time.'),
        SetParameter('use_sim_time', ParameterValue(
            LaunchConfiguration('simulated_clock'), value_type=bool)),
        Node(
            package='vla_control', executable='controller_manager', name='controller_manager',
            output='screen',
            on_exit=end_launch_on_mistake,
            parameters=[{name: text(name) for name in (
                'robot', 'hardware', 'hardware_options', 'robot_ip', 'controllers', 'world')} | {
                    'real_time_factor': ParameterValue(
                        LaunchConfiguration('real_time_factor'), value_type=float)}]),
    ])
