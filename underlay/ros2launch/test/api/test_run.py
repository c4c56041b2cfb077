"""Runs of launch files."""
import re
from pathlib import Path

import pytest
from launch import UnsupportedError, logging
from ros2launch.api import (
    UndeclaredArgumentError,
    launch_a_launch_file,
    parse_launch_arguments,
)

LAUNCH_FILES = Path(__file__).parents[1] / 'launch_files'


@pytest.fixture(autouse=True)
def own_log_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    logging.reset()
    yield
    logging.reset()


def run(name: str, *arguments: str) -> int:
    return launch_a_launch_file(
        launch_file_path=str(LAUNCH_FILES / f'{name}.launch.py'),
        launch_file_arguments=list(arguments))


def test_arguments_reach_the_launch_file_and_its_includes(capsys):
    assert run('robot', 'rviz:=true', 'robot:=ur5e', 'camera:=wrist') == 0
    assert 'model: model_ur5e' in capsys.readouterr().out


@pytest.mark.parametrize(('argument', 'hint'), [
    ('robto:=ur5e', "launch argument 'robto' is not declared: did you mean robot?"),
    ('zzz:=1', "launch argument 'zzz' is not declared: declared are: camera, model, robot"),
])
def test_an_undeclared_argument_is_refused_with_near_matches(argument, hint):
    with pytest.raises(UndeclaredArgumentError, match=re.escape(hint)):
        run('robot', 'rviz:=true', argument)


def test_what_a_function_declares_counts(capsys):
    assert run('function', 'hidden:=2') == 0
    assert 'has run' in capsys.readouterr().out


def test_an_argument_that_no_function_declares_ends_the_launch_before_it_begins(capsys):
    assert run('function', 'hiden:=2') == 1
    said = capsys.readouterr().out
    assert "[ERROR] [launch]: launch argument 'hiden' is not declared: did you mean hidden?" in said
    assert 'has run' not in said


def test_a_required_argument_is_named(capsys):
    assert run('robot') == 1
    assert "launch argument 'rviz' is required (whether RViz is started)" in capsys.readouterr().out


def test_arguments_that_launch_itself_reads_need_no_declaration(capsys):
    assert run('robot', 'rviz:=true', 'sigterm_timeout:=1') == 0


@pytest.mark.parametrize('argument', ['name', ':=value', 'name:=', 'name=value'])
def test_malformed_arguments_are_named(argument):
    with pytest.raises(RuntimeError, match=re.escape(repr(argument))):
        parse_launch_arguments([argument])


def test_the_last_of_a_name_wins_and_values_keep_their_colons():
    assert parse_launch_arguments(['a:=1', 'b:=x:=y', 'a:=2']) == [('a', '2'), ('b', 'x:=y')]


def test_option_extensions_are_refused():
    with pytest.raises(UnsupportedError, match="option extension 'security'"):
        launch_a_launch_file(
            launch_file_path=str(LAUNCH_FILES / 'camera.launch.py'), launch_file_arguments=[],
            option_extensions={'security': object()})
