"""A gripper controller's topic and action. Positions are those of the gripper's first joint."""

from __future__ import annotations

import math
from dataclasses import dataclass

from control_msgs.action import GripperCommand
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.task import Future
from std_msgs.msg import Float64MultiArray

from vla_control.loop import ArmView
from vla_control.node.controller_node import ControllerNode
from vla_control.node.loop_link import LoopLink
from vla_control.node.target_streams import TargetStreams
from vla_control.safety.targets import TargetRefused
from vla_core.profile import ArmProfile

__all__ = ['GripperInterface']

WATCH = 0.02  # s
SETTLE = 3  # looks at the state before it can be about the new goal


@dataclass
class _Goal:
    handle: ServerGoalHandle
    done: Future
    looks: int = 0


class GripperInterface:
    """`<name>/commands` [position, optional effort] and `<name>/gripper_cmd`."""

    def __init__(
        self, node: ControllerNode, arm: ArmProfile, link: LoopLink, streams: TargetStreams
    ) -> None:
        self._node = node
        self._arm = arm
        self._gripper = arm.gripper
        self._link = link
        self._goal: _Goal | None = None
        self._streams = streams
        self._subscription = streams.subscribe(
            f'{node.get_name()}/commands', arm.name, 'gripper', Float64MultiArray,
            self._command, wanted=lambda: True)
        self._server = ActionServer(
            node, GripperCommand, '~/gripper_cmd', self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT)
        self._timer = node.create_timer(
            WATCH, self._watch, autostart=False, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """Abort what runs and take no more goals."""
        self._finish(None)
        self._streams.unsubscribe(self._subscription)
        self._server.destroy()

    def _command(self, message: Float64MultiArray) -> list[float]:
        if len(message.data) not in (1, 2):
            raise TargetRefused('length', f'{len(message.data)} numbers; give the position of '
                                f'{self._gripper.joints[0]} and, if wanted, the largest effort')
        return self._target(*message.data)

    def _target(self, position: float, effort: float = 0.0) -> list[float]:
        view = self._active_view()
        if view is None:
            raise TargetRefused('inactive', f'controller {self._node.get_name()!r} is not active; '
                                'switch to it first')
        if not (math.isfinite(position) and math.isfinite(effort)):
            raise TargetRefused('not_finite', 'the gripper command is not finite')
        return [float(self._gripper.from_joint(position)), effort]

    def _active_view(self) -> ArmView | None:
        state = self._link.state()
        view = None if state is None else state.arms[self._arm.name]
        return view if view and view.gripper_controller == self._node.get_name() else None

    async def _execute(self, handle: ServerGoalHandle) -> GripperCommand.Result:
        command = handle.request.command
        try:
            self._link.write_target(
                self._arm.name, 'gripper', self._target(command.position, command.max_effort),
                self._link.steady_ns())
        except TargetRefused as refusal:
            self._node.get_logger().warning(f'gripper_cmd refused: {refusal}')
            handle.abort()
            return self._result(None)
        self._finish(self._active_view())
        self._goal = _Goal(handle, Future())
        self._timer.reset()
        return await self._goal.done

    def _watch(self) -> None:
        goal = self._goal
        if goal is None:
            self._timer.cancel()
            return
        goal.looks += 1
        view = self._active_view()
        if view is None or goal.handle.is_cancel_requested:
            self._finish(view)
        elif goal.looks > SETTLE and (view.gripper_reached or view.gripper_stalled):
            self._finish(view, succeeded=True)
        else:
            result = self._result(view)
            goal.handle.publish_feedback(GripperCommand.Feedback(
                position=result.position, effort=result.effort, stalled=result.stalled,
                reached_goal=result.reached_goal))

    def _finish(self, view: ArmView | None, succeeded: bool = False) -> None:
        goal, self._goal = self._goal, None
        if goal is None:
            return
        if succeeded:
            goal.handle.succeed()
        elif goal.handle.is_cancel_requested:
            goal.handle.canceled()
        else:
            goal.handle.abort()
        goal.done.set_result(self._result(view))

    def _result(self, view: ArmView | None) -> GripperCommand.Result:
        if view is None:
            return GripperCommand.Result()
        gripper = self._gripper
        place = gripper.closed + view.gripper_position * (gripper.open - gripper.closed)
        return GripperCommand.Result(
            position=place, effort=view.gripper_effort, stalled=view.gripper_stalled,
            reached_goal=view.gripper_reached)
