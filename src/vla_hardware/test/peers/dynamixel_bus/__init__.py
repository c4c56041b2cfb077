"""A simulated Dynamixel bus: servos that speak protocol 2.0 on a pseudo-terminal."""

from .client import DynamixelBuses

__all__ = ['DynamixelBuses']
