"""Universal Robots arms over RTDE, by the library ur-rtde."""

from .plugin import UniversalRobot

Plugin = UniversalRobot

__all__ = ['Plugin', 'UniversalRobot']
