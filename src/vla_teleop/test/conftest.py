"""Robots, and arms that stand where the tests begin."""
import numpy as np
import pytest

from vla_core.profile import RobotProfile
from vla_teleop.teleoperator import ArmState


@pytest.fixture(scope='session')
def franka():
    return RobotProfile.load('franka')


@pytest.fixture(scope='session')
def aloha():
    return RobotProfile.load('aloha')


@pytest.fixture
def state():
    """An arm in front of its base, the tool pointing down, the gripper open."""
    return ArmState(pose=(np.array([0.45, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 0.0])),
                    joints=np.zeros(7), opening=1.0)
