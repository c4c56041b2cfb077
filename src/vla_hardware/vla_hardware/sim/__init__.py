"""The simulated robot: MuJoCo behind the hardware interface."""

from .plugin import SimulatedHardware

Plugin = SimulatedHardware

__all__ = ['Plugin', 'SimulatedHardware']
