import json
import subprocess
import sys
from pathlib import Path

import vla_datasets
from vla_datasets.command_line import main


def test_the_verbs_as_a_user_types_them(sample, written, tmp_path, capsys):
    def run(*arguments: object) -> str:
        assert main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    assert '5 episodes' in run('info', written)
    assert json.loads(run('info', written, '--json'))['total_episodes'] == 5
    assert run('verify', written, '--decode').endswith(': sound\n')
    run('split', written, tmp_path, '--episodes', 'a=0-1,4', '--episodes', 'b=2-3')
    sample.check(tmp_path / 'a', [0, 1, 4])
    run('split', written, tmp_path, '--ratio', 'train=0.8', '--ratio', 'val=0.2', '--seed', 1)
    run('merge', tmp_path / 'a', tmp_path / 'b', tmp_path / 'ab')
    sample.check(tmp_path / 'ab', [0, 1, 4, 2, 3])
    run('filter', tmp_path / 'ab', tmp_path / 'good', '--where', 'outcome=success')
    sample.check(tmp_path / 'good', [1, 3])
    run('convert', written, tmp_path / 'old', '--to', 'v2.1')
    sample.check(tmp_path / 'old', range(5))
    stats = json.loads(run('stats', tmp_path / 'ab', '--images', 5, '--write'))
    assert stats == json.loads((tmp_path / 'ab/meta/stats.json').read_text())


def test_a_refusal_is_one_line_and_status_1(written, tmp_path):
    environment = {'PYTHONPATH': str(Path(vla_datasets.__file__).parents[1]), 'PATH': ''}
    result = subprocess.run(
        [sys.executable, '-m', 'vla_datasets', 'merge', written, tmp_path / 'no', tmp_path / 'to'],
        capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].endswith('is this the folder of a data set?')
    assert 'Traceback' not in result.stderr


def test_problems_give_status_1(written, tmp_path, capsys):
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta/info.json').write_text('{}')
    assert main(['verify', str(tmp_path)]) == 1
    assert 'codebase_version' in capsys.readouterr().out


def test_wrong_lists_are_refused_by_name(written, tmp_path, capsys):
    for option, text in (('--ratio', 'train=much'), ('--episodes', 'train=a-b')):
        assert main(['split', str(written), str(tmp_path), option, text]) == 1
        assert text in capsys.readouterr().err
