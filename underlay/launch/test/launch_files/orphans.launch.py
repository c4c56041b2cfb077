"""A process that leaves a child behind and is started again."""
from launch import LaunchDescription
from launch.actions import ExecuteProcess


def generate_launch_description():
    return LaunchDescription([ExecuteProcess(
        cmd=['sh', '-c', 'sleep 1000 & echo pid=$!; sleep 0.1'], output='screen', respawn=True,
        respawn_max_retries=1)])
