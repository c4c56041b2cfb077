"""An episode done again by a robot that runs; the launch ends with it."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('bag', description='Folder of the bag.'),
        DeclareLaunchArgument(
            'speed', default_value='1.0', description='Share of the recorded speed, up to 1.'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the robot.'),
        PushRosNamespace(LaunchConfiguration('namespace')),
        Node(package='vla_recording', executable='replay', name='replay', output='screen',
             arguments=[LaunchConfiguration('bag'), '--speed', LaunchConfiguration('speed')],
             on_exit=[Shutdown(reason='the replay has ended')]),
    ])
