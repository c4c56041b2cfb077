"""A process that is started again twice."""
from launch import LaunchDescription
from launch.actions import ExecuteProcess


def generate_launch_description():
    return LaunchDescription([ExecuteProcess(
        cmd=['echo', 'run'], output='screen', respawn=True, respawn_delay=0.1,
        respawn_max_retries=2)])
