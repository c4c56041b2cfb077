"""A contract, its samples and, for the node, a robot that streams and an execution that obeys."""
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vla_core.action_space import ActionSpace
from vla_core.policy_contract import (
    ActionContract,
    CameraSample,
    ImageContract,
    JointSample,
    PolicyContract,
    PoseSample,
    StateContract,
    StatePart,
)
from vla_core.profile import RobotProfile

HERE = Path(__file__).parent
SOURCES = Path(__file__).parents[2]
JOINTS = (*(f'fr3_joint{index}' for index in range(1, 8)), 'fr3_finger_joint1')

# Policy servers are processes of their own: they find the packages and this folder's policies.
os.environ['PYTHONPATH'] = os.pathsep.join(
    [str(HERE), *(str(setup.parent) for setup in sorted(SOURCES.glob('*/setup.py'))),
     os.environ.get('PYTHONPATH', '')])
sys.path.insert(0, str(HERE))


@pytest.fixture(scope='session')
def profile():
    return RobotProfile.load('franka')


@pytest.fixture(scope='session')
def contract(profile):
    return PolicyContract(
        name='scripted', robot='franka', rate_hz=10.0,
        images=(
            ImageContract(key='observation.images.front', topic='front/image_raw',
                          processing={'width': 32, 'height': 24}, max_age_s=0.3),
            ImageContract(key='observation.images.wrist', topic='wrist/image_raw',
                          processing={'width': 24, 'height': 24, 'fit': 'crop'}, max_age_s=0.3)),
        state=StateContract(parts=(
            StatePart(source='tip_pose', topic='current_pose', arm='arm', rotation='rotation_6d'),
            StatePart(source='gripper', topic='joint_states', arm='arm')), max_age_s=0.2),
        action=ActionContract(horizon=10, space=ActionSpace.of_robot(
            profile, 'pose', frame='base', rotation='rotation_6d', gripper='normalised_open')))


@pytest.fixture(scope='session')
def contract_file(contract, tmp_path_factory):
    path = tmp_path_factory.mktemp('contract') / 'scripted.yaml'
    contract.save(path)
    return path


@pytest.fixture(name='wait_for')
def _wait_for():
    def wait_for(condition, what, timeout=20.0):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.02)
        raise AssertionError(f'waited {timeout:.0f} s in vain for {what}')
    return wait_for


class Samples:
    """Samples of a robot at times of the test's choosing, each picture another."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)

    def picture(self, stamp_ns, width=64, height=48):
        return CameraSample(
            self.random.integers(0, 256, (height, width, 3), dtype=np.uint8), 'rgb8', stamp_ns)

    def pose(self, stamp_ns, x=0.4):
        return PoseSample(np.array([x, 0.0, 0.5]), np.array([1.0, 0.0, 0.0, 0.0]), stamp_ns)

    def joints(self, stamp_ns, names=JOINTS, finger=0.02):
        values = {**dict.fromkeys(JOINTS, 0.1), 'fr3_finger_joint1': finger}
        return JointSample(names, stamp_ns, np.array([values.get(name, 0.0) for name in names]))

    def round(self, stamp_ns, x=0.4):
        """One sample of every topic."""
        return {'front/image_raw': self.picture(stamp_ns),
                'wrist/image_raw': self.picture(stamp_ns),
                'current_pose': self.pose(stamp_ns, x), 'joint_states': self.joints(stamp_ns)}


@pytest.fixture
def samples():
    return Samples()
