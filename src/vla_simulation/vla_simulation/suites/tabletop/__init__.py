"""One arm at a table: pick, place in, push to and stack what is named by colour and shape."""
from vla_simulation.suites.tabletop.suite import SUITE, Tabletop

__all__ = ['SUITE', 'Tabletop']
