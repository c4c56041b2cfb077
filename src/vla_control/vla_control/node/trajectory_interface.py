"""A joint trajectory controller's action, topics and query, as ros2_control's has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance, JointTrajectoryControllerState
from control_msgs.srv import QueryTrajectoryState
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.task import Future
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMessage

from vla_control.controllers.trajectory import TrajectoryStatus
from vla_control.laws.joint_trajectory import JointTrajectory, Tolerances, TrajectoryError
from vla_control.loop import ArmView, LoopError, LoopState
from vla_control.node.controller_node import ControllerNode
from vla_control.node.loop_link import LoopLink
from vla_control.node.messages import (
    duration_seconds,
    nanoseconds,
    trajectory_point,
    trajectory_points,
)
from vla_core.profile import ArmProfile

__all__ = ['TrajectoryInterface']

Result = FollowJointTrajectory.Result
WATCH = 0.02  # s
STATE_RATE = 50.0  # Hz


@dataclass
class _Goal:
    handle: ServerGoalHandle
    number: int
    done: Future


class TrajectoryInterface:
    """What people send to `<name>/…`; the loop follows it."""

    def __init__(self, node: ControllerNode, arm: ArmProfile, link: LoopLink) -> None:
        self._node = node
        self._arm = arm
        self._link = link
        self._goal: _Goal | None = None
        self._sampled: JointTrajectory | None = None
        self._states = node.create_publisher(
            JointTrajectoryControllerState, '~/controller_state', 5)
        node.create_subscription(
            JointTrajectoryMessage, '~/joint_trajectory', self._take_topic, 5)
        node.create_service(QueryTrajectoryState, '~/query_state', self._query)
        self._server = ActionServer(
            node, FollowJointTrajectory, '~/follow_joint_trajectory', self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT)
        self._timer = node.create_timer(
            WATCH, self._watch, autostart=False, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """Abort what runs and take no more goals."""
        self._finish(Result.INVALID_GOAL, 'the controller was unloaded')
        self._server.destroy()

    # ---- goals

    def _take_topic(self, message: JointTrajectoryMessage) -> None:
        try:
            self._follow(message, [], [], 0.0)
        except (TrajectoryError, LoopError) as error:
            self._node.get_logger().warning(f'joint_trajectory refused: {error}')

    async def _execute(self, handle: ServerGoalHandle) -> Result:
        goal = handle.request
        try:
            if goal.multi_dof_trajectory.points or goal.component_path_tolerance or \
                    goal.component_goal_tolerance:
                raise TrajectoryError('multi_dof_trajectory: this controller has single joints')
            number = self._follow(
                goal.trajectory, goal.path_tolerance, goal.goal_tolerance,
                duration_seconds(goal.goal_time_tolerance))
        except (TrajectoryError, LoopError) as error:
            handle.abort()
            return Result(error_code=_code(str(error)), error_string=str(error))
        self._finish(Result.INVALID_GOAL, 'a newer goal replaced this one')
        self._goal = _Goal(handle, number, Future())
        self._timer.reset()
        return await self._goal.done

    def _follow(
        self, message: JointTrajectoryMessage, path: list[JointTolerance],
        goal: list[JointTolerance], goal_time: float,
    ) -> int:
        points = trajectory_points(message, self._arm.joints)
        client = self._link.client
        view = client.read_state().arms[self._arm.name]
        if view.controller != self._node.get_name():
            raise LoopError(f'controller {self._node.get_name()!r} is not active; '
                            'switch to it first')
        tolerances = self._tolerances(path, goal, goal_time)
        now, stamp = self._link.steady_ns(), nanoseconds(message.header.stamp)
        start = 0 if stamp == 0 else self._link.steady_at(
            stamp, self._node.get_clock().now().nanoseconds)
        number = client.follow_trajectory(self._node.get_name(), points, start, tolerances)
        self._sampled = JointTrajectory(
            points, self._link.robot_seconds(start or now), self._link.robot_seconds(now),
            view.reference_position, view.reference_velocity, np.zeros(len(self._arm.joints)))
        return number

    def _tolerances(
        self, path: list[JointTolerance], goal: list[JointTolerance], goal_time: float
    ) -> Tolerances | None:
        """Those of a goal over the parameters; 0 means the parameter's, negative means none."""
        if not path and not goal and goal_time == 0.0:
            return None
        defaults = self._node.parameters.values
        rows = []
        for given, default in ((path, defaults.path_tolerance), (goal, defaults.goal_tolerance)):
            row = np.full(len(self._arm.joints), default or np.inf)
            for tolerance in given:
                if tolerance.name not in self._arm.joints:
                    raise TrajectoryError(f'joint_names: tolerance for unknown joint '
                                          f'{tolerance.name!r}')
                if tolerance.position:
                    row[self._arm.joints.index(tolerance.name)] = (
                        tolerance.position if tolerance.position > 0 else np.inf)
            rows.append(row)
        return Tolerances(*rows, goal_time or defaults.goal_time)

    # ---- what becomes of a goal

    def _watch(self) -> None:
        goal = self._goal
        if goal is None:
            self._timer.cancel()
            return
        state = self._link.state()
        if state is None:
            self._finish(Result.INVALID_GOAL, self._link.reason)
            return
        view = state.arms[self._arm.name]
        if goal.handle.is_cancel_requested:
            self._cancel()
        elif state.stopped:
            self._finish(Result.INVALID_GOAL, f'the robot was stopped ({state.stop_reason})')
        elif view.controller != self._node.get_name():
            self._finish(Result.INVALID_GOAL, 'the controller was deactivated')
        elif view.trajectory_number != goal.number:
            if view.trajectory_number > goal.number:
                self._finish(Result.INVALID_GOAL, 'a newer trajectory replaced this one')
        elif view.trajectory_status is TrajectoryStatus.SUCCEEDED:
            self._finish(Result.SUCCESSFUL, '')
        elif view.trajectory_status < 0:
            self._finish(int(view.trajectory_status), self._violation(view))
        elif view.trajectory_status is not TrajectoryStatus.ACTIVE:
            self._finish(Result.INVALID_GOAL, 'the trajectory was cancelled')
        else:
            self._feed_back(goal.handle, view)

    def _violation(self, view: ArmView) -> str:
        error = np.abs(view.reference_position - view.position)
        worst = int(error.argmax())
        return f'{self._arm.joints[worst]} is {error[worst]:.3f} rad away from its trajectory'

    def _cancel(self) -> None:
        try:
            self._link.client.cancel_trajectory(self._node.get_name())
        except LoopError as error:
            self._finish(Result.INVALID_GOAL, str(error))
            return
        goal, self._goal = self._goal, None
        goal.handle.canceled()
        goal.done.set_result(Result(error_string='cancelled'))

    def _finish(self, code: int, text: str) -> None:
        goal, self._goal = self._goal, None
        if goal is None:
            return
        if code == Result.SUCCESSFUL:
            goal.handle.succeed()
        else:
            goal.handle.abort()
        goal.done.set_result(Result(error_code=code, error_string=text))

    def _feed_back(self, handle: ServerGoalHandle, view: ArmView) -> None:
        feedback = FollowJointTrajectory.Feedback(joint_names=list(self._arm.joints))
        feedback.header.stamp = self._node.get_clock().now().to_msg()
        feedback.desired, feedback.actual, feedback.error = _points(view)
        handle.publish_feedback(feedback)

    # ---- state

    def publish(self, state: LoopState, stamp: Time) -> None:
        """Publish `controller_state` while the controller is active."""
        view = state.arms[self._arm.name]
        if view.controller != self._node.get_name():
            return
        message = JointTrajectoryControllerState(
            joint_names=list(self._arm.joints), speed_scaling_factor=1.0)
        message.header.stamp = stamp
        message.reference, message.feedback, message.error = _points(view)
        message.output = trajectory_point(view.command)
        self._states.publish(message)

    def _query(
        self, request: QueryTrajectoryState.Request, response: QueryTrajectoryState.Response
    ) -> QueryTrajectoryState.Response:
        trajectory = self._sampled
        if trajectory is None:
            response.message = 'no trajectory was given yet'
            return response
        moment = self._link.robot_seconds(self._link.steady_at(
            nanoseconds(request.time), self._node.get_clock().now().nanoseconds))
        if moment < trajectory.begin:
            response.message = f'the trajectory begins {trajectory.begin - moment:.3f} s later'
            return response
        position, velocity, acceleration = trajectory.sample(moment)
        response.success = True
        response.name = list(self._arm.joints)
        response.position = position.tolist()
        response.velocity = velocity.tolist()
        response.acceleration = acceleration.tolist()
        return response


def _points(view: ArmView) -> tuple:
    """Reference, measurement and their difference."""
    return (trajectory_point(view.reference_position, view.reference_velocity),
            trajectory_point(view.position, view.velocity),
            trajectory_point(view.reference_position - view.position,
                             view.reference_velocity - view.velocity))


def _code(text: str) -> int:
    if text.startswith('joint_names'):
        return Result.INVALID_JOINTS
    return Result.OLD_HEADER_TIMESTAMP if text.startswith('header.stamp') else Result.INVALID_GOAL
