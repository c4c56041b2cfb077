"""
One episode in lockstep: policy, scheduler, control and physics in simulated time.

An observation is taken at a multiple of the policy's period; its chunk arrives after the simulated
inference delay (plus jitter drawn from the episode's seed) and not before. Asked again is when the
last request was answered. Nothing depends on how fast this computer is.
"""
import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.observation import Observation
from vla_simulation.driver import TICK_S, ArmDriver
from vla_simulation.observer import Observer
from vla_simulation.scene import Scene, generator
from vla_simulation.tasks import CHECK_PERIOD_S
from vla_simulation.world import World

__all__ = ['Episode', 'EpisodeResult', 'Inference', 'Policy']

TICK_NS = round(TICK_S * 1e9)
CHECK_TICKS = round(CHECK_PERIOD_S / TICK_S)


class Policy(Protocol):
    """What is evaluated."""

    def reset(self, instruction: str) -> None:
        """Begin an episode."""

    def infer(self, observation: Observation, *, prefix: np.ndarray | None = None,
              delay: int = 0, rng: np.random.Generator | None = None) -> ActionChunk:
        """The next actions; see vla_policies."""


@dataclass(frozen=True)
class Inference:
    """
    How policy and robot are coupled.

    ``delay_s`` and ``jitter_s`` (uniform, 0 to jitter) pass between observation and arrival;
    ``replan_steps`` actions lie between two observations at least. ``noise_m`` and ``noise_rad``
    disturb what is executed but not what is recorded, as DART does (Laskey et al., "DART: noise
    injection for robust imitation learning", 2017).
    """

    strategy: str = 'replace'
    delay_s: float = 0.0
    jitter_s: float = 0.0
    replan_steps: int = 4
    noise_m: float = 0.0
    noise_rad: float = 0.0

    def __post_init__(self) -> None:
        for name in ('delay_s', 'jitter_s', 'noise_m', 'noise_rad'):
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f'{name}: must be finite and not negative (got {value})')
        if self.replan_steps < 1:
            raise ValueError(f'replan_steps: must be at least 1 (got {self.replan_steps})')


@dataclass(frozen=True)
class EpisodeResult:
    """What came of an episode; ``task_time_s`` is simulated."""

    suite: str
    family: str
    seed: int
    axes: tuple[str, ...]
    instruction: str
    success: bool
    progress: float
    wrong_object: bool
    failure: str
    task_time_s: float
    chunks: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass
class _Request:
    chunk: ActionChunk
    arrives_ns: int


@dataclass
class Episode:
    """
    Runs episodes of one world with one policy.

    ``on_step`` is called at every period of the policy with the observation and the reference that
    is to be reached by the end of it; ``settle_s`` more are simulated after success.
    """

    world: World
    observer: Observer
    policy: Policy
    inference: Inference = field(default_factory=Inference)
    on_step: Callable[[Observation, np.ndarray], None] | None = None
    settle_s: float = 0.0

    def __post_init__(self) -> None:
        self.space: ActionSpace = self.observer.contract.action.space
        self.driver = ArmDriver(self.world, self.space)
        self.scheduler = importlib.import_module('vla_execution.scheduler').Scheduler(
            self.space, self.inference.strategy)
        self._period = round(1.0 / self.observer.contract.rate_hz / TICK_S)
        if abs(self._period * TICK_S * self.observer.contract.rate_hz - 1.0) > 1e-6:
            raise ValueError(f'rate_hz: {self.observer.contract.rate_hz:g} does not divide '
                             f'{1 / TICK_S:.0f} Hz')

    def run(self, scene: Scene) -> EpisodeResult:
        """Run one episode; the result depends on the scene, the policy and the settings only."""
        world, period = self.world, self._period
        world.reset(scene)
        self.driver.reset()
        self.policy.reset(scene.instruction)
        monitor = world.suite.family(scene.family).monitor(world, scene)
        random = generator(scene.suite, scene.family, scene.seed, 'inference')
        noise = generator(scene.suite, scene.family, scene.seed, 'noise')
        self.scheduler.start(0, self.observer.action_at_rest())
        request: _Request | None = None
        asked, chunks, offset = -10 ** 9, 0, np.zeros(self.space.dimension)
        limit = round(world.suite.family(scene.family).time_limit_s / TICK_S)
        end = limit
        tick = 0
        while tick < end:
            now = tick * TICK_NS
            if tick % period == 0:
                due = tick - asked >= self.inference.replan_steps * period
                observation = None
                if request is None and due and self._wants(now):
                    observation = self.observer.observe(scene.instruction, now)
                    request, asked = self._ask(observation, random, now), tick
                    chunks += 1
            if request is not None and now >= request.arrives_ns:
                self.scheduler.add(request.chunk, now)
                request = None
            if tick % period == 0:
                if self.on_step is not None:
                    observation = observation or self.observer.observe(scene.instruction, now)
                    self.on_step(observation, self.scheduler.reference(now + period * TICK_NS))
                if self.inference.noise_m or self.inference.noise_rad:
                    offset = self._draw_noise(noise, offset)
            self.driver.tick(self.scheduler.reference(now + TICK_NS) + offset)
            tick += 1
            if tick % CHECK_TICKS == 0 and monitor.update().success and end == limit:
                end = min(limit, tick + round(self.settle_s / TICK_S))
        verdict = monitor.finish()
        return EpisodeResult(
            scene.suite, scene.family, scene.seed, scene.axes, scene.instruction,
            verdict.success, round(verdict.progress, 4), verdict.wrong_object, verdict.failure,
            round(tick * TICK_S, 3), chunks)

    def _wants(self, now: int) -> bool:
        return self.scheduler.wants_chunk(now)

    def _ask(
        self, observation: Observation, random: np.random.Generator, now: int,
    ) -> _Request:
        delay = self.inference.delay_s + self.inference.jitter_s * float(random.random())
        steps = int(np.ceil(delay * self.observer.contract.rate_hz - 1e-9))
        committed = np.stack([
            self.scheduler.reference(now + (i + 1) * self._period * TICK_NS)
            for i in range(steps)]) if steps else None
        chunk = self.policy.infer(
            observation, prefix=committed, delay=steps,
            rng=np.random.default_rng(random.integers(2 ** 63)))
        return _Request(chunk, now + round(delay * 1e9))

    def _draw_noise(self, random: np.random.Generator, before: np.ndarray) -> np.ndarray:
        """Noise that wanders over about half a second, on positions (m or rad), not on grippers."""
        offset = np.zeros(self.space.dimension)
        for part in self.space.slices:
            if part.translation is not None:
                offset[part.translation] = random.normal(0, self.inference.noise_m, 3)
            else:
                offset[part.arm] = random.normal(
                    0, self.inference.noise_rad, part.arm.stop - part.arm.start)
        return 0.8 * before + 0.6 * offset
