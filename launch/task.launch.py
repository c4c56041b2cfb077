"""The first task: told as soon as the policy is ready."""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

#: Exit status of a task that was done; see vla_inference's command `tell`.
SUCCEEDED = 0


def end_by_outcome(event, context):
    """End the launch: with a failure unless the task succeeded."""
    if context.is_shutdown:
        return None
    if event.returncode != SUCCEEDED:
        raise RuntimeError('the task did not succeed; it says why above')
    return [Shutdown(reason='the task has succeeded')]


def first_task(context):
    value = {name: LaunchConfiguration(name).perform(context) for name in (
        'hardware', 'instruction', 'task', 'seed', 'time_limit', 'once', 'policy')}
    simulated = value['hardware'] == 'sim'
    once = value['once'] == 'true'
    if not value['policy'] or not (value['instruction'] or simulated):
        if once:
            raise ValueError('once: there is nothing to do; give policy and instruction')
        return []
    arguments = ['--time-limit', value['time_limit']]
    if simulated:
        arguments += ['--task', value['task'], '--seed', value['seed']]
    # The words come last and as one: whatever is in them, they are not options.
    arguments += ['--', value['instruction']] if value['instruction'] else []
    return [Node(package='vla_inference', executable='tell', name='tell', output='screen',
                 arguments=arguments, on_exit=end_by_outcome if once else [])]


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'instruction', default_value='',
            description='What to do first; empty: what the simulated scene asks for.'),
        DeclareLaunchArgument(
            'task', default_value='',
            description='Scene of the simulation, such as tabletop/place_in; empty: the first '
                        'task of its world.'),
        DeclareLaunchArgument('seed', default_value='0', description='Of that scene.'),
        DeclareLaunchArgument(
            'time_limit', default_value='30.0', description='s until the first task is ended.'),
        DeclareLaunchArgument(
            'once', default_value='false', choices=['true', 'false'],
            description='End after the first task, with a failure unless it succeeded.'),
        OpaqueFunction(function=first_task),
    ])
