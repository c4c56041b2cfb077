"""Processes with children: in their group, in a session of their own, and deaf to signals."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration

KINDS = {
    'plain': 'echo pid=$$; exec sleep 1000',
    'children': 'sleep 1000 & echo pid=$!; echo pid=$$; wait',
    'sessions': 'setsid sh -c "echo pid=\\$\\$; exec sleep 1000" & echo pid=$$; wait',
    'orphans': 'sleep 1000 & echo pid=$!',
    'deaf_to_int': 'trap "" INT; echo pid=$$; while true; do sleep 0.1; done',
    'deaf': 'trap "" INT TERM; echo pid=$$; while true; do sleep 0.1; done',
}


def processes(context):
    timeout = LaunchConfiguration('timeout')
    return [
        ExecuteProcess(
            cmd=['sh', '-c', KINDS[kind]], name=kind, output='screen', respawn=kind == 'plain',
            sigterm_timeout=timeout, sigkill_timeout=timeout)
        for kind in LaunchConfiguration('kinds').perform(context).split(',')]


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('kinds'),
        DeclareLaunchArgument('timeout', default_value='5'),
        OpaqueFunction(function=processes),
    ])
