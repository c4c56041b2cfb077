"""The workspace for motion that is given in joints: where does the tip go, and how far may it?

A target, a velocity or a trajectory of joints is judged by where it takes the tip, by forward
kinematics of the arm's base frame. A tip that is outside already may move inward and along, never
further out: the bound is then where it is, and comes in with it.
"""

from __future__ import annotations

import numpy as np

from vla_control.arm_model import ArmModel
from vla_core.profile import ArmProfile

__all__ = ['SLACK', 'STRIDE', 'Workspace']

SLACK = 1e-3  # m, by which a reference may round its way along a side
STRIDE = 0.05  # rad, the farthest that a joint moves between two looks
HALVINGS = 8  # of a stride, when the side is sought
AXES = 'xyz'


class Workspace:
    """The box of one arm. Joint positions are [n] in rad; the model is asked for its tip only."""

    def __init__(self, arm: ArmProfile, model: ArmModel) -> None:
        self._model = model
        self._lower = tuple(map(float, arm.workspace.lower))
        self._upper = tuple(map(float, arm.workspace.upper))

    def share(self, position: np.ndarray, ahead: np.ndarray, slack: float = 0.0) -> float:
        """Share in [0, 1] of the tip's way between two near joint positions that is allowed."""
        here = self._model.tip_at(position).tolist()
        there = self._model.tip_at(ahead).tolist()
        share = 1.0
        for p, q, low, high in zip(here, there, self._lower, self._upper):
            if q > high + slack and q > p:
                share = min(share, max(high + slack - p, 0.0) / (q - p))
            elif q < low - slack and q < p:
                share = min(share, max(p - low + slack, 0.0) / (p - q))
        return share

    def leaves(self, position: np.ndarray, ahead: np.ndarray) -> bool:
        """Whether going on to a near joint position takes the tip out, or further out."""
        return self.share(position, ahead, SLACK) < 1.0

    def confined(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """The goal, or the last position on the joints' straight way to it that is allowed."""
        way = goal - start
        strides = int(np.abs(way).max() / STRIDE) + 1
        bounds = _Bounds(self._lower, self._upper, self._model.tip_at(start).tolist())
        for stride in range(1, strides + 1):
            if not bounds.exceeded(self._model.tip_at(start + (stride / strides) * way).tolist()):
                continue
            inside, outside = (stride - 1) / strides, stride / strides
            for _ in range(HALVINGS):
                middle = 0.5 * (inside + outside)
                if bounds.exceeded(self._model.tip_at(start + middle * way).tolist()):
                    outside = middle
                else:
                    inside = middle
            return start + inside * way
        return goal

    def first_outside(self, path: np.ndarray) -> tuple[int, str] | None:
        """Index and description of the first row of a path [k, n] that is not allowed, or None.

        The first row is where the arm is.
        """
        bounds = _Bounds(self._lower, self._upper, self._model.tip_at(path[0]).tolist())
        for index in range(1, len(path)):
            found = bounds.exceeded(self._model.tip_at(path[index]).tolist(), SLACK)
            if found:
                return index, found
        return None


class _Bounds:
    """The box, and around it where the tip already is; it closes behind a tip that comes in."""

    def __init__(
        self, lower: tuple[float, ...], upper: tuple[float, ...], place: list[float]
    ) -> None:
        self._box = lower, upper
        self._lower = [min(low, p) for low, p in zip(lower, place)]
        self._upper = [max(high, p) for high, p in zip(upper, place)]

    def exceeded(self, place: list[float], slack: float = 0.0) -> str:
        """What is wrong with a place, or '' after which the bounds close up to it."""
        for axis, p, low, high in zip(AXES, place, self._lower, self._upper):
            if p < low - slack:
                return f'{axis} = {p:.3f} m, at least {low:.3f}'
            if p > high + slack:
                return f'{axis} = {p:.3f} m, at most {high:.3f}'
        lower, upper = self._box
        self._lower = [max(min(low, p), now) for low, p, now in zip(lower, place, self._lower)]
        self._upper = [min(max(high, p), now) for high, p, now in zip(upper, place, self._upper)]
        return ''
