"""
What is to be seen now: chunks, motion and state, collected from topics for every view.

Used by the RViz node and by the web view alike. All topics are sampled, so a flood of them costs
no more than one look at a time.
"""
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpaceMismatch
from vla_core.conversion import (
    ConversionError,
    chunk_from_message,
    features_from_message,
    pose_from_message,
    reorder,
    time_from_message,
)
from vla_core.description import robot_description
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.sampled import Sampled
from vla_interfaces.msg import (
    ActionChunk as ChunkMessage,
    ExecutionStatus,
    PolicyFeatures,
    PolicyStatus,
    SafetyState,
)
from vla_monitoring.visualisation.tip_paths import ArmState, TipPath, TipPaths

__all__ = ['LiveScene', 'ShownChunk']

EXECUTED_S = 8.0  # of motion that is kept
CHUNKS = 6
STEPS = 200  # of a chunk that are drawn
PLANS = 16  # samples of a chunk that are drawn
NEAR_LIMIT = 0.04  # of a joint's range
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

EXECUTION_STATES = ('idle', 'executing', 'starved', 'holding', 'stopped')
POLICY_STATES = ('unloaded', 'loading', 'ready', 'running', 'waiting', 'failed')
SAFETY_LEVELS = ('normal', 'limiting', 'holding', 'STOPPED', 'FAULT')


@dataclass(frozen=True, eq=False)
class ShownChunk:
    """A chunk with the paths of its tips, and when it came (s of the steady clock)."""

    chunk: ActionChunk
    paths: list[TipPath]
    came: float


