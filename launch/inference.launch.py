"""From camera and joint streams to action chunks: the inference node and the simulation's check."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetLaunchConfiguration
from launch.conditions import IfCondition
from launch.substitutions import EqualsSubstitution, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from vla_core.launching import COMES_BACK
from vla_core.profile import RobotProfile


def text(name):
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def choose_policy(context):
    """Name the policy that the robot begins with, or none, for this layer and those after it."""
    chosen = LaunchConfiguration('policy').perform(context)
    if chosen == 'shipped':
        robot = RobotProfile.load(LaunchConfiguration('robot').perform(context))
        return [SetLaunchConfiguration('policy', robot.policy)]
    return [SetLaunchConfiguration('policy', '')] if chosen == 'none' else []


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'policy', default_value='shipped',
            description='Policy: the folder of a checkpoint, which is served here, or the address '
                        'of a server, or shipped for the one that the profile of the robot names, '
                        'or none until load_policy is called.'),
        DeclareLaunchArgument(
            'contract', default_value='',
            description='Contract between policy and robot, by name or path; empty: the one that '
                        'the checkpoint carries.'),
        DeclareLaunchArgument(
            'policy_options', default_value='',
            description='What the client of the address of a server is told besides, as YAML, '
                        'such as "{unnorm_key: bridge_orig}".'),
        DeclareLaunchArgument(
            'delays', default_value='',
            description='File of measured delays, written by calibrate_delays; empty: none known.'),
        DeclareLaunchArgument(
            'hardware', default_value='sim',
            description='Hardware plug-in: sim for a simulated arm, or that of the real one.'),
        DeclareLaunchArgument(
            'world', default_value='',
            description='World of a simulated robot: tabletop, touching, bimanual, or none; '
                        'empty: the one made for the robot.'),
        OpaqueFunction(function=choose_policy),
        Node(
            package='vla_inference', executable='inference_node', name='inference',
            output='screen', parameters=[{name: text(name) for name in (
                'robot', 'policy', 'policy_options', 'contract', 'delays')}], **COMES_BACK),
        Node(
            package='vla_inference', executable='task_check', name='task_check', output='screen',
            condition=IfCondition(EqualsSubstitution(LaunchConfiguration('hardware'), 'sim')),
            parameters=[{'robot': text('robot'), 'world': text('world')}], **COMES_BACK),
    ])
