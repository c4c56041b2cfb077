"""
What a device says at one moment: how it is deflected or placed, what is held and what was pressed.

Axes are those of REP 103 seen by the person who holds the device: x forward, y left, z up, and
turns about them. A device says one of three things about an arm: a *twist* as a share of full
speed, a *pose* in a frame of its own of which only changes count, or *joints* by the names of the
arm that is driven.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

__all__ = ['ANY_ARM', 'HELD', 'PRESSED', 'ArmInput', 'Held', 'Pressed', 'TeleopSample', 'merge']

#: What counts for as long as it is held.
Held = Literal['dead_man', 'clutch', 'slow', 'open', 'close']
#: What counts once, when it is pressed.
Pressed = Literal[
    'take_over', 'hand_back', 'share', 'toggle_gripper', 'next_arm', 'frame',
    'record', 'start', 'keep', 'succeeded', 'failed', 'discard', 'mark', 'stop']
HELD: tuple[str, ...] = get_args(Held)
PRESSED: tuple[str, ...] = get_args(Pressed)

#: The arm of a device that is made for one: whichever is selected.
ANY_ARM = ''


@dataclass(frozen=True, eq=False)
class ArmInput:
    """What a device says about one arm; what it says nothing about is None."""

    twist: np.ndarray | None = field(default=None, metadata={'shape': '[6] in −1 to 1'})
    position: np.ndarray | None = field(default=None, metadata={'shape': '[3] m'})
    rotation: np.ndarray | None = field(default=None, metadata={'shape': '[4] quaternion xyzw'})
    joints: Mapping[str, float] | None = None  # rad or m, by name of the driven arm's joint
    opening: float | None = None  # of the gripper, 0 closed to 1 open

    @property
    def moves(self) -> bool:
        """Whether it says anything about the arm itself."""
        return not (self.twist is None and self.position is None and self.joints is None)

    def is_sound(self) -> bool:
        """Whether every number is finite, of its shape, and a rotation is one."""
        arrays = ((self.twist, 6), (self.position, 3), (self.rotation, 4))
        for array, size in arrays:
            if array is not None and (
                    np.shape(array) != (size,) or not np.all(np.isfinite(array))):
                return False
        if self.twist is not None and np.abs(self.twist).max() > 1.0 + 1e-9:
            return False
        if (self.position is None) != (self.rotation is None):
            return False
        if self.rotation is not None and abs(np.linalg.norm(self.rotation) - 1.0) > 1e-3:
            return False
        numbers = [*(self.joints or {}).values(), *([] if self.opening is None else [self.opening])]
        return bool(np.all(np.isfinite(numbers)))


@dataclass(frozen=True, eq=False)
class TeleopSample:
    """One sample: of each arm by name (`ANY_ARM` where the device is for one), and buttons."""

    arms: Mapping[str, ArmInput] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    pressed: tuple[str, ...] = ()  # since the sample before

    def is_sound(self) -> bool:
        """Whether every input is, and every button is known."""
        return (all(arm.is_sound() for arm in self.arms.values())
                and all(name in HELD for name in self.held)
                and all(name in PRESSED for name in self.pressed))


def merge(samples: tuple[TeleopSample, ...]) -> TeleopSample:
    """Several devices as one: what moves an arm is the first that says anything, buttons unite."""
    arms: dict[str, ArmInput] = {}
    for sample in samples:
        for name, given in sample.arms.items():
            before = arms.get(name)
            if before is None:
                arms[name] = given
            elif before.opening is None or not before.moves:
                mover = before if before.moves else given
                arms[name] = ArmInput(
                    mover.twist, mover.position, mover.rotation, mover.joints,
                    given.opening if before.opening is None else before.opening)
    return TeleopSample(
        arms, frozenset().union(*(sample.held for sample in samples)),
        tuple(name for sample in samples for name in sample.pressed))
