"""How nodes find each other and exchange data: included by every launch file.

Shared memory is made large enough for images, and discovery stays on this host unless the address
of a second machine is given.
"""
import socket

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import (
    EqualsSubstitution,
    LaunchConfiguration,
    PathJoinSubstitution,
)
from launch_ros.substitutions import FindPackageShare


def check_peer(context):
    """Refuse an address that Fast DDS could not resolve: every node would end on it."""
    peer = LaunchConfiguration('peer').perform(context)
    try:
        socket.getaddrinfo(peer, None, socket.AF_INET)
    except (OSError, UnicodeError) as error:
        raise ValueError(f'peer {peer!r} is no address and no host name known here') from error


def generate_launch_description():
    alone = EqualsSubstitution(LaunchConfiguration('peer'), '')
    profile = PathJoinSubstitution(
        [FindPackageShare('vla_bringup'), 'config', 'dds', 'fastdds.xml'])
    return LaunchDescription([
        DeclareLaunchArgument(
            'peer', default_value='',
            description='Address of a second machine that shall see the robot; '
                        'empty: nodes are found on this host only.'),
        OpaqueFunction(function=check_peer, condition=UnlessCondition(alone)),
        SetEnvironmentVariable('FASTRTPS_DEFAULT_PROFILES_FILE', profile),
        SetEnvironmentVariable(
            'ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST', condition=IfCondition(alone)),
        SetEnvironmentVariable(
            'ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET', condition=UnlessCondition(alone)),
        SetEnvironmentVariable(
            'ROS_STATIC_PEERS', LaunchConfiguration('peer'), condition=UnlessCondition(alone)),
    ])
