"""The node `execution`: chunks in, one continuous stream of targets out."""
import sys

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpaceMismatch
from vla_core.conversion import (
    ConversionError,
    chunk_from_message,
    chunk_to_message,
    time_to_message,
)
from vla_core.node import go_before_others, run_node
from vla_core.parameters import NodeParameters
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import near_matches
from vla_execution import strategies
from vla_execution.executor import ExecutionSettings, Executor
from vla_execution.faults import FaultInjector
from vla_execution.node.outputs import make_output
from vla_execution.node.parameters import ExecutionParameters
from vla_execution.node.paths import Paths
from vla_execution.node.robot_state import RobotState
from vla_interfaces.msg import ActionChunk as ChunkMessage, ExecutionStatus, SafetyState

__all__ = ['ExecutionNode', 'main']

CHUNKS = QoSProfile(depth=10)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STATUS_PERIOD = 0.1  # s
PAUSE_NS = 500_000_000  # without a tick, after which the robot has stopped by itself
RESUME_WITHIN = 0.02  # m or rad between robot and reference, to go on from the reference
CODES = {'idle': ExecutionStatus.IDLE, 'executing': ExecutionStatus.EXECUTING,
         'starved': ExecutionStatus.STARVED, 'holding': ExecutionStatus.HOLDING,
         'stopped': ExecutionStatus.STOPPED}


