"""The policy that a person names, made ready: on its device, compiled, warmed up."""
import importlib
import sys
from pathlib import Path

import numpy as np

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract, process_instruction
from vla_policies.clients.agreement import check_agreement
from vla_policies.policy import Policy, PolicyError, Request
from vla_policies.registry import load_policy

__all__ = ['example_observation', 'load', 'prepare']


def load(name: str, contract: str = '') -> Policy:
    """
    The policy in a folder, a shipped one by its name, or ``module:attribute``.

    The attribute is a policy, or is called to make one, with the contract if one is named. Any
    policy must agree with a contract that is named; ConfigurationError says where it does not.
    """
    if ':' in name and not Path(name).exists():
        policy = _from_module(name, contract)
    else:
        policy = load_policy(name)
    if not isinstance(policy, Policy) or not isinstance(policy.contract, PolicyContract):
        raise PolicyError(f'{name}: a {type(policy).__name__} is no policy with a contract')
    if contract:
        check_agreement(PolicyContract.load(contract), policy.contract, name)
    return policy


def prepare(
    policy: Policy, *, device: str = '', dtype: str = '', compiled: bool = False,
    max_batch: int = 1,
) -> None:
    """
    Put ``policy`` where it shall run and let it infer once, so that no client pays for that.

    A policy may have ``optimise(device, dtype, compile)`` and ``warm_up()``; without the second,
    one observation of zeros is inferred alone and as a whole batch. To be called on the thread that
    will infer, because CUDA graphs belong to the thread that recorded them.
    """
    if device or dtype or compiled:
        if not callable(getattr(policy, 'optimise', None)):
            raise PolicyError(
                f'{policy.name}: has no optimise(), so device, type and compilation are fixed; '
                'leave those options out')
        try:
            policy.optimise(device or None, dtype or None, compiled)
        except (RuntimeError, ValueError) as error:
            raise PolicyError(
                f'{policy.name}: cannot run with device {device or "as it is"}, type '
                f'{dtype or "as it is"}: {str(error).splitlines()[0]}') from error
    if callable(getattr(policy, 'warm_up', None)):
        policy.warm_up()
        return
    observation = example_observation(policy.contract)
    session = policy.session()
    session.reset(observation.instruction)
    for size in sorted({1, max_batch}):
        session.infer_batch([Request(observation)] * size)


def example_observation(contract: PolicyContract) -> Observation:
    """An observation of zeros that fits ``contract``."""
    labels = contract.state.labels if contract.state else ()
    return Observation(
        stamp_ns=0,
        images={entry.key: np.zeros(
            (entry.processing.height, entry.processing.width, 3), dtype=np.uint8)
            for entry in contract.images},
        state=np.zeros(len(labels), dtype=np.float32), state_names=labels,
        instruction=process_instruction(contract.language, 'warm up'))


def _from_module(name: str, contract: str) -> Policy:
    module, _, attribute = name.partition(':')
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise PolicyError(f'{name}: cannot be loaded: {error}') from error
    if isinstance(found, Policy):
        return found
    if not callable(found):
        raise PolicyError(f'{name}: a {type(found).__name__} is no policy and makes none')
    return found(PolicyContract.load(contract)) if contract else found()
