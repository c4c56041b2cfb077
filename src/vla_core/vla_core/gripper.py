"""
Gripper numbers of an action, in each convention, to and from the opening used everywhere.

The opening is 0 closed and 1 open. A width in m and the position of the driving joint need the
gripper of the profile.
"""
import numpy as np

from vla_core.action_space import GripperConvention
from vla_core.profile import GripperProfile

__all__ = ['from_opening', 'start_of_motion', 'to_opening']


def to_opening(
    value: float | np.ndarray, convention: GripperConvention, gripper: GripperProfile,
) -> np.ndarray:
    """Opening, clipped to [0, 1], that ``value`` means in ``convention``."""
    value = np.asarray(value, dtype=np.float64)
    opening = {
        'normalised_open': lambda: value,
        'normalised_closed': lambda: 1.0 - value,
        'binary_open': lambda: np.where(value > 0, 1.0, 0.0),
        'width': lambda: gripper.from_width(value),
        'joint': lambda: gripper.from_joint(value),
    }[_known(convention)]()
    return np.clip(opening, 0.0, 1.0)


def from_opening(
    opening: float | np.ndarray, convention: GripperConvention, gripper: GripperProfile,
) -> np.ndarray:
    """The number that says ``opening`` in ``convention``; binary opens from one half on."""
    opening = np.clip(np.asarray(opening, dtype=np.float64), 0.0, 1.0)
    return {
        'normalised_open': lambda: opening,
        'normalised_closed': lambda: 1.0 - opening,
        'binary_open': lambda: np.where(opening >= 0.5, 1.0, -1.0),
        'width': lambda: gripper.to_width(opening),
        'joint': lambda: gripper.to_joint(opening),
    }[_known(convention)]()


def start_of_motion(setpoint: float, goal: float, opening: float) -> float:
    """
    The set-point, all as openings, from which fingers that are at ``opening`` move to ``goal``.

    Something held keeps the fingers from their set-point. On the way back they begin where they
    are, as grippers do, and not where they were told to be: or a grasp would be let go only after
    the set-point has come back. A goal that lies beyond what is held takes no force from it; where
    the opening is not known (NaN), the set-point goes on.
    """
    if goal > setpoint:
        return max(setpoint, min(opening, goal))
    return min(setpoint, max(opening, goal))


def _known(convention: str) -> str:
    if convention == 'none':
        raise ValueError('an action space without gripper numbers has none to convert')
    return convention
