"""
One episode in lockstep: policy, execution, control and physics in simulated time.

An observation is taken at a multiple of the policy's period; its chunk arrives after the simulated
inference delay (plus jitter drawn from the episode's seed) and not before, or never. Asked again is
when the last request was answered, or has gone unanswered for too long. Nothing depends on how fast
this computer is.
"""
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.observation import Observation
from vla_execution.executor import ExecutionSettings, Executor, Law
from vla_execution.faults import FaultInjector, Faults
from vla_execution.latency import LatencyEstimate
from vla_execution.roll_forward import RollForward
from vla_simulation.driver import TICK_S, ArmDriver
from vla_simulation.observer import Observer
from vla_simulation.scene import Scene, generator
from vla_simulation.tasks import CHECK_PERIOD_S
from vla_simulation.world import World

__all__ = ['Episode', 'EpisodeResult', 'Inference', 'Policy']

REPLAN_STEPS = 4
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
    How policy and robot are coupled; by default as robot.launch.py does, but without delay.

    ``delay_s`` and ``jitter_s`` (uniform, 0 to jitter) pass between observation and arrival, the
    first time ``cold_start_s`` more; a share ``loss`` of the answers never comes, ``reorder`` of
    them late (see `vla_execution.faults`). ``replan_steps`` actions lie between two observations at
    least; 0 leaves that to the contract, or makes it 4. Chunks are executed by ``strategy``,
    ``law`` and ``horizon``. ``noise_m`` and ``noise_rad`` disturb what is executed but not what is
    recorded, as DART does (Laskey et al., "DART: noise injection for robust imitation learning",
    2017).
    """

    strategy: str = 'blend'
    delay_s: float = 0.0
    jitter_s: float = 0.0
    replan_steps: int = 0
    noise_m: float = 0.0
    noise_rad: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    cold_start_s: float = 0.0
    law: Law = 'jerk_limited'
    horizon: str = 'full'

    def __post_init__(self) -> None:
        for name in ('noise_m', 'noise_rad'):
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f'{name}: must be finite and not negative (got {value})')
        if self.replan_steps < 0:
            raise ValueError(f'replan_steps: must not be negative (got {self.replan_steps})')
        _ = self.faults  # refuses what is no delay and no share

    @property
    def faults(self) -> Faults:
        """What happens to answers on their way."""
        return Faults(**{name: getattr(self, name) for name in (
            'delay_s', 'jitter_s', 'loss', 'reorder', 'cold_start_s')})

    @property
    def patience_s(self) -> float:
        """How long an answer is waited for before it counts as lost."""
        return 0.1 + 2.0 * (self.delay_s + self.jitter_s)


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
class Episode:
    """
    Runs episodes of one world with one policy.

    ``on_step`` is called at every period of the policy with the observation and the action that is
    to be reached by the end of it, ``on_tick`` with every reference in the space of ``executor``;
    ``settle_s`` more are simulated after success.
    """

    world: World
    observer: Observer
    policy: Policy
    inference: Inference = field(default_factory=Inference)
    on_step: Callable[[Observation, np.ndarray], None] | None = None
    settle_s: float = 0.0
    on_tick: Callable[[np.ndarray], None] | None = None

    def __post_init__(self) -> None:
        contract, profile = self.observer.contract, self.world.profile
        self.executor = Executor(profile, contract.action.space, ExecutionSettings(
            strategy=self.inference.strategy, law=self.inference.law,
            horizon=self.inference.horizon))
        self.space: ActionSpace = self.executor.space
        self.driver = ArmDriver(self.world, self.space)
        self._roll = RollForward(
            contract, self.space, profile, self.driver.solve, self.driver.reach)
        self._times = np.arange(1, contract.action.horizon + 1) / contract.rate_hz
        self._replan_steps = (
            self.inference.replan_steps or contract.action.replan_steps or REPLAN_STEPS)
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
        link = FaultInjector(self.inference.faults, random)
        self._latency = LatencyEstimate()
        executor = self.executor
        executor.start(0, self.observer.action_at_rest(self.space))
        states: dict[int, np.ndarray] = {}
        asked, chunks, offset = -10 ** 9, 0, np.zeros(self.space.dimension)
        expected: int | None = None
        limit = round(world.suite.family(scene.family).time_limit_s / TICK_S)
        end = limit
        tick = 0
        while tick < end:
            now = tick * TICK_NS
            if tick % period == 0:
                due = tick - asked >= self._replan_steps * period
                lost = expected is not None and (
                    (tick - asked) * TICK_S > self.inference.patience_s)
                observation = None
                if (expected is None or lost) and due and executor.wants_chunk(now):
                    observation = self.observer.observe(scene.instruction, now)
                    state = self.observer.action_at_rest(self.space)
                    chunk = self._ask(observation, state, random, now)
                    expected, asked, states = chunk.stamp_ns, tick, {chunk.stamp_ns: state}
                    sent = now
                    link.put(chunk, now)
                    chunks += 1
            for chunk in link.arrived(now):
                executor.add(chunk, now, states.get(chunk.stamp_ns))
                if chunk.stamp_ns == expected:
                    self._latency.observe(now - sent)
                    expected = None
            if tick % period == 0:
                if self.on_step is not None:
                    observation = observation or self.observer.observe(scene.instruction, now)
                    self.on_step(observation, executor.planned(now + period * TICK_NS))
                if self.inference.noise_m or self.inference.noise_rad:
                    offset = self._draw_noise(noise, offset)
            executor.feel(np.array([world.opening(arm) for arm in executor.layout.gripper_arms]))
            reference = executor.reference(now + TICK_NS).row
            if self.on_tick is not None:
                self.on_tick(reference)
            self.driver.tick(reference + offset)
            tick += 1
            if tick % CHECK_TICKS == 0 and monitor.update().success and end == limit:
                end = min(limit, tick + round(self.settle_s / TICK_S))
        verdict = monitor.finish()
        return EpisodeResult(
            scene.suite, scene.family, scene.seed, scene.axes, scene.instruction,
            verdict.success, round(verdict.progress, 4), verdict.wrong_object, verdict.failure,
            round(tick * TICK_S, 3), chunks)

    def _ask(
        self, observation: Observation, state: np.ndarray, random: np.random.Generator, now: int,
    ) -> ActionChunk:
        """The policy's chunk, asked as the strategy wants it asked."""
        executor = self.executor
        request = executor.request(now, self._latency.expected_ns, self._times, state)
        if request.state_ns != now:
            before, after = executor.planned(now), executor.planned(request.state_ns)
            observation = replace(
                observation, stamp_ns=request.state_ns, state=self._roll.state(
                    observation.state, before, after, (request.state_ns - now) * 1e-9))
        return self.policy.infer(
            observation, prefix=request.prefix, delay=request.delay,
            rng=np.random.default_rng(random.integers(2 ** 63)))

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
