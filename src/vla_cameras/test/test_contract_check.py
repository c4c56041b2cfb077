import numpy as np
import pytest

from vla_cameras.configuration import CameraSet
from vla_cameras.contract_check import (
    COMPRESSED,
    IMAGE,
    Expected,
    StreamSeen,
    expected_of_cameras,
    expected_of_contract,
    failed,
    judge,
)
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile

EXPECTED = Expected('front/image_raw', IMAGE, 30.0, 0.2, width=640, height=480, encoding='rgb8',
                    frame='front_optical')


def seen(**changes):
    arrivals = (np.arange(60) * 33_333_333 + 10**18).tolist()
    stream = {
        'types': (IMAGE,), 'seconds': 2.0, 'sizes': {(640, 480)}, 'encodings': {'rgb8'},
        'frames': {'front_optical'}, 'arrivals_ns': arrivals,
        'stamps_ns': [arrival - 20_000_000 for arrival in arrivals]}
    return StreamSeen(**{**stream, **changes})


def shifted(milliseconds):
    return [stamp + int(milliseconds * 1e6) for stamp in seen().stamps_ns]


def test_a_good_camera_is_one_line():
    lines = [str(finding) for finding in judge(EXPECTED, seen())]
    assert lines == ['ok: front/image_raw: 30.0 Hz, 640×480 rgb8, 20.0 ms old']


@pytest.mark.parametrize(('changes', 'line'), [
    ({'types': ()}, 'error: front/image_raw: nobody publishes it'),
    ({'types': (COMPRESSED,)}, 'is sensor_msgs/msg/CompressedImage, not sensor_msgs/msg/Image'),
    ({'stamps_ns': [], 'arrivals_ns': []}, '0 pictures came in 2 s'),
    ({'sizes': {(320, 240)}}, 'is 320×240, not 640×480'),
    ({'sizes': {(320, 240), (640, 480)}}, 'changes its size: 320×240, 640×480'),
    ({'encodings': {'bgr8'}}, 'is bgr8, not rgb8'),
    ({'frames': {'camera'}}, 'has frame camera, not front_optical'),
    ({'arrivals_ns': [10**18 + index * 10**8 for index in range(60)],
      'stamps_ns': [10**18 + index * 10**8 - 10**7 for index in range(60)]},
     'comes at 10.0 Hz; 30 Hz are needed'),
    ({'stamps_ns': [0] * 60}, 'has no stamps'),
    ({'stamps_ns': shifted(60)}, 'stamps lie in the future, by 40.0 ms'),
    ({'stamps_ns': shifted(-300)}, 'is 320 ms old on arrival; 200 ms are allowed'),
    ({'stamps_ns': shifted(20 - 0.1)}, 'warning: front/image_raw: is stamped 0.10 ms before'),
    ({'stamps_ns': [*shifted(0)[:-1], shifted(0)[-2]]}, '1 pictures repeat the stamp before'),
    ({'stamps_ns': [*shifted(0)[:-1], shifted(0)[0]]}, 'stamps go back'),
])
def test_each_fault_is_one_line(changes, line):
    findings = judge(EXPECTED, seen(**changes))
    assert any(line in str(finding) for finding in findings), findings
    assert failed(findings) != line.startswith('warning')


def test_what_a_contract_needs_of_its_topics():
    contract = PolicyContract.model_validate({
        'name': 'p', 'robot': 'franka', 'rate_hz': 20,
        'images': [{'key': 'image', 'topic': 'front/image_raw',
                    'processing': {'width': 224, 'height': 224, 'crop': {
                        'left': 80, 'top': 0, 'width': 480, 'height': 480}}}],
        'action': {'horizon': 10, 'space': {
            'kind': 'joint_position', 'names': ['fr3_joint1'], 'gripper': 'none'}}})
    expected, = expected_of_contract(contract)
    assert (expected.least_width, expected.least_height) == (560, 480)
    findings = judge(expected, seen(encodings={'16UC1'}, sizes={(320, 240)}))
    assert {finding.level for finding in findings} == {'error', 'warning'}


def test_what_a_camera_set_promises():
    camera_set = CameraSet.model_validate({'every': {
        'source': {'kind': 'simulated'}, 'publish': {'width': 320, 'height': 240}}})
    front, wrist = expected_of_cameras(camera_set.resolve(RobotProfile.load('franka')))
    assert (front.topic, front.width, wrist.frame) == ('front/image_raw', 320, 'wrist_optical')
