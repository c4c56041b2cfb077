"""ALOHA's two arms: hand a cube over, put a peg into a socket, each named by colour."""
from vla_simulation.suites.bimanual.suite import SUITE, Bimanual

__all__ = ['SUITE', 'Bimanual']
