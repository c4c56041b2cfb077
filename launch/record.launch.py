"""The episode recorder, beside a robot that runs."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

from vla_core.launching import end_launch_on_mistake

ARGUMENTS = {
    'folder': ('episodes', 'Where bags are made, one folder an episode.'),
    'robot': ('franka', 'Robot: franka, ur, aloha, or the path of a profile of your own.'),
    'contract': ('', 'Policy contract whose topics must be there; empty: every camera.'),
    'instruction': ('', 'Instruction of episodes that are started without one.'),
    'compression': ('none', 'Of bags: none or zstd.'),
}


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the robot.'),
        *(DeclareLaunchArgument(name, default_value=default, description=description)
          for name, (default, description) in ARGUMENTS.items()),
        PushRosNamespace(LaunchConfiguration('namespace')),
        Node(package='vla_recording', executable='recorder', name='recorder', output='screen',
             on_exit=end_launch_on_mistake,
             parameters=[{name: ParameterValue(LaunchConfiguration(name), value_type=str)
                          for name in ARGUMENTS}]),
    ])
