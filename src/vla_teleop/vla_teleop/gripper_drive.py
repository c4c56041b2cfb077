"""
The gripper under a person's hand: hold to move, toggle, or where a trigger, slider or leader is.

An opening that a device gives takes hold only once the person has moved it, or where it meets the
gripper: whoever takes over does not drop what is grasped. A toggle goes to its end; all else
moves while the dead-man is held.
"""
from vla_core.profile import GripperProfile

__all__ = ['GripperDrive']

PICKED_UP = 0.03  # of the opening


class GripperDrive:
    """Opening of one gripper, 0 closed to 1 open; None until it is known and was moved."""

    def __init__(self, gripper: GripperProfile, speed: float) -> None:
        """``speed`` in openings per second, within the profile's."""
        self.speed = min(speed, gripper.max_velocity / abs(gripper.open - gripper.closed))
        self.gripper = gripper
        self.opening: float | None = None
        self._known: float | None = None
        self._goal: float | None = None
        self._device_at: float | None = None
        self._picked_up = False

    def begin(self, known: float | None) -> None:
        """Begin where it was last told to be, or else is; nothing is commanded yet."""
        self.opening, self._goal = None, None
        self._known = None if known is None else min(max(known, 0.0), 1.0)
        self._device_at, self._picked_up = None, False

    def toggle(self) -> None:
        """Open what is closed, close what is open."""
        at = self._goal if self._goal is not None else self._at
        if at is not None:
            self._goal = 0.0 if at > 0.5 else 1.0

    def update(self, given: float | None, held: frozenset[str], dt: float) -> None:
        """Move on by ``dt`` s; ``given`` is where the device is, if it is placed."""
        if self._at is None:
            return
        if 'dead_man' in held:
            if 'open' in held or 'close' in held:
                way = (('open' in held) - ('close' in held)) * self.speed * dt
                self.opening, self._goal = min(max(self._at + way, 0.0), 1.0), None
                self._device_at, self._picked_up = given, False
            elif given is not None and self._follows(given):
                self._approach(given, dt)
                self._goal = None
        if self._goal is not None:
            self._approach(self._goal, dt)
            if self.opening == self._goal:
                self._goal = None

    def follow(self, opening: float | None, dt: float) -> None:
        """Move toward what somebody else, a policy, wants."""
        self._goal, self._device_at, self._picked_up = None, None, False
        if opening is not None and self._at is not None:
            self._approach(min(max(opening, 0.0), 1.0), dt)

    @property
    def _at(self) -> float | None:
        return self._known if self.opening is None else self.opening

    def _follows(self, given: float) -> bool:
        if self._device_at is None:
            self._device_at = given
        self._picked_up |= (abs(given - self._device_at) > PICKED_UP
                            or abs(given - self._at) < PICKED_UP)
        return self._picked_up

    def _approach(self, goal: float, dt: float) -> None:
        most = self.speed * dt
        goal = min(max(goal, 0.0), 1.0)
        self.opening = self._at + min(max(goal - self._at, -most), most)
