"""
A split policy as a whole: the fast part here, the slow one in a process that is kept running.

A folder with ``policy.yaml`` of kind ``fast_slow`` names the policy that is split:

    kind: fast_slow
    policy: ../mini_franka      # a folder, or module:attribute
    slow_rate_hz: 2
"""
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_core.validation import Real, StrictModel, one_line
from vla_inference.dependent_process import dependent
from vla_inference.fast_slow.shared_records import Latent, LatentBuffer, ObservationBuffer
from vla_inference.fast_slow.split import SlowFast
from vla_policies.policy import Policy, PolicyError, Request
from vla_policies.serving.loading import load

__all__ = ['FastSlowPolicy', 'FastSlowSettings']

LOOK_S = 0.001
RETRY_S, LONGEST_RETRY_S = 0.5, 10.0


class FastSlowSettings(StrictModel):
    """
    How a split policy is run.

    A latent of another instruction, or older than ``max_latent_age_s``, is not acted on; an answer
    waits ``latent_wait_s`` at most for another.
    """

    policy: str
    slow_rate_hz: Real = 2.0
    max_latent_age_s: Real = 5.0
    latent_wait_s: Real = 30.0


class FastSlowPolicy(Policy):
    """
    ``policy`` in two speeds; ``source`` is what the slow process loads it from.

    One user at a time: `session` gives the policy itself. The newest latent's age goes into each
    chunk's features as ``latent_age_s``.
    """

    def __init__(
        self, policy: SlowFast, source: str, settings: FastSlowSettings, contract: str = '',
    ) -> None:
        if not isinstance(policy, SlowFast):
            raise PolicyError(f'{source}: a {type(policy).__name__} cannot be split: it needs '
                              'encode(), act() and latent_shape')
        self.name = policy.name
        self.contract: PolicyContract = policy.contract
        self.takes_prefix = bool(getattr(policy, 'takes_prefix', False))
        self._fast = policy
        self._settings = settings
        shared = f'fast_slow_{os.getpid()}_{id(self):x}'
        self._observations = ObservationBuffer.create(f'{shared}_observation', self.contract)
        self._latents = LatentBuffer.create(f'{shared}_latent', policy.latent_shape)
        self._command = [
            sys.executable, '-m', 'vla_inference.fast_slow.slow_process', '--policy', source,
            '--contract', contract, '--name', shared, '--rate-hz', str(settings.slow_rate_hz)]
        self._slow: subprocess.Popen | None = None
        self._closing = threading.Event()
        self._busy = threading.Lock()
        # The slow process lives as long as the thread that starts it.
        self._keeper = threading.Thread(target=self._keep, name='slow part', daemon=True)
        self._keeper.start()

    @classmethod
    def load(
        cls, folder: Path, settings: Mapping[str, Any], contract: PolicyContract,
    ) -> 'FastSlowPolicy':
        """Open a folder; PolicyError or ContractError names the file and what is wrong."""
        try:
            chosen = FastSlowSettings.model_validate(dict(settings))
        except ValidationError as error:
            raise PolicyError(f'{folder / "policy.yaml"}: {one_line(error)}') from error
        source = chosen.policy
        if ':' in source:
            return cls(load(source, str(folder / 'contract.yaml')), source, chosen,
                       str(folder / 'contract.yaml'))
        source = str((folder / source).resolve())
        return cls(load(source), source, chosen)

    @property
    def slow_pid(self) -> int:
        """Process of the slow part; 0 while it is started."""
        slow = self._slow
        return slow.pid if slow is not None and slow.poll() is None else 0

    def reset(self, instruction: str) -> None:
        if callable(getattr(self._fast, 'reset', None)):
            self._fast.reset(instruction)

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        """Answer each request from the newest latent of its instruction."""
        with self._busy:
            return [self._infer(request) for request in requests]

    def close(self) -> None:
        self._closing.set()
        self._keeper.join(5.0)
        self._observations.close()
        self._latents.close()

    def _infer(self, request: Request) -> ActionChunk:
        observation = request.observation
        self._observations.write(observation)
        latent = self._latent_for(observation)
        age_s = latent.age_s(observation.stamp_ns)
        chunk = self._fast.act(
            latent.values, age_s, observation, prefix=request.prefix, delay=request.delay,
            rng=request.rng)
        return replace(chunk, features={**chunk.features, 'latent_age_s': np.array([age_s])})

    def _latent_for(self, observation: Observation) -> Latent:
        """The newest latent, waited for while it is too old or of another instruction."""
        settings = self._settings
        end = time.monotonic() + settings.latent_wait_s
        while True:
            latent = self._latents.read()
            fits = latent is not None and latent.instruction == observation.instruction
            if fits and latent.age_s(observation.stamp_ns) <= settings.max_latent_age_s:
                return latent
            if time.monotonic() > end:
                reason = (f'the newest latent is {latent.age_s(observation.stamp_ns):.1f} s old, '
                          f'the limit is {settings.max_latent_age_s:g} s' if fits else
                          f'there is no latent for {observation.instruction!r}')
                raise PolicyError(f'{self.name}: {reason}: the slow part stands still')
            time.sleep(LOOK_S)

    def _keep(self) -> None:
        pause_s = RETRY_S
        while not self._closing.is_set():
            self._slow = subprocess.Popen(dependent(self._command), stdin=subprocess.DEVNULL)
            began = time.monotonic()
            while self._slow.poll() is None and not self._closing.wait(0.05):
                pass
            if self._slow.poll() is None:
                self._slow.kill()
                self._slow.wait()
                return
            print(f'{self.name}: the slow part ended with status {self._slow.returncode}; '
                  f'started again in {pause_s:.1f} s', file=sys.stderr, flush=True)
            self._closing.wait(pause_s)
            lived = time.monotonic() - began > LONGEST_RETRY_S
            pause_s = RETRY_S if lived else min(2 * pause_s, LONGEST_RETRY_S)

