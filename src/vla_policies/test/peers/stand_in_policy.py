"""
A policy whose numbers tell what it was asked, for tests of the server and of clients.

Each row of its actions is [mean of image 0, mean of image 1, sum of the state, characters of the
instruction, episodes of the session, steps of the prefix, delay, a draw of rng or 0].
"""
import time

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_policies.policy import Policy, check_observation

HORIZON = 6
SIZE = (24, 32)  # height, width
JOINTS = tuple(f'joint{index + 1}' for index in range(7))


def make_contract(cameras=('front', 'wrist'), joints=JOINTS, prefix='observation.images.'):
    """A contract of joint positions with a gripper, and a small image a camera."""
    return PolicyContract.model_validate({
        'name': 'stand_in', 'robot': 'franka', 'rate_hz': 10.0,
        'images': [{'key': prefix + camera, 'topic': f'{camera}/image_raw',
                    'processing': {'width': SIZE[1], 'height': SIZE[0]}} for camera in cameras],
        'state': {'parts': [
            {'source': 'joint_position', 'topic': 'joint_states', 'names': list(joints)},
            {'source': 'gripper', 'topic': 'joint_states', 'arm': 'arm'}]},
        'action': {'horizon': HORIZON, 'space': {
            'kind': 'joint_position', 'names': list(JOINTS), 'gripper': 'normalised_open'}},
        'language': {'template': 'please {instruction}'}})


class StandIn(Policy):
    """See the module; ``cost_s`` is slept for each batch. Some instructions make it fail."""

    name = 'stand_in'
    takes_prefix = True

    def __init__(self, contract=None, cost_s=0.0):
        self.contract = contract or make_contract()
        self.cost_s = cost_s
        self.batches = []
        self.episodes = 0

    def reset(self, instruction):
        self.episodes += 1

    def infer_batch(self, requests):
        time.sleep(self.cost_s)
        self.batches.append(len(requests))
        return [self._infer(request) for request in requests]

    def _infer(self, request):
        observation = request.observation
        check_observation(observation, replace_template(self.contract))
        if 'crash' in observation.instruction:
            raise RuntimeError('the device has gone')
        images = list(observation.images.values())
        row = [*(float(image.mean()) for image in images[:2]), *[0.0] * (2 - len(images)),
               float(observation.state.sum()), len(observation.instruction), self.episodes,
               0 if request.prefix is None else len(request.prefix), request.delay,
               0.0 if request.rng is None else float(request.rng.random())]
        data = np.tile(np.array(row, dtype=np.float32), (HORIZON, 1))
        if 'diverge' in observation.instruction:
            data[2, 3] = np.nan
        return ActionChunk(
            stamp_ns=observation.stamp_ns, space=self.contract.action.space, data=data,
            times_s=(1 + np.arange(HORIZON)) / self.contract.rate_hz, policy=self.name,
            instruction=observation.instruction)


class Remembering(StandIn):
    """A stand-in whose sessions each count their own episodes."""

    def session(self):
        return Remembering(self.contract, self.cost_s)


def replace_template(contract):
    """The contract for an instruction that has been put into the template already."""
    return contract.model_copy(
        update={'language': contract.language.model_copy(update={'template': '{instruction}'})})


def aloha():
    """A stand-in with ALOHA's four cameras."""
    return Remembering(make_contract(('cam_high', 'cam_low', 'cam_left_wrist', 'cam_right_wrist')))


def slow():
    """A stand-in that takes a quarter of a second for a batch."""
    return StandIn(cost_s=0.25)
