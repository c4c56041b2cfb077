"""Launch files that exercise the whole package, run in a process of their own."""
import re
from pathlib import Path

import pytest


def test_every_substitution_has_the_text_of_the_genuine_one(launch_file):
    launched = launch_file('substitutions')
    assert launched.wait() == 0
    assert launched.said == [
        'text: plain', 'configuration: 3', 'default: fallback', 'default number: 5',
        'joined: a3b', 'path: /root/3/end.txt', 'absolute path: /other', 'expression: 9',
        'expression with names: True', 'expression of text: True', 'module: /', 'command: 3',
        'command capture: out', 'command ignore: out', 'environment: v3',
        'environment default: d3', 'executable: /usr/bin/sh', 'equal: true',
        'equal numbers: true', 'equal truths: true', 'not equal: true', 'not: true',
        'and: false', 'or: true', 'all: true', 'any: false', 'if: three', 'else: no3',
        'directory: launch_files', 'file: substitutions.launch.py', 'content: from a file',
    ]


def test_groups_keep_and_includes_leak_what_they_set(launch_file):
    launched = launch_file('scopes')
    assert launched.wait() == 0
    assert launched.said == [
        'start: a=1 b=- E=-',
        'in: a=inner b=- E=inner',
        'after scoped: a=1 b=- E=-',
        'after unscoped: a=1 b=kept E=-',
        'not forwarded: a=- b=1! E=-',
        'given: a=1 b=given E=-',
        'after given: a=1 b=kept E=-',
        'appended: a=1 b=kept E=z;x:y',
        'unset: a=1 b=- E=-',
        'function: 1 word more',
        'included: a=1 own=given',
        'after include: a=1 b=by child E=-',
        'own leaks: given',
        'default leaks: set by include',
        'included: a=2 own=given',
        'after include in group: a=1 b=by child E=-',
        'yes',
        'computed',
        'back in launch_files',
    ]


def test_processes_follow_each_other_by_events(launch_file):
    launched = launch_file('processes')
    assert launched.wait() == 0
    assert launched.said[:4] == ['first started', 'heard a bc', 'first ended with 3', 'timer']
    assert set(launched.said[4:]) == {'complete', 'ending: all done'}
    lines = launched.output.splitlines()
    outputs = [line for line in lines if not line.startswith(('[INFO]', '[ERROR]'))]
    assert sorted(outputs[:2]) == ['[sh-1] a bc', '[sh-1] trouble']
    assert outputs[2:] == [
        '[second-2] 3', '[second-2] /', '[terminal-3] terminal',
        '[quiet-4] shown',
    ]
    assert '[ERROR] [sh-1]: process has died' in launched.output
    assert 'hidden' in _log(launched)


def test_respawn_stops_after_the_last_retry(launch_file):
    launched = launch_file('respawn')
    assert launched.wait() == 0
    assert launched.output.count('[echo-1] run') == 3


@pytest.mark.parametrize(('name', 'arguments', 'complaint'), [
    ('choices', [], "launch argument 'robot' is required (which robot): give robot:=<value>"),
    ('choices', ['robot:=a', 'mode:=medium'],
     "launch argument 'mode': 'medium' is not one of slow, fast"),
    ('broken', [], r"launch file '.*/broken.launch.py', line 6: KeyError: 'nothing'"),
    ('none_there', [], r"launch file '.*/none_there.launch.py' does not exist"),
    ('missing_executable', [],
     r"process 'no_such_program_here-2' cannot be started: 'no_such_program_here': No such .*"),
    ('handler_error', [], "launch configuration 'unknown' is not set"),
    ('unsupported', [],
     r'launch \(underlay\): launch.actions.ForEach is not supported'),
])
def test_an_error_is_one_line_and_ends_everything(launch_file, name, arguments, complaint):
    launched = launch_file(name, *arguments)
    assert launched.wait(10.0) == 1
    assert 'Traceback' not in launched.output
    errors = re.findall(r'\[ERROR\] \[launch\]: (.*)', launched.output)
    assert len(errors) == 1
    assert re.fullmatch(complaint, errors[0]) or errors[0] == complaint


def test_a_closed_log_folder_is_replaced_and_the_user_told(launch_file, tmp_path):
    closed = tmp_path / 'file'
    closed.write_text('no folder')
    launched = launch_file('respawn', env={'ROS_LOG_DIR': str(closed)})
    assert launched.wait() == 0
    assert f"[WARNING] [launch]: log folder '{closed}' cannot be written" in launched.output


def test_all_output_can_be_shown(launch_file):
    launched = launch_file('processes', env={'OVERRIDE_LAUNCH_PROCESS_OUTPUT': 'both'})
    assert launched.wait() == 0
    assert '[quiet-4] hidden' in launched.output


def _log(launched) -> str:
    folder = re.search(r'log files are in (.*)', launched.output)[1]
    return (Path(folder) / 'launch.log').read_text()
