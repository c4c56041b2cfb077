"""A task of its own on the tabletop: touch from above what is named by colour and shape."""
from vla_simulation.suites.touching.suite import SUITE, Touching

__all__ = ['SUITE', 'Touching']
