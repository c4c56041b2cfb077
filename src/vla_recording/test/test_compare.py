"""A policy that does what was done has no error; one that is off by a little is off by that."""
import numpy as np
import pytest
from synthetic_bag import contract

from vla_core.action_chunk import ActionChunk
from vla_core.profile import RobotProfile
from vla_policies.policy import Policy
from vla_recording.bag_reader import Bag
from vla_recording.compare import compare, write_page
from vla_recording.frames import EpisodeFrames


class Rehearsed(Policy):
    """Gives the recorded actions, ``off`` beside them."""

    name = 'rehearsed'

    def __init__(self, actions, start_ns, off):
        self.contract = contract()
        self._actions, self._start_ns, self._off = actions, start_ns, off

    def infer_batch(self, requests):
        chunks = []
        horizon = self.contract.action.horizon
        for request in requests:
            first = round((request.observation.stamp_ns - self._start_ns) / 1e8)
            rows = np.minimum(np.arange(first, first + horizon), len(self._actions) - 1)
            chunks.append(ActionChunk(
                request.observation.stamp_ns, self.contract.action.space,
                np.arange(1, horizon + 1) / 10, self._actions[rows] + self._off))
        return chunks


@pytest.mark.parametrize('off', [0.0, 0.25])
def test_errors_are_those_that_were_made(make_bag, tmp_path, off):
    profile = RobotProfile.load('franka')
    with Bag(make_bag(seconds=2.0)) as bag:
        part = EpisodeFrames(bag, contract(), profile, 'do').parts[0]
        policy = Rehearsed(np.stack(part.actions), part.steps[0].stamp_ns, np.float32(off))
        found = compare(bag, policy, profile, every=5)
    np.testing.assert_allclose(found.error_by_number, off, atol=1e-6)
    np.testing.assert_allclose(found.error_by_step, off, atol=1e-6)
    assert len(found.begun) == -(-len(found.recorded) // 5)
    write_page(found, 'rehearsed', tmp_path / 'page.html')
    page = (tmp_path / 'page.html').read_text()
    assert page.count('<svg') == len(found.labels) + 1 and 'arm.x' in page
