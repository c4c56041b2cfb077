"""The `franka` plug-in: a Franka Research 3 through the maker's `pylibfranka`, at 1 kHz."""

from .plugin import FrankaHardware

Plugin = FrankaHardware

__all__ = ['FrankaHardware', 'Plugin']
