"""
Actions as words: each number one of 256 bins, one after the other.

Brohan et al., "RT-2", 2023; Kim et al., "OpenVLA", 2024. Numbers are told step by step, those of a
step in the order of the action space, each knowing all before it.
"""
import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_policies.mini.configuration import ModelConfiguration

__all__ = ['TokenHead']

#: Normalised numbers beyond this many deviations are told as the outermost bin.
REACH = 3.0


class _Layer(nn.Module):
    """Causal self-attention that can remember what it has seen."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(
        self, tokens: Tensor, seen: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        batch, length, width = tokens.shape
        parts = self.project(self.attention_norm(tokens))
        query, key, value = parts.view(
            batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if seen is not None:
            key, value = torch.cat([seen[0], key], 2), torch.cat([seen[1], value], 2)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=seen is None)
        tokens = tokens + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return tokens + self.feed(self.norm(tokens)), (key, value)


class TokenHead(nn.Module):
    """Readouts [B, R, width] → actions [B, H, D], normalised, one number after the other."""

    def __init__(self, model: ModelConfiguration, steps: int, dimension: int) -> None:
        super().__init__()
        width = model.token_width
        self.shape = (steps, dimension)
        self.bins = model.bins
        self.context = nn.Linear(model.width, width)
        self.words = nn.Embedding(model.bins, width)
        self.step = nn.Parameter(torch.randn(steps, 1, width) * 0.02)
        self.number = nn.Parameter(torch.randn(dimension, width) * 0.02)
        self.layers = nn.ModuleList(
            [_Layer(width, model.heads) for _ in range(model.head_layers)])
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, model.bins))

    def encode(self, actions: Tensor) -> Tensor:
        """Bins [B, H · D] of normalised actions [B, H, D]."""
        share = (actions.flatten(1) / REACH + 1) / 2
        return (share * self.bins).long().clamp(0, self.bins - 1)

    def decode(self, bins: Tensor) -> Tensor:
        """Middle of the bins [B, H · D] as actions [B, H, D]."""
        return (((bins + 0.5) / self.bins * 2 - 1) * REACH).unflatten(1, self.shape)

    def loss(self, readouts: Tensor, actions: Tensor) -> Tensor:
        """Cross-entropy [B]."""
        bins = self.encode(actions)
        places = (self.step + self.number).flatten(0, 1)
        tokens = torch.cat(
            [self.context(readouts), self.words(bins[:, :-1]) + places[:-1]], 1)
        for layer in self.layers:
            tokens, _ = layer(tokens)
        scores = self.leave(tokens[:, readouts.shape[1] - 1:])
        return functional.cross_entropy(
            scores.transpose(1, 2), bins, reduction='none').mean(1)

    def sample(self, readouts: Tensor) -> Tensor:
        """The likeliest number each time."""
        places = (self.step + self.number).flatten(0, 1)
        tokens = self.context(readouts)
        seen = [None] * len(self.layers)
        chosen = []
        for index in range(len(places)):
            for number, layer in enumerate(self.layers):
                tokens, seen[number] = layer(tokens, seen[number])
            best = self.leave(tokens[:, -1]).argmax(-1)
            chosen.append(best)
            tokens = (self.words(best) + places[index])[:, None]
        return self.decode(torch.stack(chosen, 1))
