"""Two robots on one machine, each in a namespace of its own, each told what its scene asks for."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir

ROBOTS = {'left': ('franka', '8080'), 'right': ('ur', '8081')}


def robot(namespace, web_port):
    """The whole of robot.launch.py, below a namespace."""
    return GroupAction([IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([ThisLaunchFileDir(), 'robot.launch.py'])),
        launch_arguments={
            'namespace': namespace, 'robot': LaunchConfiguration(namespace),
            'web_port': web_port}.items())])


def generate_launch_description():
    return LaunchDescription([
        *(DeclareLaunchArgument(
            namespace, default_value=name,
            description=f'Robot in the namespace {namespace}: franka, ur, aloha, or the path of a '
                        'profile of your own.')
          for namespace, (name, _) in ROBOTS.items()),
        *(robot(namespace, port) for namespace, (_, port) in ROBOTS.items()),
    ])
