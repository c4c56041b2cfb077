"""The action `execute_task` and the service `set_instruction`: one task at a time."""
import math
import time
from collections import deque
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from vla_inference.node.execution_link import ExecutionLink
from vla_inference.node.parameters import InferenceParameters
from vla_inference.node.policy_switch import PolicySwitch
from vla_inference.node.turns import Turns
from vla_inference.policy_link import LinkState
from vla_inference.success import SuccessSource
from vla_inference.task import Outcome, Task, TaskEnd
from vla_interfaces.action import ExecuteTask
from vla_interfaces.msg import SafetyState
from vla_interfaces.srv import SetInstruction

__all__ = ['TaskServer']

TICK_S = 0.05
FEEDBACK_EVERY = 4
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class TaskServer:
    """
    Runs goals one after another: at most ``parameters().queue_length`` wait, more are rejected.

    What is wrong with a goal ends it as failed, with the reason; a rejection cannot carry one.
    """

    def __init__(
        self, node: Node, turns: Turns, parameters: Callable[[], InferenceParameters],
        switch: PolicySwitch, execution: ExecutionLink, sources: list[SuccessSource],
    ) -> None:
        self._node, self._turns = node, turns
        self._parameters = parameters
        self._switch = switch
        self._execution = execution
        self._sources = sources
        self._claims = 0
        self._waiting: deque[ServerGoalHandle] = deque()
        self._handle: ServerGoalHandle | None = None
        self._ticks = 0
        self._refused_chunks = 0
        self._safety: SafetyState | None = None
        self._supervision = DiagnosticStatus()
        self.task: Task | None = None
        self._server = ActionServer(
            node, ExecuteTask, 'execute_task', self._execute, goal_callback=self._claim,
            handle_accepted_callback=self._queue, cancel_callback=self._allow_cancel)
        node.create_service(SetInstruction, 'set_instruction', self._set_instruction)
        node.create_subscription(SafetyState, 'safety_state', self._take_safety, _LATCHED)
        node.create_subscription(
            DiagnosticStatus, 'supervision', self._take_supervision, _LATCHED)
        node.create_timer(TICK_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def running(self) -> bool:
        """Whether a task runs."""
        return self.task is not None and not self.task.over

    def _claim(self, goal: ExecuteTask.Goal) -> GoalResponse:
        if self._claims > self._parameters().queue_length:
            self._node.get_logger().warning(
                f'goal {goal.instruction!r} rejected: a task runs'
                + (f' and {self._claims - 1} wait' if self._claims > 1 else '')
                + '; raise queue_length to let goals wait')
            return GoalResponse.REJECT
        self._claims += 1
        return GoalResponse.ACCEPT

    def _queue(self, handle: ServerGoalHandle) -> None:
        self._waiting.append(handle)
        self._start_next()

    def _start_next(self) -> None:
        if self._handle is None and self._waiting:
            self._handle = self._waiting.popleft()
            self._handle.execute()

    def _allow_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        return CancelResponse.ACCEPT

    async def _execute(self, handle: ServerGoalHandle) -> ExecuteTask.Result:
        queued = handle is not self._handle
        try:
            if queued:
                end = TaskEnd(Outcome.CANCELLED, False, 'cancelled while it waited', 0.0, 0)
            else:
                end = await self._run(handle)
            self._conclude(handle, end)
        finally:
            self._claims -= 1
            if not queued:
                self.task = self._handle = None
                self._start_next()
        return ExecuteTask.Result(
            outcome=int(end.outcome), success=end.success, message=end.message, steps=end.steps,
            duration=end.duration_s)

    def _conclude(self, handle: ServerGoalHandle, end: TaskEnd) -> None:
        if end.outcome is Outcome.SUCCEEDED:
            handle.succeed()
        elif end.outcome is Outcome.CANCELLED and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        self._node.get_logger().info(
            f'task {handle.request.instruction!r}: {end.outcome.name}, {end.message} '
            f'({end.duration_s:.1f} s, {end.steps} steps)')

    async def _run(self, handle: ServerGoalHandle) -> TaskEnd:
        goal, session = handle.request, self._switch.session
        now = time.monotonic()
        task = self.task = Task(
            goal.instruction, goal.time_limit or self._parameters().time_limit, now,
            session.contract.rate_hz if session is not None else 0.0)
        reason = self._unfit(goal)
        if reason:
            task.finish(Outcome.FAILED, reason, now)
            return task.end
        self._look_at_safety()
        if not task.over:
            await self._act(task)
        return task.end

    def _unfit(self, goal: ExecuteTask.Goal) -> str:
        """What is wrong with a goal, '' if nothing."""
        if not (math.isfinite(goal.time_limit) and goal.time_limit >= 0):
            return f'goal: time_limit: must be finite and not negative (got {goal.time_limit})'
        session = self._switch.session
        if session is None:
            return 'no policy is loaded: call load_policy'
        if session.link.state is LinkState.REFUSED:
            return f'policy: {session.link.message}'
        try:
            session.check_instruction(goal.instruction)
        except ValueError as error:
            return f'goal: {error}'
        return ''

    async def _act(self, task: Task) -> None:
        session = self._switch.session
        failure = await self._execution.use_contract(
            session.contract, session.link.contract_source)
        if not failure and not task.over:
            failure = await self._execution.start()
        if failure:
            task.finish(Outcome.FAILED, failure, time.monotonic())
        if not task.over:
            self._refused_chunks = self._count_refused()
            for source in self._sources:
                source.begin(task.instruction)
            self._switch.session.begin(task.instruction)
            await self._turns.until(lambda: task.over, math.inf)
        if self._switch.session.inference.running:
            self._switch.session.pause()
        failure = await self._execution.stop()
        if failure:
            self._node.get_logger().error(failure)

    def _tick(self) -> None:
        for handle in [handle for handle in self._waiting if handle.is_cancel_requested]:
            self._waiting.remove(handle)
            handle.execute()
        task, handle = self.task, self._handle
        if task is None or task.over or handle is None:
            return
        now = time.monotonic()
        self._look_at_safety()
        if handle.is_cancel_requested:
            task.finish(Outcome.CANCELLED, f'cancelled{self._reason()}', now)
        session = self._switch.session
        if session.inference.running:
            self._watch(task, now)
        else:
            task.tick(now, executing=False, trouble='')
        self._ticks += 1
        if self._ticks % FEEDBACK_EVERY == 0 or task.over:
            handle.publish_feedback(self._feedback(task))

    def _watch(self, task: Task, now: float) -> None:
        session = self._switch.session
        for source in self._sources:
            verdict = source.verdict()
            if verdict is not None:
                task.finish(verdict.outcome, verdict.message, now)
            task.progress = max(task.progress, source.progress)
        if session.unusable_in_a_row >= self._parameters().unusable_answers:
            task.finish(
                Outcome.FAILED, f'{session.unusable_in_a_row} answers in a row were unusable: '
                f'{session.refusal}', now)
        if session.link.state is LinkState.REFUSED:
            task.finish(Outcome.FAILED, f'policy: {session.link.message}', now)
        refused = self._count_refused()
        if refused > self._refused_chunks:
            session.plan_dropped()
        self._refused_chunks = refused
        in_time = now - task.began_s < task.time_limit_s
        task.tick(now, executing=self._execution.executing, trouble=session.trouble)
        if in_time or task.end is None or task.end.outcome is not Outcome.TIMED_OUT:
            return
        judged = [source.success_if_ended() for source in self._sources]
        if True in judged and False not in judged:
            task.judge_success(True)

    def _count_refused(self) -> int:
        status = self._execution.status
        return status.chunks_refused if status is not None else 0

    def _look_at_safety(self) -> None:
        state = self._safety
        if state is not None and state.level >= SafetyState.STOPPED and self.task is not None:
            kind = 'fault' if state.level == SafetyState.FAULT else 'stop'
            self.task.finish(Outcome.SAFETY_STOP, f'{kind}: {state.message}{self._reason()}',
                             time.monotonic())

    def _reason(self) -> str:
        """What the supervisor has against going on, '' if nothing or if there is none."""
        said = self._supervision
        return f'; {said.message}' if said.level == DiagnosticStatus.ERROR else ''

    def _feedback(self, task: Task) -> ExecuteTask.Feedback:
        session, status = self._switch.session, self._execution.status
        return ExecuteTask.Feedback(
            phase=int(task.phase), progress=float(task.progress),
            latency_ms=1e3 * session.inference.latency.newest_s,
            chunk_age=status.chunk_age if status is not None and self._execution.executing
            else session.chunk_age_s)

    def _set_instruction(
        self, request: SetInstruction.Request, response: SetInstruction.Response,
    ) -> SetInstruction.Response:
        if not self.running or not self._switch.session.inference.running:
            response.message = 'no task is running'
            return response
        try:
            self._switch.session.replace_instruction(request.instruction)
        except ValueError as error:
            response.message = str(error)
            return response
        self.task.instruction = request.instruction
        response.success = True
        response.message = f'follows {request.instruction!r}'
        return response

    def _take_supervision(self, message: DiagnosticStatus) -> None:
        self._supervision = message

    def _take_safety(self, message: SafetyState) -> None:
        self._safety = message
        self._look_at_safety()

