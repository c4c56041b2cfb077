"""Listings of launch files."""
from pathlib import Path

import pytest
from launch import InvalidLaunchFileError
from ros2launch.api import print_a_launch_file, print_arguments_of_launch_file

LAUNCH_FILES = Path(__file__).parents[1] / 'launch_files'


def test_arguments_of_includes_are_listed_too(capsys):
    print_arguments_of_launch_file(launch_file_path=str(LAUNCH_FILES / 'robot.launch.py'))
    assert capsys.readouterr().out == """\
Arguments (give them as '<name>:=<value>'):

    'robot':
        The arm. One of: franka, ur5e
        (default: 'franka')

    'rviz':
        whether RViz is started
        (required)

    'model':
        no description given
        (default: 'model_' + LaunchConfiguration('robot'))

    'sometimes':*
        no description given
        (default: '')

    'camera':
        which camera
        (default: 'front')

* is used only under some conditions
"""


def test_a_launch_file_is_printed_as_a_tree(capsys):
    print_a_launch_file(launch_file_path=str(LAUNCH_FILES / 'camera.launch.py'))
    assert capsys.readouterr().out == "LaunchDescription\n    DeclareLaunchArgument('camera')\n"


def test_a_missing_file_is_named():
    with pytest.raises(InvalidLaunchFileError, match=r"'/none\.launch\.py' does not exist"):
        print_arguments_of_launch_file(launch_file_path='/none.launch.py')
