"""Seeing and trusting it: supervisor, markers, web view, failure detector, run folder, RViz."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from vla_core import share
from vla_core.launching import COMES_BACK
from vla_core.profile import RobotProfile


def text(name):
    return ParameterValue(LaunchConfiguration(name), value_type=str)


#: A robot goes on without a view, such as one whose port is taken, but not without its supervisor.
TRIED_AGAIN = {'respawn': True, 'respawn_delay': 2.0, 'respawn_max_retries': 3}


def node(executable, parameters=(), again=TRIED_AGAIN, **options):
    return Node(
        package='vla_monitoring', executable=executable, name=executable, output='screen',
        parameters=[{'robot': text('robot')}, *parameters], **again, **options)


def rviz(context):
    """RViz with the displays of the robot; those of the Franka serve a robot of one's own."""
    name = RobotProfile.load(LaunchConfiguration('robot').perform(context)).name
    displays = (share.find('vla_bringup', 'config/rviz', f'{name}.rviz')
                or share.find('vla_bringup', 'config/rviz', 'franka.rviz'))
    return [Node(package='rviz2', executable='rviz2', name='rviz', output='screen',
                 arguments=['-d', str(displays)])]


def generate_launch_description():
    cameras = NotEqualsSubstitution(LaunchConfiguration('cameras'), 'none')
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'cameras', default_value='simulated',
            description='Camera set: a name in config/cameras, the path of a file of your own, '
                        'or none.'),
        DeclareLaunchArgument(
            'supervision', default_value='supervision',
            description='Conditions and reactions of the safety supervisor: a name in '
                        'config/monitoring, or the path of a file.'),
        DeclareLaunchArgument(
            'detectors', default_value='',
            description='Failure detectors for the policy: a name in config/detectors, or a '
                        'folder; empty: none.'),
        DeclareLaunchArgument(
            'web', default_value='true', choices=['true', 'false'],
            description='Serve the web view.'),
        DeclareLaunchArgument(
            'web_host', default_value='localhost',
            description='Address of the web view; 0.0.0.0 for every one: then its buttons want '
                        'the token that is printed.'),
        DeclareLaunchArgument(
            'web_port', default_value='8080', description='Port of the web view.'),
        DeclareLaunchArgument(
            'rviz', default_value='false', choices=['true', 'false'],
            description='Open RViz with the displays of the robot.'),
        DeclareLaunchArgument(
            'foxglove', default_value='false', choices=['true', 'false'],
            description='Serve Foxglove on port 8765.'),
        DeclareLaunchArgument(
            'runs', default_value='~/.ros/vla_runs',
            description='Folder that gets a folder for this run, or none.'),
        node('supervisor', [{
            'table': text('supervision'),
            'cameras': ParameterValue(cameras, value_type=bool)}], again=COMES_BACK),
        node('visualisation'),
        node('web_view', [{
            'host': text('web_host'),
            'port': ParameterValue(LaunchConfiguration('web_port'), value_type=int)}],
            condition=IfCondition(LaunchConfiguration('web'))),
        node('run_recorder', [{'runs': text('runs')}],
             condition=IfCondition(NotEqualsSubstitution(LaunchConfiguration('runs'), 'none'))),
        node('foxglove_bridge',
             condition=IfCondition(LaunchConfiguration('foxglove'))),
        Node(package='vla_monitoring', executable='failure_detector', name='failure_detector',
             output='screen', parameters=[{'detectors': text('detectors')}], **COMES_BACK,
             condition=IfCondition(NotEqualsSubstitution(
                 LaunchConfiguration('detectors'), ''))),
        OpaqueFunction(function=rviz, condition=IfCondition(LaunchConfiguration('rviz'))),
    ])
