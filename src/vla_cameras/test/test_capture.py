"""What a camera does wrong is named; what is handed on is new and has its own time."""
import importlib
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vla_cameras.configuration import CameraCalibration, DelayCalibration
from vla_cameras.frame import Frame, FrameDamaged, SourceEnded, SourceLost

sys.path.insert(0, str(Path(__file__).parent))
ScriptedSource = importlib.import_module('scripted_source').ScriptedSource
KIND = 'scripted_source:ScriptedSource'


@pytest.fixture
def scripted(camera, request):
    """A camera that does ``steps``."""
    def make(steps, **fields):
        ScriptedSource.scripts[request.node.name] = list(steps)
        return camera({'kind': KIND, 'script': request.node.name}, **fields)
    return make


def shot(image, captured_ns=None, basis='driver'):
    return lambda: Frame(
        image, 'bgr8', time.monotonic_ns() if captured_ns is None else captured_ns, basis)


def failing(error):
    def step():
        raise error
    return step


def test_pictures_come_with_the_time_they_were_taken(watch, scripted, noise):
    captured_ns = time.monotonic_ns() - 80_000_000
    running = watch(scripted([shot(noise(), captured_ns)]))
    running.wait(lambda: running.frames)
    wall_ns = captured_ns + time.time_ns() - time.monotonic_ns()
    assert running.stamps_ns[0] == pytest.approx(wall_ns, abs=2e6)


def test_a_calibrated_delay_is_taken_off_the_stamps_that_it_is_for(watch, scripted, noise):
    delay = DelayCalibration(delay_s=0.5, basis='arrival', correlation=1, images=1, date='')
    at = time.monotonic_ns()
    running = watch(scripted(
        [shot(noise(), at, 'arrival'), shot(noise(), at + 1000, 'driver')],
        calibration=CameraCalibration(delay=delay)))
    running.wait(lambda: len(running.frames) == 2)
    assert running.stamps_ns[1] - running.stamps_ns[0] == pytest.approx(500e6, abs=5e6)


def test_an_unplugged_camera_is_opened_again_and_both_are_said_once(watch, scripted, noise):
    lost = failing(SourceLost('script: unplugged'))
    running = watch(scripted([shot(noise()), lost, lost, lost, shot(noise()), shot(noise())]))
    running.wait(lambda: len(running.frames) == 3)
    assert sum('unplugged' in line for line in running.said) == 1
    assert running.heard('info: script gives pictures')
    report = running.capture.report()
    assert (report.reopened, report.state, report.failed) == (3, 'running', False)


def test_a_lost_camera_fails_until_it_is_back(watch, scripted):
    running = watch(scripted([failing(SourceLost('script: unplugged'))]))
    running.wait(lambda: running.capture.state == 'lost')
    report = running.capture.report()
    assert report.failed and report.complaints[0].startswith('script:')


def test_a_picture_that_repeats_is_never_given_a_new_time(watch, scripted, noise):
    still = noise()
    running = watch(scripted([shot(still), shot(still.copy()), shot(still.copy()), shot(noise())]))
    running.wait(lambda: len(running.frames) == 2)
    assert running.capture.report().refused == {'repeated': 2}
    assert running.heard('repeats the last')


def test_a_frozen_camera_is_named_and_opened_again(watch, scripted, noise):
    still = noise()
    steps = [shot(still.copy()) for _ in range(20)] + [shot(noise())]
    running = watch(scripted(steps, watch={'frozen_after_s': 0.02}))
    running.wait(lambda: len(running.frames) >= 2 and not ScriptedSource.scripts[
        running.capture.config.source.script])
    assert running.heard('is frozen')
    assert running.capture.report().reopened >= 1


def test_a_still_scene_may_be_only_reported(watch, scripted, noise):
    still = noise()
    running = watch(scripted([shot(still.copy()) for _ in range(30)],
                             watch={'frozen': 'report', 'frozen_after_s': 0.02}))
    running.wait(lambda: len(running.frames) == 30)
    assert running.capture.report().complaints[0].startswith('script is frozen')


@pytest.mark.parametrize('offset_ns', [0, -1, -40_000_000])
def test_a_stamp_that_does_not_move_on_is_refused(watch, scripted, noise, offset_ns):
    at = time.monotonic_ns()
    running = watch(scripted([shot(noise(), at), shot(noise(), at + offset_ns), shot(noise())]))
    running.wait(lambda: len(running.frames) == 2)
    assert running.capture.report().refused == {'stamp': 1}


def test_a_stamp_in_the_future_is_refused(watch, scripted, noise):
    running = watch(scripted([shot(noise(), time.monotonic_ns() + 10**10), shot(noise())]))
    running.wait(lambda: len(running.frames) == 1)
    assert running.heard('in the future')


def test_another_size_is_refused_by_name(watch, scripted, noise):
    running = watch(scripted([shot(noise()), shot(noise(320, 240)), shot(noise())]))
    running.wait(lambda: len(running.frames) == 2)
    assert running.heard('error: script: pictures come as 320×240, not 160×120')
    assert running.capture.report().refused == {'size': 1}


def test_another_size_is_followed_when_asked(watch, scripted, noise):
    running = watch(scripted([shot(noise()), shot(noise(320, 240))], on_resize='follow'))
    running.wait(lambda: len(running.frames) == 2)
    assert running.frames[1].image.shape == (240, 320, 3) and running.heard('followed')


def test_damaged_pictures_are_left_out_and_many_open_the_camera_again(watch, scripted, noise):
    damage = failing(FrameDamaged('script: truncated'))
    running = watch(scripted([damage, shot(noise()), *[damage] * 30, shot(noise())]))
    running.wait(lambda: len(running.frames) == 2)
    assert running.capture.report().refused == {'damaged': 31}
    assert running.capture.report().reopened == 1


def test_an_error_that_nobody_foresaw_does_not_end_the_camera(watch, scripted, noise):
    running = watch(scripted([failing(ZeroDivisionError('oh')), shot(noise())]))
    running.wait(lambda: running.frames)
    assert running.heard('ZeroDivisionError: oh')


def test_the_end_of_a_file_ends_quietly(watch, scripted, noise):
    running = watch(scripted([shot(noise()), failing(SourceEnded('script has ended'))]))
    running.wait(lambda: running.capture.state == 'ended')
    assert not running.capture.report().failed


@pytest.mark.parametrize(('level', 'complaint'), [(3, 'too dark'), (255, 'saturated')])
def test_bad_light_is_named(watch, scripted, level, complaint):
    generator = np.random.default_rng(0)
    image = np.clip(generator.integers(-2, 3, (120, 160, 3)) + level, 0, 255).astype(np.uint8)
    running = watch(scripted([shot(image)]))
    running.wait(lambda: running.frames)
    assert any(complaint in text for text in running.capture.report().complaints)


def test_gaps_are_counted_and_a_low_rate_is_named(watch, scripted, noise):
    at = time.monotonic_ns() - 200_000_000
    steps = [shot(noise(), at + index * 20_000_000) for index in (0, 1, 2, 5, 6)]
    running = watch(scripted(steps))
    running.wait(lambda: len(running.frames) == 5)
    report = running.capture.report()
    assert report.dropped == 2
    assert any('Hz instead of 50 Hz' in text for text in report.complaints)


def test_one_slow_camera_does_not_slow_another(watch, scripted, camera, noise):
    ScriptedSource.scripts['slow'] = [lambda: time.sleep(1.0)]
    watch(camera({'kind': KIND, 'script': 'slow'}))
    running = watch(scripted([shot(noise()) for _ in range(20)]))
    running.wait(lambda: len(running.frames) == 20, seconds=0.9)
