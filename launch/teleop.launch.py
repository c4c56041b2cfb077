"""Teleoperation, beside a robot that runs: a person moves it, alone or with a policy."""
import os
import sys

import yaml
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

from vla_core.launching import end_launch_on_mistake
from vla_core.parameters import mapping_of

ARGUMENTS = {
    'robot': ('franka', 'Robot: franka, ur, aloha, or the path of a profile of your own.'),
    'device_options': ('{}', 'Options of devices as YAML: {web: {port: 8091}}.'),
    'arm': ('', 'Arm that devices for one arm move first; empty: the first.'),
    'frame': ('base', 'Axes of devices at the start: base or tool.'),
    'take_over_by': ('button', 'What takes over from a policy that runs: button or dead_man.'),
    'instruction': ('', 'Instruction of episodes that a button starts.'),
}


def lend_terminal(context):
    """Let the keyboard read the terminal of the launch: what is launched has none of its own."""
    devices = LaunchConfiguration('devices').perform(context)
    if 'keyboard' not in devices.replace(' ', '').split(',') or not sys.stdin.isatty():
        return []
    options = mapping_of(
        'device_options', LaunchConfiguration('device_options').perform(context))
    keyboard = options.setdefault('keyboard', {})
    if isinstance(keyboard, dict):  # else the node refuses it by name
        keyboard.setdefault('path', os.ttyname(0))
    return [SetLaunchConfiguration('device_options', yaml.safe_dump(
        options, default_flow_style=True))]


def generate_launch_description():
    def given(name, kind=str):
        return ParameterValue(LaunchConfiguration(name), value_type=kind)

    names = ParameterValue(['[', LaunchConfiguration('devices'), ']'], value_type=None)  # YAML
    return LaunchDescription([
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the robot.'),
        DeclareLaunchArgument(
            'devices', default_value='keyboard',
            description='Devices, with commas between them: keyboard, spacemouse, gamepad, '
                        'leader_arm, web.'),
        DeclareLaunchArgument(
            'linear_speed', default_value='0.2', description='Of the tip at full deflection, m/s.'),
        *(DeclareLaunchArgument(name, default_value=default, description=description)
          for name, (default, description) in ARGUMENTS.items()),
        OpaqueFunction(function=lend_terminal),
        PushRosNamespace(LaunchConfiguration('namespace')),
        Node(package='vla_teleop', executable='teleop', name='teleop', output='screen',
             on_exit=end_launch_on_mistake,
             parameters=[{
                 **{name: given(name) for name in ARGUMENTS},
                 'linear_speed': given('linear_speed', float),
                 'devices': names}]),
    ])
