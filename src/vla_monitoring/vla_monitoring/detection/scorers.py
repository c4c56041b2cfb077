"""
Scores over time from the embedding of each chunk; NumPy only, one step at a time.

    s_t = Σ_{τ ≤ t} σ(g(e_τ))                 AccumulatedMlp
    s_t = σ(w · h_t), h_t = LSTM(h_{t−1}, e_t) Lstm
    s_t = ‖(e_t − μ) / spread‖ in principal axes   Novelty

The first two are SAFE's (Gu et al., "SAFE: Multitask Failure Detection for Vision-Language-Action
Models", 2025, section 4); they are trained by `vla_monitoring.train_detector`. Novelty needs no
failures: it is the Mahalanobis distance to what successful rollouts had in mind.
"""
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

__all__ = ['SCORERS', 'AccumulatedMlp', 'Lstm', 'Novelty', 'Scorer']

Arrays = Mapping[str, np.ndarray]


class Scorer(ABC):
    """
    A score for each step of one rollout; higher is worse.

    ``arrays`` are the weights, float32, by the names in ``names``.
    """

    kind: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    def __init__(self, arrays: Arrays) -> None:
        missing = [name for name in self.names if name not in arrays]
        if missing:
            raise ValueError(f'scorer {self.kind}: no array {missing[0]!r}')
        self.arrays = {name: np.asarray(arrays[name], np.float32) for name in self.names}
        for name, array in self.arrays.items():
            if not np.all(np.isfinite(array)):
                raise ValueError(f'scorer {self.kind}: {name} is not finite')

    @property
    def dimension(self) -> int:
        """E."""
        return len(self.arrays['mean'])

    def begin(self) -> Any:
        """State of a new rollout."""
        return None

    @abstractmethod
    def step(self, state: Any, embedding: np.ndarray) -> tuple[Any, float]:
        """State after an embedding [E], and the score there."""

    def scores(self, embeddings: np.ndarray) -> np.ndarray:
        """Scores [T] of a whole rollout [T, E]."""
        state, scores = self.begin(), np.empty(len(embeddings))
        for index, embedding in enumerate(embeddings):
            state, scores[index] = self.step(state, embedding)
        return scores

    def _normalised(self, embedding: np.ndarray) -> np.ndarray:
        return (embedding - self.arrays['mean']) / self.arrays['scale']


class AccumulatedMlp(Scorer):
    """One hidden layer on each embedding; the probabilities add up."""

    kind = 'accumulated_mlp'
    names = ('mean', 'scale', 'hidden_weight', 'hidden_bias', 'weight', 'bias')

    def begin(self) -> float:
        return 0.0

    def step(self, state: float, embedding: np.ndarray) -> tuple[float, float]:
        arrays = self.arrays
        hidden = np.maximum(
            arrays['hidden_weight'] @ self._normalised(embedding) + arrays['hidden_bias'], 0.0)
        total = state + float(_sigmoid(arrays['weight'] @ hidden + arrays['bias']))
        return total, total


class Lstm(Scorer):
    """A recurrent layer; gates in PyTorch's order: input, forget, cell, output."""

    kind = 'lstm'
    names = ('mean', 'scale', 'input_weight', 'state_weight', 'gate_bias', 'weight', 'bias')

    def begin(self) -> tuple[np.ndarray, np.ndarray]:
        size = self.arrays['state_weight'].shape[1]
        return np.zeros(size, np.float32), np.zeros(size, np.float32)

    def step(self, state: Any, embedding: np.ndarray) -> tuple[Any, float]:
        arrays, (hidden, cell) = self.arrays, state
        gates = (arrays['input_weight'] @ self._normalised(embedding)
                 + arrays['state_weight'] @ hidden + arrays['gate_bias'])
        enter, keep, change, leave = np.split(gates, 4)
        cell = _sigmoid(keep) * cell + _sigmoid(enter) * np.tanh(change)
        hidden = _sigmoid(leave) * np.tanh(cell)
        return (hidden, cell), float(_sigmoid(arrays['weight'] @ hidden + arrays['bias']))


class Novelty(Scorer):
    """Distance to successful rollouts in their principal axes, and off them."""

    kind = 'novelty'
    names = ('mean', 'scale', 'axes', 'spread', 'rest')

    def step(self, state: None, embedding: np.ndarray) -> tuple[None, float]:
        arrays = self.arrays
        centred = self._normalised(embedding)
        along = arrays['axes'] @ centred
        off = centred - along @ arrays['axes']
        square = np.mean((along / arrays['spread']) ** 2) + np.mean(off ** 2) / arrays['rest'] ** 2
        return None, float(np.sqrt(square / 2))

    @classmethod
    def fit(cls, embeddings: np.ndarray, share: float = 0.95, most: int = 32) -> 'Novelty':
        """From embeddings [N, E] of successes: the axes that hold ``share`` of their variance."""
        mean = embeddings.mean(axis=0)
        scale = np.maximum(embeddings.std(axis=0), 1e-6)
        normalised = (embeddings - mean) / scale
        _, singular, axes = np.linalg.svd(normalised, full_matrices=False)
        variances = singular ** 2 / max(len(embeddings) - 1, 1)
        held = np.cumsum(variances) / max(variances.sum(), 1e-12)
        count = int(min(most, 1 + np.searchsorted(held, share), len(axes)))
        axes = axes[:count]
        off = normalised - normalised @ axes.T @ axes
        return cls({'mean': mean, 'scale': scale, 'axes': axes,
                    'spread': np.sqrt(np.maximum(variances[:count], 1e-9)),
                    'rest': np.maximum(np.sqrt(np.mean(off ** 2)), 1e-3)})


#: Scorers by the name that a detector's card gives.
SCORERS: dict[str, type[Scorer]] = {
    scorer.kind: scorer for scorer in (AccumulatedMlp, Lstm, Novelty)}


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * values))
