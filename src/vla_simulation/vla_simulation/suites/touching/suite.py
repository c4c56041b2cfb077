"""
The touching suite: the tabletop with one more task, kept apart from the others.

No policy that is shipped was trained on it, so it shows what teaching a new task takes.
"""
from vla_simulation.suites.suite import Family
from vla_simulation.suites.tabletop.suite import Tabletop
from vla_simulation.suites.touching.experts import TouchExpert
from vla_simulation.suites.touching.language import HELD_OUT, TRAINING
from vla_simulation.suites.touching.monitors import TouchMonitor

__all__ = ['SUITE', 'Touching']


class Touching(Tabletop):
    """See the module; balls are left out, which roll away from under a finger."""

    name = 'touching'
    movables = {body: kind for body, kind in Tabletop.movables.items() if kind.shape != 'ball'}
    families = {'touch': Family('touch', 10.0, TouchMonitor, TouchExpert)}
    training, held_out = TRAINING, HELD_OUT


SUITE = Touching()
