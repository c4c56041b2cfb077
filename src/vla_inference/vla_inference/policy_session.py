"""
One policy at work on one robot: its link, its streams, the plan, and inference beside them.

Another policy is another session; two can be open, one that acts and one that warms up.
"""
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from vla_core.action_chunk import ActionChunk
from vla_core.clock import Clock
from vla_core.policy_contract import CameraSample, Sample, process_instruction
from vla_core.profile import RobotProfile
from vla_core.streams import StreamProblem
from vla_inference.assembly import ObservationAssembly, ObservationUnavailable
from vla_inference.asynchronous import AsynchronousInference
from vla_inference.committed_plan import CommittedPlan
from vla_inference.delays import Delays
from vla_inference.policy_link import LinkState, PolicyLink, UnusableAnswer
from vla_inference.request import InferenceRequest
from vla_inference.trigger import RequestTrigger

__all__ = ['PolicySession', 'SessionOptions']

EXPECTED_SHARE = 0.9
"""The share of latencies that the expected one covers: a plan late is worse than one early."""


@dataclass(frozen=True)
class SessionOptions:
    """How a session asks; see `RequestTrigger` and `ObservationAssembly`."""

    in_flight: int = 1
    rate_hz: float = 0.0
    horizon_s: float = 0.0
    frozen_after_s: float = 1.0


class PolicySession:
    """
    Chunks of ``link``'s policy from streams that are handed in, through ``publish``.

    Times are ns of ``clock``, which also stamps the messages. `trouble` says in one line why there
    are no chunks now, '' when there are.
    """

    def __init__(
        self, link: PolicyLink, profile: RobotProfile, delays: Delays, clock: Clock,
        options: SessionOptions, publish: Callable[[ActionChunk], None],
    ) -> None:
        self.link = link
        self.contract = link.contract
        self.assembly = ObservationAssembly(
            link.contract, profile, delays, options.frozen_after_s)
        self.plan = CommittedPlan(link.contract, profile, delays.actuation)
        self._actuation_s = delays.actuation
        self._clock = clock
        self._publish = publish
        self._trigger = RequestTrigger.of(link.contract, options.rate_hz, options.horizon_s)
        self.inference = AsynchronousInference(
            self._prepare, link.infer, self._deliver, self._failed, self._trigger,
            options.in_flight)
        self.instruction = ''
        self.chunks = 0
        self.refused = 0
        self.unusable_in_a_row = 0
        self.refusal = ''
        self.requested_ms = 0.0
        self.overhead_ms = 0.0
        self.observation_stamp_ns = 0
        self._fault = ''

    def check_instruction(self, instruction: str) -> None:
        """ContractError when the policy cannot be told ``instruction``."""
        process_instruction(self.contract.language, instruction)

    def begin(self, instruction: str) -> None:
        """
        Ask for chunks that follow ``instruction``, as a new episode of the policy.

        ContractError when the policy cannot be told this.
        """
        self.check_instruction(instruction)
        self.assembly.begin()
        self.plan.begin()
        self.unusable_in_a_row, self.refusal, self._fault = 0, '', ''
        self.replace_instruction(instruction)

    def replace_instruction(self, instruction: str) -> None:
        """Follow another instruction from now on; ContractError as for `begin`."""
        self.check_instruction(instruction)
        self.instruction = instruction
        self.inference.begin()

    def pause(self) -> None:
        """Ask no more."""
        self.inference.pause()

    def close(self) -> None:
        """End the threads and the link."""
        self.inference.close()
        self.link.close()

    def add(self, topic: str, sample: Sample) -> None:
        """Take a sample of a stream."""
        of_use = self.assembly.add(topic, sample, self._clock.now_ns())
        # Where there are cameras, only a picture makes another observation.
        if of_use and (isinstance(sample, CameraSample) or not self.contract.images):
            newer_ns = self.assembly.newer_ns()
            if newer_ns is not None:
                self.inference.notice(newer_ns)

    def plan_dropped(self) -> None:
        """Execution did not take the last chunk: the next is asked for at once."""
        self._trigger.begin()

    @property
    def chunk_age_s(self) -> float:
        """Age of the observation of the newest chunk; 0 before there is one."""
        if not self.observation_stamp_ns:
            return 0.0
        return (self._clock.now_ns() - self.observation_stamp_ns) / 1e9

    @property
    def problems(self) -> tuple[StreamProblem, ...]:
        """Streams that stand in the way of an observation now."""
        return self.assembly.problems(self._clock.now_ns())

    @property
    def trouble(self) -> str:
        """Why there are no chunks now, '' when there are."""
        if self.link.state is not LinkState.READY:
            return f'policy: {self.link.message}'
        if self.unusable_in_a_row:
            return f'policy: {self.refusal}'
        problems = self.problems
        if problems:
            return '; '.join(map(str, problems))
        return self._fault

    def _prepare(self, task: int) -> InferenceRequest | None:
        now_ns = self._clock.now_ns()
        try:
            observation = self.assembly.observe(self.instruction, now_ns)
        except ObservationUnavailable:
            return None  # `problems` say why
        asked_ns = self._clock.now_ns()
        prefix = self.plan.prefix(
            observation.stamp_ns, asked_ns, self.inference.latency.quantile_s(EXPECTED_SHARE))
        self.requested_ms = (asked_ns - observation.stamp_ns) / 1e6
        return InferenceRequest(
            observation, self.instruction, prefix.rows, prefix.delay, task)

    def _deliver(self, request: InferenceRequest, chunk: ActionChunk) -> float:
        observation = request.observation
        self.chunks += 1
        self.unusable_in_a_row, self._fault = 0, ''
        self.observation_stamp_ns = observation.stamp_ns
        self._publish(replace(
            chunk, stamp_ns=observation.stamp_ns, frame_id=self.contract.action.space.frame,
            sequence=self.chunks, policy=self.link.name, instruction=request.instruction,
            times_s=chunk.times_s - self._actuation_s))
        now_ns = self._clock.now_ns()
        self.overhead_ms = (now_ns - observation.stamp_ns - chunk.inference_ns) / 1e6
        return (observation.stamp_ns - now_ns) / 1e9 + float(chunk.times_s[-1])

    def _failed(self, error: Exception) -> None:
        if isinstance(error, UnusableAnswer):
            self.refused += 1
            self.unusable_in_a_row += 1
            self.refusal = str(error)
        elif self.link.state is LinkState.READY:
            self._fault = f'inference: {error}'
        time.sleep(0.02)
