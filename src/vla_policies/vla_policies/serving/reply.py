"""What goes back to a client: openpi's fields, and ours for a client that knows them."""
from typing import Any

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_policies.policy import Policy
from vla_policies.serving.request import EXTENSION, Asked

__all__ = ['metadata', 'reply']

EXTENSION_VERSION = 1


def metadata(policy: Policy) -> dict[str, Any]:
    """The first frame on a connection: who serves, and the whole contract under ``vla``."""
    contract: PolicyContract = policy.contract
    return {
        'policy': policy.name,
        'action_horizon': contract.action.horizon,
        'action_labels': list(contract.action.space.labels),
        'rate_hz': float(contract.rate_hz),
        EXTENSION: {
            'version': EXTENSION_VERSION, 'takes_prefix': bool(policy.takes_prefix),
            'contract': contract.model_dump(mode='json')},
    }


def reply(
    asked: Asked, chunk: ActionChunk, infer_ms: float, previous_total_ms: float | None,
) -> dict[str, Any]:
    """
    The answer to ``asked``: actions [H, D] and timing, in ms.

    The state is a list rather than an array, because openpi's ActionChunkBroker takes every array
    to have a row for each step.
    """
    timing = {'infer_ms': infer_ms}
    if previous_total_ms is not None:
        timing['prev_total_ms'] = previous_total_ms
    message: dict[str, Any] = {
        'actions': np.asarray(chunk.data),
        'state': asked.request.observation.state.tolist(),
        'policy_timing': {'infer_ms': infer_ms},
        'server_timing': timing,
    }
    if asked.extended:
        message[EXTENSION] = {
            'stamp_ns': chunk.stamp_ns, 'times_s': np.asarray(chunk.times_s, dtype=np.float64),
            'prefix_length': int(chunk.prefix_length), 'policy': chunk.policy}
        if chunk.uncertainty is not None:
            message[EXTENSION]['uncertainty'] = np.asarray(chunk.uncertainty)
        if asked.features:
            features = getattr(chunk, 'features', {})
            message[EXTENSION]['features'] = {
                str(name): np.asarray(value) for name, value in features.items()}
    return message
