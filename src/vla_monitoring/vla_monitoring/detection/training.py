"""
Training of scorers, with torch: binary cross-entropy of the outcome at every step of a rollout.

Rollouts count alike whatever their length, outcomes alike whatever their number. Training stops
where rollouts that it has not seen are told apart best.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vla_monitoring.detection.figures import auroc
from vla_monitoring.detection.scorers import AccumulatedMlp, Lstm, Scorer

__all__ = ['Examples', 'train_scorer']

HIDDEN = {'accumulated_mlp': 64, 'lstm': 48}
EPOCHS, PATIENCE, LOOK = 120, 5, 3  # looked at every LOOK epochs, PATIENCE looks without gain
BATCH, LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 128, 3e-3, 1e-2, 0.2


@dataclass(frozen=True, eq=False)
class Examples:
    """Rollouts [T_i, E] each, and whether each is what the scorer is to notice."""

    embeddings: Sequence[np.ndarray]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.embeddings)

    def padded(self, mean: np.ndarray, scale: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised [N, T, E], and the weight of each step [N, T]: each rollout's add up to 1."""
        longest = max(map(len, self.embeddings))
        data = torch.zeros(len(self), longest, len(mean))
        weight = torch.zeros(len(self), longest)
        for index, rollout in enumerate(self.embeddings):
            data[index, :len(rollout)] = torch.from_numpy(
                ((rollout - mean) / scale).astype(np.float32))
            weight[index, :len(rollout)] = 1.0 / len(rollout)
        return data, weight


class _Mlp(torch.nn.Module):
    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.hidden = torch.nn.Linear(dimension, hidden)
        self.out = torch.nn.Linear(hidden, 1)
        self.dropout = torch.nn.Dropout(DROPOUT)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return self.out(self.dropout(torch.relu(self.hidden(self.dropout(data)))))[..., 0]

    def arrays(self) -> dict[str, torch.Tensor]:
        return {'hidden_weight': self.hidden.weight, 'hidden_bias': self.hidden.bias,
                'weight': self.out.weight[0], 'bias': self.out.bias[0]}


class _Lstm(torch.nn.Module):
    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(dimension, hidden, batch_first=True)
        self.out = torch.nn.Linear(hidden, 1)
        self.dropout = torch.nn.Dropout(DROPOUT)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return self.out(self.dropout(self.lstm(self.dropout(data))[0]))[..., 0]

    def arrays(self) -> dict[str, torch.Tensor]:
        lstm = self.lstm
        return {'input_weight': lstm.weight_ih_l0, 'state_weight': lstm.weight_hh_l0,
                'gate_bias': lstm.bias_ih_l0 + lstm.bias_hh_l0,
                'weight': self.out.weight[0], 'bias': self.out.bias[0]}


_MODELS = {'accumulated_mlp': (_Mlp, AccumulatedMlp), 'lstm': (_Lstm, Lstm)}


def train_scorer(
    kind: str, training: Examples, validation: Examples, seed: int = 0,
) -> tuple[Scorer, float]:
    """
    A scorer of ``kind``, and the area under its curve on ``validation``.

    ValueError when the training examples are all of one kind.
    """
    if len(set(training.labels.tolist())) < 2:
        raise ValueError('all training rollouts ended alike: there is nothing to learn from')
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # the layers are so small that threads only wait for each other
    stacked = np.concatenate(training.embeddings)
    mean = stacked.mean(axis=0)
    scale = np.maximum(stacked.std(axis=0), 1e-4)
    module, scorer = _MODELS[kind]
    model = module(len(mean), HIDDEN[kind])
    data, weight = training.padded(mean, scale)
    labels = torch.from_numpy(training.labels.astype(np.float32))
    share = labels.mean()
    weight = weight * torch.where(labels > 0, 0.5 / share, 0.5 / (1 - share))[:, None]
    targets = labels[:, None].expand(data.shape[:2])
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    judge = _Judge(validation, mean, scale, kind)
    best, best_area, since = {}, -1.0, 0
    for epoch in range(EPOCHS):
        model.train()
        for batch in torch.randperm(len(data)).split(BATCH):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                model(data[batch]), targets[batch], reduction='none')
            optimiser.zero_grad()
            ((loss * weight[batch]).sum() / len(batch)).backward()
            optimiser.step()
        if epoch % LOOK:
            continue
        since += 1
        area = judge.area(model)
        if area > best_area + 1e-4:
            best_area, since = area, 0
            best = {name: array.detach().numpy().copy() for name, array in model.arrays().items()}
        if since > PATIENCE:
            break
    return scorer({'mean': mean, 'scale': scale, **best}), best_area


class _Judge:
    """Area as in `figures.failure_figures`: on the steps in which half of the others still ran."""

    def __init__(self, examples: Examples, mean: np.ndarray, scale: np.ndarray, kind: str) -> None:
        self._labels = examples.labels.astype(bool)
        others = [len(e) for e, label in zip(examples.embeddings, self._labels) if not label]
        horizon = int(np.median(others)) if others else 1
        data, weight = examples.padded(mean, scale)
        self._data, self._ran = data[:, :horizon], weight[:, :horizon] > 0
        self._adds_up = kind == AccumulatedMlp.kind

    def area(self, model: torch.nn.Module) -> float:
        model.eval()
        with torch.no_grad():
            scores = torch.sigmoid(model(self._data)) * self._ran
            peaks = (scores.sum(dim=1) if self._adds_up else scores.max(dim=1).values).numpy()
        area = auroc(peaks[~self._labels], peaks[self._labels])
        return 0.5 if np.isnan(area) else area
