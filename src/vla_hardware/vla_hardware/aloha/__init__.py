"""ALOHA: arms of Dynamixel X servos, one serial bus each, behind the hardware interface."""

from .plugin import AlohaHardware

Plugin = AlohaHardware

__all__ = ['AlohaHardware', 'Plugin']
