"""Robots, spaces and chunks that the tests execute."""
import numpy as np
import pytest

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.profile import RobotProfile
from vla_execution.executor import ExecutionSettings, Executor

MS = 1_000_000


@pytest.fixture(scope='session')
def franka():
    return RobotProfile.load('franka')


@pytest.fixture(scope='session')
def aloha():
    return RobotProfile.load('aloha')


@pytest.fixture(scope='session')
def joints(franka):
    return ActionSpace.of_robot(franka, 'joint_position')


@pytest.fixture(scope='session')
def poses(franka):
    return ActionSpace.of_robot(
        franka, 'pose', frame='base', rotation='rotation_6d', gripper='normalised_open')


@pytest.fixture(scope='session')
def home():
    """A pose action: in front of the robot, the tool pointing down, the gripper open."""
    return np.array([0.45, 0.0, 0.3, 1, 0, 0, 0, -1, 0, 1.0])


@pytest.fixture
def chunk():
    """Return a function that makes a chunk of rows, or of offsets of the first number."""
    counter = iter(range(1, 10_000))

    def make(space, stamp_ms, rows, step_ms=100, **fields):
        rows = np.asarray(rows, dtype=np.float64)
        times = step_ms / 1000 * np.arange(1, len(rows) + 1)
        fields.setdefault('sequence', next(counter))
        return ActionChunk(stamp_ms * MS, space, times, rows, **fields)
    return make


@pytest.fixture
def execute():
    """Return a function that starts an executor at a row at time 0."""
    def make(profile, space, row, **settings):
        executor = Executor(profile, space, ExecutionSettings(**settings))
        executor.start(0, np.asarray(row, np.float64))
        return executor
    return make


@pytest.fixture
def walk():
    """Return a function that samples references: rows [n, D] every 10 ms from ms to ms."""
    def make(executor, begin_ms, end_ms, step_ms=10):
        return np.array([executor.reference(int(t * MS)).row
                         for t in np.arange(begin_ms, end_ms, step_ms)])
    return make
