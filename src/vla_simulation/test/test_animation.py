"""The animation: pictures of what was done, in a file that plays it."""
import cv2
import pytest

from vla_simulation.animation import main


def test_a_task_that_is_done_is_shown(tmp_path, capsys):
    path = tmp_path / 'shown' / 'pick.webp'
    assert main([str(path), '--policy', 'expert', '--family', 'pick', '--seed', '3']) == 0
    read, shown = cv2.imreadanimation(str(path))
    assert read and len(shown.frames) > 20
    first, last = (frame[..., :3].astype(int) for frame in (shown.frames[0], shown.frames[-1]))
    assert abs(first - last).max() > 60
    assert capsys.readouterr().out.startswith(f'{path}: ')


@pytest.mark.parametrize('arguments, reason', [
    (['pick.mp4', '--policy', 'expert', '--family', 'pick'], 'is a .webp or a .gif file'),
    (['pick.webp', '--policy', 'hold', '--family', 'pick'], 'nothing to show'),
    (['pick.webp', '--family', 'jump'], 'jump'),
])
def test_what_cannot_be_shown_is_said(tmp_path, capsys, monkeypatch, arguments, reason):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('vla_simulation.animation.TRIES', 1)
    assert main(arguments) == 2
    assert reason in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
