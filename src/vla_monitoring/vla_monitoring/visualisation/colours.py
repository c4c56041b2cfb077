"""Colours that say age: fresh is bright, old fades away. RGBA, each 0 to 1."""
import numpy as np

__all__ = ['COMMITTED', 'EXECUTED', 'PREDICTED', 'SAMPLES', 'faded', 'gripper_colour']

PREDICTED = (0.10, 0.65, 1.00)
SAMPLES = (0.55, 0.75, 1.00)
COMMITTED = (1.00, 0.60, 0.05)
EXECUTED = (0.25, 0.85, 0.35)
STALE = (0.55, 0.55, 0.55)


def faded(
    colour: tuple[float, float, float], age_s: np.ndarray | float, lifetime_s: float,
) -> np.ndarray:
    """
    RGBA [..., 4] of something ``age_s`` old, float32.

    From the full colour at 0 to grey and nearly clear at ``lifetime_s``; a negative age is 0.
    """
    share = np.clip(np.asarray(age_s, dtype=float) / lifetime_s, 0.0, 1.0)[..., None]
    rgb = (1 - share) * np.array(colour) + share * np.array(STALE)
    return np.concatenate([rgb, 1.0 - 0.9 * share], axis=-1).astype(np.float32)


def gripper_colour(opening: float) -> tuple[float, float, float]:
    """From red (closed) to green (open)."""
    opening = float(np.clip(opening, 0.0, 1.0))
    return (1.0 - 0.8 * opening, 0.2 + 0.7 * opening, 0.2)
