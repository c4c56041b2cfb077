"""Policies that are driven in lockstep are loaded to compute in one thread."""
import os

import pytest

from vla_simulation.expert_policy import HoldPolicy
from vla_simulation.policy_loading import load_policy
from vla_simulation.world import World

VARIABLE = 'OMP_NUM_THREADS'


class Thrifty(HoldPolicy):
    """Remembers how many threads it was allowed."""

    def __init__(self, contract):
        super().__init__(World('tabletop'), contract)
        self.threads = os.environ.get(VARIABLE)


@pytest.mark.parametrize('before, allowed', [(None, '1'), ('3', '3')])
def test_it_may_use_one_thread_unless_a_person_says_more(monkeypatch, before, allowed):
    monkeypatch.delenv(VARIABLE, raising=False)
    if before:
        monkeypatch.setenv(VARIABLE, before)
    policy, _ = load_policy(f'{__name__}:Thrifty', World('tabletop'))
    assert policy.threads == allowed
    assert os.environ.get(VARIABLE) == before
