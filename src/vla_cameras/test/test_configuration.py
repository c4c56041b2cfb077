import pytest
import yaml

from vla_cameras import sources
from vla_cameras.camera_info import Intrinsics, pinhole
from vla_cameras.configuration import CameraConfigurationError, CameraSet, load_cameras

GOOD = {'source': {'kind': 'v4l2'}, 'frame': 'f', 'width': 640, 'height': 480, 'rate_hz': 30}


def written(tmp_path, content):
    path = tmp_path / 'lab.yaml'
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_sets_of_the_repository_fit_every_robot():
    for name in CameraSet.available():
        for robot in ('franka', 'ur', 'aloha'):
            cameras = load_cameras(name, robot, snapshot='world', world='')
            assert cameras and all(camera.frame.endswith('_optical') for camera in cameras)


def test_what_a_set_leaves_out_comes_from_the_profile(tmp_path):
    path = written(tmp_path, {
        'every': {'source': {'kind': 'simulated', 'depth': True}},
        'cameras': {'front': {'source': {'kind': 'v4l2'}, 'width': 1280, 'height': 720}}})
    front, wrist = load_cameras(path, 'franka', snapshot='here', world='')
    assert (front.width, front.frame, front.rate_hz) == (1280, 'front_optical', 30)
    assert wrist.source.snapshot == 'here' and wrist.source.robot == 'franka'
    only, = load_cameras(path, 'franka', ['wrist'])
    assert only.name == 'wrist'


@pytest.mark.parametrize(('camera', 'reason'), [
    ({'source': {'kind': 'v4l'}}, "cameras.top.source.kind: no source 'v4l'; did you mean 'v4l2'"),
    ({'source': {'kind': 'v4l2', 'devise': 'x'}}, "source.devise: unknown key; did you mean 'dev"),
    ({'source': {}}, 'cameras.top.source.kind: is missing'),
    ({'source': {'kind': 'nowhere:Camera'}}, "'nowhere:Camera' cannot be loaded"),
    ({'source': {'kind': 'stream'}}, 'cameras.top.source.url: is missing'),
    ({'frame': None}, 'camera top: frame: is missing'),
    ({'exposure': 1}, 'cameras.top.exposure: unknown key'),
    ({'rate_hz': 0}, 'cameras.top.rate_hz: input should be greater than 0'),
])
def test_a_mistake_is_one_line_that_names_the_field(tmp_path, camera, reason):
    path = written(tmp_path, {'cameras': {'top': {**GOOD, **camera}}})
    with pytest.raises(CameraConfigurationError) as caught:
        load_cameras(path)
    assert reason in str(caught.value) and '\n' not in str(caught.value)


def test_a_set_or_camera_that_there_is_not_is_named(tmp_path):
    with pytest.raises(CameraConfigurationError, match="did you mean 'simulated'"):
        load_cameras('simulate', 'franka')
    path = written(tmp_path, {'cameras': {'top': GOOD}})
    with pytest.raises(CameraConfigurationError, match="no camera 'tip'; did you mean 'top'"):
        load_cameras(path, only=['tip'])


def test_a_damaged_calibration_is_named(tmp_path):
    path = written(tmp_path, {'cameras': {'top': GOOD}})
    (tmp_path / 'lab.calibration.yaml').write_text('cameras: {top: {delay: {delay_s: x}}}')
    with pytest.raises(CameraConfigurationError, match=r'lab.calibration.yaml: cameras.top.delay'):
        load_cameras(path)


def test_every_source_is_found():
    assert sources.available() == ['image_folder', 'simulated', 'stream', 'v4l2', 'video_file']
    for kind in sources.available():
        assert sources.find(kind).Config.model_fields['kind'].default == kind


def test_intrinsics_of_a_resized_picture():
    half = pinhole(640, 480, 50).scaled(320, 240)
    assert half == pinhole(320, 240, 50)
    with pytest.raises(ValueError, match='plumb_bob has 5 coefficients, not 2'):
        Intrinsics(width=1, height=1, fx=1, fy=1, cx=0, cy=0, distortion=(0, 0))
