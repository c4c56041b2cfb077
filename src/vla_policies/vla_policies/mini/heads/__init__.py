"""
Heads by name: from readouts to a chunk.

A head has ``loss(readouts, actions) → Tensor [B]`` and ``sample(readouts, …) → Tensor [B, H, D]``,
both of normalised actions. Adding one adds a module here and a line in ``HEADS``.
"""
from torch import nn

from vla_policies.mini.configuration import ModelConfiguration
from vla_policies.mini.heads.flow import FlowHead
from vla_policies.mini.heads.l1 import L1Head
from vla_policies.mini.heads.tokens import TokenHead

__all__ = ['HEADS', 'create']

HEADS: dict[str, type[nn.Module]] = {'l1': L1Head, 'flow': FlowHead, 'tokens': TokenHead}


def create(name: str, model: ModelConfiguration, steps: int, dimension: int) -> nn.Module:
    """The head called ``name`` for chunks of ``steps`` actions of ``dimension`` numbers."""
    return HEADS[name](model, steps, dimension)
