"""A mini policy with random weights in a folder, small enough to be made in a moment."""
import json
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import save_file

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_policies.mini.configuration import MiniConfiguration, ModelConfiguration
from vla_policies.mini.model import MiniModel

SIZES = ModelConfiguration(
    width=32, layers=1, heads=2, channels=(8, 16), key_points=8, words=4, readouts=2,
    flow_width=32, token_width=32, head_layers=1, bins=32)
CONTRACT = PolicyContract.load('mini_franka')


def statistics() -> dict:
    """Numbers of about the size of a tabletop data set."""
    horizon, dimension = CONTRACT.action.horizon, CONTRACT.action.space.dimension
    random = np.random.default_rng(0)
    state, action = random.normal(size=10), random.normal(size=(horizon, dimension)) * 0.1
    return {part: {'mean': mean.tolist(), 'std': (np.abs(mean) + 0.1).tolist()}
            for part, mean in (('state', state), ('action', action))}


def make(folder: Path, head: str = 'l1') -> Path:
    """Write the folder; the same weights for every head."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = MiniConfiguration(name='small', head=head, model=SIZES)
    (folder / 'policy.yaml').write_text(yaml.safe_dump(
        {'kind': 'mini', **configuration.model_dump(mode='json')}))
    CONTRACT.save(folder / 'contract.yaml')
    (folder / 'statistics.json').write_text(json.dumps(statistics()))
    torch.manual_seed(0)
    save_file(MiniModel(SIZES, CONTRACT, ('l1', 'flow', 'tokens')).state_dict(),
              folder / 'model.safetensors')
    return folder


def observation(seed: int = 0, instruction: str = 'pick up the red cube') -> Observation:
    """What the contract asks for, drawn at random."""
    random = np.random.default_rng(seed)
    state = np.concatenate([random.normal(size=3) * 0.2, [1, 0, 0, 0, -1, 0], [1.0]])
    return Observation(
        stamp_ns=10 ** 9, images={
            entry.key: random.integers(
                0, 255, (entry.processing.height, entry.processing.width, 3), np.uint8)
            for entry in CONTRACT.images},
        state=state.astype(np.float32), state_names=CONTRACT.state.labels,
        instruction=instruction)