class ExecutionNode(Node):
    """Executes the chunks of one contract on one robot."""

    def __init__(self) -> None:
        super().__init__('execution')
        self._settings = NodeParameters(self, ExecutionParameters, self._change)
        values = self._settings.values
        contract = PolicyContract.load(values.contract)
        profile = RobotProfile.load(values.robot or contract.robot)
        self._executor = Executor(profile, contract.action.space, ExecutionSettings(
            strategy=values.strategy, law=values.law, limit_scale=values.limit_scale,
            horizon=values.horizon, speed=values.speed))
        self.add_on_set_parameters_callback(self._judge)
        layout = self._executor.layout
        self._period = 1.0 / contract.rate_hz
        self._paths = Paths(self, layout)
        self._state = RobotState(self, layout, self._paths.executed)
        self._output = make_output(self, layout, values)
        self._renew_link(values)
        self._begun, self._waiting, self._leads = False, values.autostart, False
        self._safe, self._halted = True, False
        self._ticked_ns, self._held_ns, self._stopped_ns = 0, 0, 0
        self._said = ''
        self._committed = self.create_publisher(ChunkMessage, 'committed_chunk', CHUNKS)
        self._status = self.create_publisher(ExecutionStatus, 'execution_status', CHUNKS)
        self.create_subscription(ChunkMessage, 'action_chunk', self._receive, CHUNKS)
        self.create_subscription(SafetyState, 'safety_state', self._take_safety, LATCHED)
        self.create_service(Trigger, 'execution/start', self._start)
        self.create_service(Trigger, 'execution/stop', self._stop)
        self.create_timer(1.0 / values.rate, self._tick)
        self.create_timer(self._period, self._publish_committed)
        self.create_timer(STATUS_PERIOD, self._publish_status, clock=Clock(
            clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(
            f'executing {contract.name} on {profile.name} by {values.strategy}')

    # ---- parameters

    def _judge(self, parameters: list):
        from rcl_interfaces.msg import SetParametersResult
        for entry in parameters:
            if entry.name == 'strategy' and entry.value not in strategies.available():
                return SetParametersResult(successful=False, reason=(
                    f'parameter strategy: no execution strategy {entry.value!r}; '
                    f'{near_matches(entry.value, strategies.available())}'))
        return SetParametersResult(successful=True)

    def _change(self, old: ExecutionParameters, new: ExecutionParameters) -> None:
        if new.strategy != old.strategy:
            self._executor.use(new.strategy)
        if new.faults != old.faults:
            self._renew_link(new)

    def _renew_link(self, values: ExecutionParameters) -> None:
        self._link = FaultInjector(
            values.faults.faults, np.random.default_rng(values.faults.seed))

    # ---- inputs

    def _now(self) -> int:
        return self.get_clock().now().nanoseconds

    def _receive(self, message: ChunkMessage) -> None:
        try:
            chunk = chunk_from_message(message)
        except ConversionError as error:
            self._refuse(str(error))
            return
        self._link.put(chunk, self._now())
        self._deliver(self._now())

    def _deliver(self, now_ns: int) -> None:
        for chunk in self._link.arrived(now_ns):
            self._take(chunk, now_ns)

    def _take(self, chunk: ActionChunk, now_ns: int) -> None:
        executor = self._executor
        if not self._begun or not executor.started:
            if chunk.stamp_ns <= self._stopped_ns:
                executor.refuse('it was under way when the execution was stopped')
                return
            self._refuse('execution is stopped; call execution/start' if not self._waiting
                         else f'execution cannot start: {self._state.problem}')
            return
        robot = self._state.known(now_ns, self._settings.values.max_state_age)
        if robot is None:
            self._refuse(self._state.problem)
            return
        distance, angle = executor.distance(robot)
        if executor.state in ('idle', 'holding') and max(distance, angle) > RESUME_WITHIN:
            executor.settle(now_ns, robot)  # somebody else moved it meanwhile
        elif distance > self._settings.values.max_deviation:
            self._refuse(f'the robot is {distance:.3f} from where it was told to be')
            return
        try:
            accepted = executor.add(chunk, now_ns, self._state.history.at(chunk.stamp_ns))
        except (ChunkError, ActionSpaceMismatch) as error:
            self._say(str(error))
            return
        if accepted:
            self._publish_committed()
        else:
            self._say(executor.report(now_ns).refusal)

    def _refuse(self, reason: str) -> None:
        self._executor.refuse(reason)
        self._say(reason)

    def _say(self, reason: str) -> None:
        """Log a refusal, each kind once until another comes."""
        kind = reason.split(':')[1] if ':' in reason else reason
        if kind != self._said:
            self._said = kind
            self.get_logger().warning(f'chunk refused: {reason}')

    def _take_safety(self, message: SafetyState) -> None:
        self._safe = message.level < SafetyState.STOPPED
        if not self._safe and (self._begun or self._waiting):
            self._executor.halt()
            self._renew_link(self._settings.values)
            self._begun, self._waiting, self._halted = False, False, True
            self.get_logger().warning(
                f'stopped by the safety chain ({message.message or message.stopped_by}); '
                'release it and call execution/start')

    # ---- services

    def _start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = self._begin(self._now())
        return response

    def _begin(self, now_ns: int) -> tuple[bool, str]:
        """Begin at rest where the robot is."""
        if not self._safe:
            return False, 'the safety chain has stopped the robot; release it first'
        robot = self._state.known(now_ns, self._settings.values.max_state_age)
        if robot is None:
            return False, f'where the robot is is not known: {self._state.problem}'
        self._executor.start(now_ns, robot)
        self._renew_link(self._settings.values)
        self._begun, self._waiting, self._halted = True, False, False
        self._leads = False
        self._ticked_ns = now_ns
        return True, 'started'

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._waiting, self._stopped_ns = False, self._now()
        self._renew_link(self._settings.values)
        if self._begun:
            self._executor.stop(self._stopped_ns)
        response.success, response.message = True, 'stopping'
        return response

    # ---- output

    def _tick(self) -> None:
        now = self._now()
        self._state.look()
        if self._waiting and self._safe:
            self._begin(now)
        if not self._begun:
            return
        if not 0 <= now - self._ticked_ns <= PAUSE_NS and not self._resume(now):
            return
        self._ticked_ns = now
        self._deliver(now)
        if self._state.openings is not None:
            self._executor.feel(self._state.openings)
        reference = self._executor.reference(now)
        state = self._executor.state
        if state == 'stopped':
            self._begun = False  # and the last reference is given only to a robot that was led
        else:
            if state != 'holding':
                self._held_ns = now
            held = (now - self._held_ns) * 1e-9
            self._leads = state != 'idle' and held <= self._settings.values.hold_timeout
        if self._leads:
            self._output.publish(reference, now)

    def _resume(self, now_ns: int) -> bool:
        """Go on from where the robot is, once that is seen: in the pause it has stopped."""
        if now_ns < self._ticked_ns:
            self._state.forget()
            self._begun, self._waiting, self._stopped_ns = False, True, 0
            self.get_logger().warning('time went back; the execution begins anew')
            return False
        robot = self._state.known(now_ns, self._settings.values.max_state_age)
        if robot is None:
            return False
        pause = (now_ns - self._ticked_ns) * 1e-9
        self.get_logger().warning(f'paused for {pause:.2f} s; going on from where the robot is')
        self._executor.resume(now_ns, robot)
        return True

    def _publish_committed(self) -> None:
        now = self._now()
        if not self._begun:
            return
        executor, newest = self._executor, self._executor.scheduler.newest
        times, rows = executor.committed(now, self._period / executor.settings.speed)
        self._paths.publish(times, rows, now)
        if newest is None or len(times) < 2:
            return
        self._committed.publish(chunk_to_message(ActionChunk(
            stamp_ns=now, space=executor.space, times_s=times, data=rows,
            frame_id=executor.space.frame, sequence=newest.sequence, policy=newest.policy,
            instruction=newest.instruction), ChunkMessage()))

    def _publish_status(self) -> None:
        now = self._now()
        report = self._executor.report(now)
        state = CODES['idle'] if report.state == 'stopped' and not self._halted else (
            CODES[report.state])
        message = ExecutionStatus(
            state=state, strategy=report.strategy,
            chunk_sequence=report.chunk_sequence, chunk_age=report.chunk_age_s,
            committed_horizon=report.committed_horizon_s,
            seam_position_jump=report.seam.position, seam_velocity_jump=report.seam.velocity,
            seam_acceleration_jump=report.seam.acceleration,
            starvation_ratio=report.starvation_ratio, chunks_accepted=report.chunks_accepted,
            chunks_refused=report.chunks_refused, refusal=report.refusal)
        time_to_message(now, message.header.stamp)
        self._status.publish(message)


def main() -> int:
    """Run ``ros2 run vla_execution execution``, before others where that is allowed."""
    go_before_others()
    return run_node(ExecutionNode)


if __name__ == '__main__':
    sys.exit(main())
