"""The execution of action chunks: from what a policy plans to one stream of targets."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from vla_core.launching import choose_contract, end_launch_on_mistake


def generate_launch_description():
    def given(name, kind=str):
        return ParameterValue(LaunchConfiguration(name), value_type=kind)

    return LaunchDescription([
        DeclareLaunchArgument(
            'robot', default_value='franka',
            description='Robot: franka, ur, aloha, or the path of a profile of your own.'),
        DeclareLaunchArgument(
            'contract', default_value='',
            description='Policy contract whose actions are executed, by name or path; empty: that '
                        'of the mini policies for the robot.'),
        DeclareLaunchArgument(
            'strategy', default_value='blend',
            description='How chunks that overlap are merged: rtc, rtc_trained, blend, '
                        'temporal_ensemble, replace, future_state, open_loop.'),
        DeclareLaunchArgument(
            'law', default_value='jerk_limited', choices=['jerk_limited', 'stepped'],
            description='Within the limits of the robot, or each action at once as it is.'),
        DeclareLaunchArgument(
            'speed', default_value='1.0',
            description='Speed of the robot relative to that of the policy.'),
        DeclareLaunchArgument(
            'output', default_value='targets', choices=['targets', 'trajectory', 'commands'],
            description='target_pose and target_joint, or topics of ros2_control.'),
        OpaqueFunction(function=choose_contract),
        Node(
            package='vla_execution', executable='execution', name='execution', output='screen',
            on_exit=end_launch_on_mistake,
            parameters=[{name: given(name) for name in (
                'robot', 'contract', 'strategy', 'law', 'output')} | {
                    'speed': given('speed', float)}]),
    ])
