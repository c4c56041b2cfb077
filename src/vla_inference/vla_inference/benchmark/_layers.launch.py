"""Every layer that the benchmark needs, from the simulated arm to inference."""
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

LAYERS = ('transport', 'control', 'description', 'cameras', 'execution', 'inference')


def generate_launch_description():
    return LaunchDescription([
        IncludeLaunchDescription(PythonLaunchDescriptionSource(PathJoinSubstitution(
            [FindPackageShare('vla_bringup'), 'launch', f'{layer}.launch.py'])))
        for layer in LAYERS])