class LiveScene:
    """Subscribes on ``node``; `look` takes what is new."""

    def __init__(self, node: Node, profile: RobotProfile) -> None:
        self.profile = profile
        self.predicted: deque[ShownChunk] = deque(maxlen=CHUNKS)
        self.committed: ShownChunk | None = None
        self.samples: list[TipPath] = []
        self.executed: dict[str, deque[tuple[float, np.ndarray]]] = {
            arm.name: deque() for arm in profile.arms}
        self.states: dict[str, ArmState] = {}
        self.refusal = ''
        self.links = _moved_links(profile)
        self._node = node
        self._tips = TipPaths(profile)
        self._chunks = Sampled(node, ChunkMessage, 'action_chunk', depth=5)
        self._features = Sampled(node, PolicyFeatures, 'policy_features', depth=1)
        self._committed = Sampled(node, ChunkMessage, 'committed_chunk')
        self._joints = Sampled(node, JointState, 'joint_states')
        self._poses = {arm.name: Sampled(node, PoseStamped, self.below(arm, 'current_pose'))
                       for arm in profile.arms}
        self._targets = {arm.name: Sampled(node, PoseStamped, self.below(arm, 'target_pose'))
                         for arm in profile.arms}
        self._execution = Sampled(node, ExecutionStatus, 'execution_status')
        self._policy = Sampled(node, PolicyStatus, 'policy_status')
        self._safety = Sampled(node, SafetyState, 'safety_state', qos=LATCHED)
        self._conditions = Sampled(node, DiagnosticStatus, 'supervision', qos=LATCHED)
        self._health = Sampled(node, DiagnosticStatus, 'health', qos=LATCHED)

    def below(self, arm: ArmProfile, topic: str) -> str:
        """The topic of an arm."""
        return f'{arm.name}/{topic}' if len(self.profile.arms) > 1 else topic

    # ---- what is new

    def look(self) -> None:
        """Take what came since the last look."""
        now = time.monotonic()
        self._look_at_joints()
        self._look_at_poses(now)
        for message in self._chunks.take():
            shown = self._shown(message, now)
            if shown is not None:
                self.predicted.append(shown)
        for message in self._committed.take():
            self.committed = self._shown(message, now) or self.committed
        for message in self._features.take():
            self._look_at_samples(message)
        for sampled in (self._execution, self._policy, self._safety, self._conditions,
                        self._health, *self._targets.values()):
            sampled.look()

    def _look_at_joints(self) -> None:
        message = self._joints.look()
        if message is None:
            return
        for arm in self.profile.arms:
            try:
                joints = reorder(message.name, message.position, arm.joints)
            except ConversionError as error:
                self.refusal = f'joint_states: {error}'
                continue
            if np.all(np.isfinite(joints)):
                self.states[arm.name] = ArmState(joints, self._tips.tip(arm.name, joints))

    def _look_at_poses(self, now: float) -> None:
        for name, sampled in self._poses.items():
            for message in sampled.take():
                position, _ = pose_from_message(message.pose)
                if np.all(np.isfinite(position)):
                    self.executed[name].append((now, position))
            kept = self.executed[name]
            while kept and now - kept[0][0] > EXECUTED_S:
                kept.popleft()

    def _shown(self, message: ChunkMessage, now: float) -> ShownChunk | None:
        try:
            chunk = chunk_from_message(message)
            if chunk.steps > STEPS:
                raise ChunkError('times_s', f'{chunk.steps} steps are too many to be drawn')
            return ShownChunk(chunk, self._tips.of(chunk, self.states), now)
        except (ConversionError, ChunkError, ActionSpaceMismatch) as error:
            self.refusal = str(error)[:200]
            return None

    def _look_at_samples(self, message: PolicyFeatures) -> None:
        shown = next((s for s in self.predicted if s.chunk.sequence == message.sequence), None)
        try:
            samples = features_from_message(message).get('samples')
            self.samples = [] if shown is None or samples is None else self._tips.samples(
                shown.chunk, samples[:PLANS], self.states)
        except (ConversionError, ChunkError) as error:
            self.refusal = str(error)[:200]

    # ---- what is to be said

    @property
    def targets(self) -> Iterator[PoseStamped]:
        """Targets of the controllers that are no older than half a second."""
        now_ns = self._node.get_clock().now().nanoseconds
        for sampled in self._targets.values():
            target = sampled.newest
            if target is not None and target.header.frame_id and abs(
                    now_ns - time_from_message(target.header.stamp)) < 5e8:
                yield target

    @property
    def joints(self) -> JointState | None:
        """The newest joint state."""
        return self._joints.newest

    @property
    def execution(self) -> ExecutionStatus | None:
        """The newest status of the execution."""
        return self._execution.newest

    @property
    def policy(self) -> PolicyStatus | None:
        """The newest status of the policy."""
        return self._policy.newest

    @property
    def safety(self) -> SafetyState | None:
        """The newest safety state."""
        return self._safety.newest

    def chunk_age_s(self) -> float:
        """Age of what the executed action is conditioned on, s; NaN when nothing is executed."""
        status = self._execution.newest
        if status is None or status.state not in (
                ExecutionStatus.EXECUTING, ExecutionStatus.STARVED):
            return float('nan')
        return float(status.chunk_age)

    def delay_ms(self) -> float:
        """From observation to the end of the newest inference, ms; NaN before the first."""
        if not self.predicted:
            return float('nan')
        chunk = self.predicted[-1].chunk
        return (chunk.inference_end_ns - chunk.stamp_ns) / 1e6 if chunk.inference_end_ns else (
            float('nan'))

    def near_limits(self) -> list[tuple[ArmProfile, str]]:
        """Joints within a few percent of the end of their range."""
        near = []
        for arm in self.profile.arms:
            state = self.states.get(arm.name)
            if state is None:
                continue
            lower, upper = arm.limits.position_lower, arm.limits.position_upper
            margin = NEAR_LIMIT * (upper - lower)
            outside = (state.joints < lower + margin) | (state.joints > upper - margin)
            near += [(arm, arm.joints[index]) for index in np.flatnonzero(outside)]
        return near

    def lines(self) -> list[str]:
        """Instruction, phase, latency, strategy and safety, for people."""
        policy, execution, safety = self.policy, self.execution, self.safety
        said = []
        if policy is not None:
            state = _word(POLICY_STATES, policy.state)
            said.append(f'"{policy.instruction[:80]}"' if policy.instruction else 'no instruction')
            said.append(f'policy {state}, {policy.latency_p50_ms:.0f} ms '
                        f'(p99 {policy.latency_p99_ms:.0f}), {policy.rate_hz:.1f} Hz')
        if execution is not None:
            age = self.chunk_age_s()
            said.append(f'{_word(EXECUTION_STATES, execution.state)}, {execution.strategy[:40]}' + (
                f', plan {1000 * age:.0f} ms old' if np.isfinite(age) else ''))
        if safety is not None and safety.level != SafetyState.NORMAL:
            said.append(f'{_word(SAFETY_LEVELS, safety.level)}: {safety.message[:100]}')
        for sampled in (self._conditions, self._health):
            status = sampled.newest
            if status is not None and status.level != DiagnosticStatus.OK:
                said.append(status.message[:120])
        if policy is None and execution is None:
            said.insert(0, 'no policy')
        return said


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if number < len(words) else f'state {number}'


def _moved_links(profile: RobotProfile) -> dict[str, str]:
    """The link that each joint of the description moves."""
    joints = ElementTree.fromstring(robot_description(profile)).findall('joint')
    return {joint.get('name'): joint.find('child').get('link') for joint in joints}
