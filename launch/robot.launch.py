"""The main job: a robot that does what it is told, simulated unless a real one is named."""
import os

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    EqualsSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
    PathJoinSubstitution,
    ThisLaunchFileDir,
)
from launch_ros.actions import PushRosNamespace

from vla_core.claim import robot_claim

ARGUMENTS = {
    'robot': ('franka', 'Robot: franka, ur, aloha, or the path of a profile of your own.'),
    'hardware': ('sim', ('sim for a simulated arm, real for the one itself, ros2_control for an '
                         'arm that a driver of its own runs, or the name of a plug-in.')),
    'namespace': ('', 'Namespace of every node and topic; give a second robot another one.'),
}
SWITCHES = {
    'record': ('false', 'Start the recorder of episodes.'),
    'teleop': ('none', ('Devices to drive the arm by, with commas between them: keyboard, web, '
                        'gamepad, spacemouse, leader_arm, or none.')),
}


def layer(name, condition=None):
    """Include one layer of the robot from the launch file of that name."""
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(
        PathJoinSubstitution([ThisLaunchFileDir(), f'{name}.launch.py'])), condition=condition)


def beside(name, condition, **arguments):
    """Include a layer that can also be started by itself, and then in a namespace of its own."""
    return GroupAction([IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([ThisLaunchFileDir(), f'{name}.launch.py'])),
        launch_arguments={'namespace': '', **arguments}.items())], condition=condition)


def claim_place(context):
    """Refuse to start beside a robot of the same domain and namespace."""
    namespace = LaunchConfiguration('namespace').perform(context)
    claim = robot_claim(os.environ.get('ROS_DOMAIN_ID', ''), namespace)
    context.extend_globals({'robot_claim': claim})  # held until this process ends


def generate_launch_description():
    hardware = LaunchConfiguration('hardware')
    driven = IfCondition(EqualsSubstitution(hardware, 'ros2_control'))
    own = IfCondition(NotEqualsSubstitution(hardware, 'ros2_control'))
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=description)
          for name, (default, description) in (ARGUMENTS | SWITCHES).items()),
        OpaqueFunction(function=claim_place),
        layer('transport'),
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')),
            layer('control', own),  # first, because it says whose time the others live in
            layer('ros2_control', driven),
            layer('description'),
            layer('cameras'),
            layer('execution'),
            layer('inference'),
            layer('monitoring'),
            beside('record', IfCondition(LaunchConfiguration('record'))),
            beside('teleop', IfCondition(
                NotEqualsSubstitution(LaunchConfiguration('teleop'), 'none')),
                devices=LaunchConfiguration('teleop')),
            layer('task'),  # last, so that it tells when all the others are on their way
        ], scoped=False),
    ])
