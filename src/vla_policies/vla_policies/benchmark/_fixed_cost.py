"""A policy that costs what a model on a GPU does: much for a batch, little for each of it."""
import time
from collections.abc import Sequence

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_policies.policy import Policy, Request

__all__ = ['BATCH_S', 'REQUEST_S', 'FixedCost']

BATCH_S = 0.025  # π0 at batch 1 on an H200
REQUEST_S = 0.001
SIZE = 224
HORIZON = 50
JOINTS = tuple(f'fr3_joint{index}' for index in range(1, 8))


def contract() -> PolicyContract:
    """Two images of 224 × 224, seven joints and a gripper; 50 steps of eight numbers."""
    images = [{'key': f'observation.images.{name}', 'topic': f'{name}/image_raw',
               'processing': {'width': SIZE, 'height': SIZE}} for name in ('front', 'wrist')]
    return PolicyContract.model_validate({
        'name': 'fixed_cost', 'robot': 'franka', 'rate_hz': 50.0, 'images': images,
        'state': {'parts': [
            {'source': 'joint_position', 'topic': 'joint_states', 'names': JOINTS},
            {'source': 'gripper', 'topic': 'joint_states', 'arm': 'arm'}]},
        'action': {'horizon': HORIZON, 'space': {
            'kind': 'joint_position', 'names': JOINTS, 'gripper': 'normalised_open'}}})


class FixedCost(Policy):
    """Holds still; a batch takes ``BATCH_S`` and ``REQUEST_S`` for each request, asleep."""

    name = 'fixed_cost'

    def __init__(self) -> None:
        self.contract = contract()

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        time.sleep(BATCH_S + REQUEST_S * len(requests))
        times = (1 + np.arange(HORIZON)) / self.contract.rate_hz
        return [ActionChunk(
            stamp_ns=request.observation.stamp_ns, space=self.contract.action.space,
            times_s=times, data=np.tile(request.observation.state, (HORIZON, 1)))
            for request in requests]
