"""Success of a policy in memory, by the lockstep evaluator, while it is being trained."""
from typing import Any

from vla_learning.configuration import EvaluationPlan
from vla_policies.policy import Policy

__all__ = ['Evaluator']


class Evaluator:
    """Runs a plan's episodes in this process; the world is compiled once."""

    def __init__(self, plan: EvaluationPlan, policy: Policy) -> None:
        # The simulation is needed here alone; training on recorded data runs without it.
        from vla_simulation.observer import Observer
        from vla_simulation.world import World
        self._plan = plan
        self._world = World(plan.suite, plan.robot or None)
        self._observer = Observer(self._world, policy.contract)

    def run(self, policy: Policy, samples: int) -> list[dict[str, Any]]:
        """A row for each family."""
        from vla_simulation.episode import Episode
        episode = Episode(self._world, self._observer, policy)
        rows = []
        for family in self._plan.families or tuple(self._world.suite.families):
            results = [episode.run(self._world.draw(family, self._plan.seed + number))
                       for number in range(self._plan.episodes)]
            rows.append({
                'samples': samples, 'family': family, 'episodes': len(results),
                'success': sum(result.success for result in results) / len(results),
                'wrong_object_ratio':
                    sum(result.wrong_object for result in results) / len(results)})
        return rows
