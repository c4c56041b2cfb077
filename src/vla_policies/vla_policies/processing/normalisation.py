"""
Numbers to about unit size and back, by statistics of the data a model was trained on.

method 'mean_std': (x − mean) / std; 'quantile': [q01, q99] to [−1, 1]; 'min_max': [min, max] to
[−1, 1]; 'none'. Where ``mask`` is false a number passes through, as grippers do at OpenVLA. A
number that never changed in the data would be divided by nothing; it is only shifted.
"""
from collections.abc import Mapping
from typing import Literal

import numpy as np

from vla_policies.policy import PolicyError

__all__ = ['KEYS', 'Method', 'Normaliser']

Method = Literal['none', 'mean_std', 'min_max', 'quantile']
KEYS: dict[str, tuple[str, ...]] = {
    'none': (), 'mean_std': ('mean', 'std'), 'min_max': ('min', 'max'),
    'quantile': ('q01', 'q99')}
SMALLEST = 1e-6


class Normaliser:
    """
    An affine map of arrays [..., D], or [..., H, D] where the statistics are [H, D].

    PolicyError names the statistics that are missing, not finite or of another shape.
    """

    def __init__(
        self, method: Method, statistics: Mapping[str, np.ndarray], shape: tuple[int, ...],
        mask: np.ndarray | None = None, name: str = 'statistics',
    ) -> None:
        values = []
        for key in KEYS[method]:
            if key not in statistics:
                raise PolicyError(f'{name}.{key}: is missing; normalisation {method} needs it')
            value = np.asarray(statistics[key], np.float64)
            if value.shape != shape:
                raise PolicyError(f'{name}.{key}: must have shape {shape}, has {value.shape}')
            if not np.all(np.isfinite(value)):
                raise PolicyError(f'{name}.{key}: is not finite')
            values.append(value)
        offset, scale = np.zeros(shape), np.ones(shape)
        if method == 'mean_std':
            offset, scale = values
        elif values:
            offset, scale = (values[0] + values[1]) / 2, (values[1] - values[0]) / 2
        if np.any(scale < 0):
            raise PolicyError(f'{name}.{KEYS[method][1]}: a spread is negative')
        scale = np.where(scale < SMALLEST, 1.0, scale)
        if mask is not None:
            offset, scale = np.where(mask, offset, 0.0), np.where(mask, scale, 1.0)
        self.offset, self.scale = offset.astype(np.float32), scale.astype(np.float32)

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """float32, same shape."""
        return (np.asarray(values, np.float32) - self.offset) / self.scale

    def denormalise(self, values: np.ndarray) -> np.ndarray:
        """The inverse of `normalise`."""
        return np.asarray(values, np.float32) * self.scale + self.offset
