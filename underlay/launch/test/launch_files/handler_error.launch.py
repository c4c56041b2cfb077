"""An error in an event handler, long after the start."""
from launch import LaunchDescription
from launch.actions import ExecuteProcess, LogInfo, TimerAction
from launch.substitutions import LaunchConfiguration


def generate_launch_description():
    return LaunchDescription([
        ExecuteProcess(cmd=['sleep', '30']),
        TimerAction(period=0.2, actions=[LogInfo(msg=LaunchConfiguration('unknown'))]),
    ])
