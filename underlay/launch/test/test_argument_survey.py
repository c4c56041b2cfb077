"""Arguments found without running anything."""
from pathlib import Path

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    TimerAction,
)
from launch.argument_survey import ArgumentSurvey
from launch.conditions import IfCondition
from launch.substitutions import Command, LaunchConfiguration, PathJoinSubstitution

LAUNCH_FILES = Path(__file__).parent / 'launch_files'


def names(survey: ArgumentSurvey) -> list[tuple[str, bool]]:
    return [
        (argument.name, argument._conditionally_included) for argument in survey.arguments]


def test_includes_groups_and_conditions_are_looked_into():
    survey = ArgumentSurvey(LaunchDescription([
        DeclareLaunchArgument('first'),
        IncludeLaunchDescription(str(LAUNCH_FILES / 'choices.launch.py')),
        GroupAction([DeclareLaunchArgument('in_group')], condition=IfCondition('false')),
        TimerAction(period=1.0, actions=[DeclareLaunchArgument('later')]),
    ]))
    assert names(survey) == [
        ('first', False), ('robot', False), ('mode', False), ('in_group', True), ('later', True)]
    assert survey.is_complete


def test_an_include_is_found_through_defaults_and_given_values():
    entities = [
        DeclareLaunchArgument('which', default_value='choices'),
        IncludeLaunchDescription(PathJoinSubstitution(
            [str(LAUNCH_FILES), [LaunchConfiguration('which'), '.launch.py']])),
    ]
    assert [name for name, _ in names(ArgumentSurvey(LaunchDescription(entities)))] == [
        'which', 'robot', 'mode']
    given = ArgumentSurvey(LaunchDescription(entities), configurations={'which': 'included'})
    assert [name for name, _ in names(given)] == ['which', 'a', 'with_default', 'own']


def test_nested_includes_are_found_from_their_own_folder():
    survey = ArgumentSurvey(LaunchDescription([
        IncludeLaunchDescription(str(LAUNCH_FILES / 'scopes.launch.py'))]))
    assert [name for name, _ in names(survey)] == ['a', 'with_default', 'own']


def test_no_command_is_run_before_launching(tmp_path):
    ArgumentSurvey(LaunchDescription([
        DeclareLaunchArgument('x', default_value=Command(['touch ', str(tmp_path / 'made')]))]))
    assert not (tmp_path / 'made').exists()


def test_a_function_leaves_the_survey_incomplete():
    survey = ArgumentSurvey(LaunchDescription([OpaqueFunction(function=lambda _: None)]))
    assert not survey.is_complete
