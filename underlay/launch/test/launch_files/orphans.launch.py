"""A process that leaves a child behind and is started again."""
from launch.actions import ExecuteProcess

from launch import LaunchDescription


def generate_launch_description():
    return LaunchDescription([ExecuteProcess(
        cmd=['sh', '-c', 'sleep 1000 & echo pid=$!; sleep 0.1'], output='screen', respawn=True,
        respawn_max_retries=1)])
