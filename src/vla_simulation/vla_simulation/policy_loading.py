"""
Policies by what a person writes: ``expert``, ``hold``, ``module:attribute``, a name or a folder.

Names come from entry points in ``vla_policies.policies``, folders are opened by
``vla_policies.registry.load_policy``; nothing of that is imported before it is asked for, so that
the simulation runs without a policy package.
"""
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError, near_matches
from vla_simulation.episode import Policy
from vla_simulation.expert_policy import ExpertPolicy, HoldPolicy
from vla_simulation.world import World

__all__ = ['PolicyError', 'load_policy']

GROUP = 'vla_policies.policies'
THREADS = 'OMP_NUM_THREADS'
BUILT_IN = {'expert': ExpertPolicy, 'hold': HoldPolicy}


class PolicyError(ConfigurationError):
    """A policy that cannot be loaded; one line."""


def load_policy(
    name: str, world: World, suggested: PolicyContract | None = None,
) -> tuple[Policy, PolicyContract]:
    """
    The policy called ``name`` and its contract.

    ``module:attribute`` is a policy, or called with the contract ``suggested`` (by default the
    suite's) to make one. A policy with a ``contract`` of its own is given what that says, else what
    the suggested one does. It computes in one thread, unless the process has loaded its libraries
    before: what comes of it does not depend on the machine then, and the threads of a small network
    that shares the cores with others mostly wait for each other.
    """
    suggested = suggested or world.suite.contract(world.profile)
    if name in BUILT_IN:
        return BUILT_IN[name](world, suggested), suggested
    with _one_thread():
        policy = _load(name, suggested)
    if not callable(getattr(policy, 'infer', None)):
        raise PolicyError(f'policy {name!r}: a {type(policy).__name__} has no infer()')
    contract = getattr(policy, 'contract', None) or suggested
    contract.check_robot(world.profile)
    return policy, contract


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenMP reads its variable when it is loaded; one that a person set stays."""
    if THREADS in os.environ:
        yield
        return
    os.environ[THREADS] = '1'
    try:
        yield
    finally:
        del os.environ[THREADS]


def _load(name: str, contract: PolicyContract) -> Policy:
    if ':' in name and not Path(name).is_dir():
        module, _, attribute = name.partition(':')
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise PolicyError(f'policy {name!r} cannot be loaded: {error}') from error
        return found if hasattr(found, 'infer') and not isinstance(found, type) else found(contract)
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name in points and not Path(name).is_dir():
        return points[name].load()(contract)
    try:
        registry = importlib.import_module('vla_policies.registry')
    except ModuleNotFoundError as error:
        raise PolicyError(
            f'policy {name!r}: opening a checkpoint needs vla_policies ({error})') from error
    if not Path(name).is_dir() and name not in registry.available():
        known = [*BUILT_IN, *points, *registry.available()]
        raise PolicyError(f'no policy {name!r} and no folder of that name; '
                          f'{near_matches(name, known)}')
    return registry.load_policy(name)
