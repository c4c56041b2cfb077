"""Delays that were put into a motion are found again, kept in a file and applied by topic."""
import numpy as np
import pytest

from vla_inference.delay_calibration import CalibrationError, DelayMeasurement, lag_between, stroke
from vla_inference.delays import Delays, DelaysError

CAMERAS = ['front/image_raw', 'wrist/image_raw']


def measured(camera_s=0.04, actuation_s=0.08, moves=True):
    """20 s of an arm that trails its reference, seen by two cameras that stamp late."""
    measurement = DelayMeasurement()

    def place(time_s):
        return 0.06 * stroke(max(time_s, 0.0)) if moves else 0.0

    for tick in range(2200):
        time_s = tick / 100
        stamp = round(time_s * 1e9)
        if tick % 2 == 0:
            measurement.add_command(stamp, place(time_s))
        measurement.add_place(stamp, place(time_s - actuation_s))
        measurement.add_joints(stamp, np.array([4 * place(time_s - actuation_s), 0.3]))
        measurement.add_receipt('joint_states', stamp, stamp + 2_000_000)
    x = np.arange(160)[None, :]
    for frame in range(600):
        time_s = frame / 30
        bar = 60 + 600 * place(time_s - actuation_s)
        image = np.clip(255 - 8 * np.abs(x - bar), 0, 255).astype(np.uint8)
        image = np.repeat(np.repeat(image, 120, axis=0)[..., None], 3, axis=2)
        for topic, late in zip(CAMERAS, (camera_s, 2 * camera_s)):
            measurement.add_picture(topic, round((time_s + late) * 1e9), image)
    return measurement


def test_the_delays_are_found():
    delays = measured().result('franka', CAMERAS)
    assert delays.cameras['front/image_raw'] == pytest.approx(0.04, abs=0.004)
    assert delays.cameras['wrist/image_raw'] == pytest.approx(0.08, abs=0.004)
    assert delays.actuation == pytest.approx(0.08, abs=0.002)
    assert delays.transport == {'joint_states': 0.002}
    assert min(delays.correlations.values()) > 0.9


def test_what_cannot_be_measured_is_said():
    with pytest.raises(CalibrationError, match='front/image_raw: nothing moved'):
        measured(moves=False).result('franka', CAMERAS)
    with pytest.raises(CalibrationError, match='no joint states came'):
        DelayMeasurement().result('franka', CAMERAS)
    times = np.arange(0, 10, 0.01)
    with pytest.raises(CalibrationError, match='does not follow its reference'):
        lag_between(times, [stroke(time) for time in times], times,
                    np.random.default_rng(0).normal(size=len(times)))


def test_the_motion_starts_and_stops_and_stays_in_its_range():
    times = np.arange(0, 20, 0.01)
    places = np.array([stroke(time) for time in times])
    assert places.min() == 0.0 and places.max() == 1.0
    assert np.abs(np.diff(places)).max() < 0.06
    assert (np.diff(places) == 0).mean() > 0.3


def test_a_file_is_read_back_and_is_of_one_robot(contract, tmp_path):
    path = tmp_path / 'delays.yaml'
    delays = Delays(robot='franka', cameras={'front/image_raw': 0.05}, state=0.004, actuation=0.03)
    delays.save(path)
    read = Delays.load(path, 'franka')
    assert read.date and read.model_copy(update={'date': ''}) == delays
    assert read.by_topic(contract) == {
        'front/image_raw': 0.05, 'wrist/image_raw': 0.0, 'current_pose': 0.004,
        'joint_states': 0.004}
    with pytest.raises(DelaysError, match="was measured on 'franka', not on 'ur'"):
        Delays.load(path, 'ur')
