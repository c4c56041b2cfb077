"""How something is touched, from above, from any state."""
import numpy as np

from vla_simulation.expert import Path, Waypoint
from vla_simulation.suites.tabletop.experts import (
    APPROACH_M,
    CAREFUL,
    FAST,
    UP,
    TableExpert,
    from_above,
)

__all__ = ['TouchExpert']

CLOSED = 0.08
OVER_TARGET_M = 0.006
PRESS_M = 0.004


class TouchExpert(TableExpert):
    """Close the fingers over the target, come down on its middle and stay."""

    def path(self) -> Path:
        position, rotation = self.tool.pose()
        turn = from_above(self.yaw())
        middle = self.world.position(self.target)
        top = 2 * middle[2] - self.world.bottom(self.target)
        touch = np.array([*middle[:2], top + self.tool.reach - PRESS_M])
        path: Path = [Waypoint(touch, turn, 0.0, speed=CAREFUL)]
        if (np.linalg.norm((position - touch)[:2]) > OVER_TARGET_M
                or self.tool.opening() > CLOSED):
            above = touch + APPROACH_M * UP
            path.insert(0, Waypoint(above, turn, 0.0, speed=FAST, settles=True))
            if position[2] < above[2] - 0.02:
                path.insert(0, Waypoint(np.array([*position[:2], above[2]]), rotation, 0.0,
                                        speed=FAST))
        return path
