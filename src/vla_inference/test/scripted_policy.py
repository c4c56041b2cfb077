"""
A policy that does what the instruction says, also what no policy should: served by tests.

    'left', 'right', 'up'   moves the tip that way at 5 cm/s
    'slow 0.5'              the same, half a second late
    'crash'                 the process ends
    'not a number'          answers NaN
    'too short'             answers rows of another space
"""
import os
import time
from collections.abc import Sequence

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_policies.policy import Policy, Request

DIRECTIONS = {'left': (0, 1, 0), 'right': (0, -1, 0), 'up': (0, 0, 1)}
SPEED = 0.05
MODEL_S = 0.01


class ScriptedPolicy(Policy):
    """Moves the tip from where the observation says it is."""

    takes_prefix = True

    def __init__(self, contract: PolicyContract) -> None:
        self.contract = contract
        self.name = 'scripted'
        self._resets = 0

    def reset(self, instruction: str) -> None:
        self._resets += 1

    def session(self) -> 'ScriptedPolicy':
        return ScriptedPolicy(self.contract)

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        return [self._infer(request) for request in requests]

    def _infer(self, request: Request) -> ActionChunk:
        observation, contract = request.observation, self.contract
        began = time.time_ns()
        word, _, argument = observation.instruction.partition(' ')
        if word == 'crash':
            os._exit(3)
        time.sleep(float(argument) if word == 'slow' else MODEL_S)
        steps = np.arange(1, contract.action.horizon + 1) / contract.rate_hz
        data = np.tile(observation.state, (len(steps), 1)).astype(np.float32)
        data[:, :3] += np.outer(steps * SPEED, DIRECTIONS.get(word, (0, 0, 0)))
        data[:, 9] = self._resets / 10 if word == 'resets' else data[:, 9]
        if word == 'not':
            data[2, 1] = np.nan
        if word == 'too':
            data = data[:, :5]
        return ActionChunk(
            stamp_ns=observation.stamp_ns, space=contract.action.space, times_s=steps, data=data,
            inference_start_ns=began, inference_end_ns=time.time_ns(), policy=self.name,
            prefix_length=min(request.delay, len(steps)),
            features={'embedding': np.arange(4.0)})
