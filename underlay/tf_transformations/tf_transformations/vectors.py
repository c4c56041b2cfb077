"""Lengths, directions and random vectors."""
import numpy as np
from numpy.typing import ArrayLike


def vector_norm(data: ArrayLike, axis: int | None = None,
                out: np.ndarray | None = None) -> float | np.ndarray | None:
    """Return the Euclidean length along an axis (of all elements if None), or write it to out."""
    values = np.asarray(data, dtype=np.float64)
    length = np.sqrt(np.sum(values * values, axis=axis))
    if out is None:
        return length
    out[...] = length
    return None


def unit_vector(data: ArrayLike, axis: int | None = None,
                out: np.ndarray | None = None) -> np.ndarray | None:
    """Return data scaled to length 1 along an axis (as one vector if None), or write it to out."""
    values = np.asarray(data, dtype=np.float64)
    length = np.sqrt(np.sum(values * values, axis=axis, keepdims=axis is not None))
    if out is None:
        return values / length
    np.divide(values, length, out=out)
    return None


def random_vector(size: int) -> np.ndarray:
    """Return numbers drawn evenly from [0, 1)."""
    return np.random.random(size)
