"""The simulated robot: MuJoCo behind the hardware interface."""

from .plugin import SimulatedHardware
from .snapshot import SnapshotReader, SnapshotWriter

Plugin = SimulatedHardware

__all__ = ['Plugin', 'SimulatedHardware', 'SnapshotReader', 'SnapshotWriter']
