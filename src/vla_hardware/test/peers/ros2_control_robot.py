"""A UR5e's driver as a strict fake: what ros2_control promises, and nothing that it does not.

A controller takes commands only while it is active; a switch is all or nothing, as under STRICT;
two controllers never claim one interface; positions that do not fit are refused and counted.
A joint trajectory begins anew with each message. Run as `python ros2_control_robot.py NAMESPACE`.
"""
import os
import sys
import time
from contextlib import suppress

import numpy as np
import rclpy
from control_msgs.action import GripperCommand
from controller_manager_msgs.msg import ControllerState
from controller_manager_msgs.srv import (
    ConfigureController,
    ListControllers,
    LoadController,
    SwitchController,
)
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

JOINTS = ['shoulder_pan_joint', 'shoulder_lift_joint', 'elbow_joint', 'wrist_1_joint',
          'wrist_2_joint', 'wrist_3_joint']
HOME = np.array([0.0, -np.pi / 2, np.pi / 2, -np.pi / 2, -np.pi / 2, 0.0])
FASTEST = 3.2  # rad/s, beyond which the driver would stop
PERIOD = 0.01  # s
INTERFACES = [f'{joint}/position' for joint in JOINTS]
AVAILABLE = ('forward_position_controller', 'joint_trajectory_controller',
             'scaled_joint_trajectory_controller', 'io_and_status_controller')


class Driver(Node):
    """Manager, controllers and arm in one."""

    def __init__(self, namespace: str) -> None:
        super().__init__('driver', namespace=namespace)
        self.states = {'scaled_joint_trajectory_controller': 'active',
                       'io_and_status_controller': 'active',
                       'forward_position_controller': 'inactive'}
        self.position, self.command = HOME.copy(), HOME.copy()
        self.trajectory = None
        self.fastest, self.refused, self.log = 0.0, 0, []
        self.protective_stop, self.goals, self.silent = False, [], False
        manager = 'controller_manager/'
        self.create_service(ListControllers, manager + 'list_controllers', self.list)
        self.create_service(LoadController, manager + 'load_controller', self.load)
        self.create_service(ConfigureController, manager + 'configure_controller', self.configure)
        self.create_service(SwitchController, manager + 'switch_controller', self.switch)
        self.create_subscription(Float64MultiArray, 'forward_position_controller/commands',
                                 self.forward, 1)
        self.create_subscription(JointTrajectory, 'joint_trajectory_controller/joint_trajectory',
                                 self.follow, 1)
        self.create_service(Trigger, 'dashboard_client/unlock_protective_stop', self.unlock)
        self.create_service(Trigger, 'io_and_status_controller/resend_robot_program', self.unlock)
        self.create_service(SetBool, 'fake/protective_stop', self.trip)
        self.create_service(SetBool, 'fake/silent', self.hush)
        ActionServer(self, GripperCommand, 'robotiq_gripper_controller/gripper_cmd', self.grip,
                     goal_callback=lambda _: GoalResponse.ACCEPT,
                     cancel_callback=lambda _: CancelResponse.ACCEPT)
        self.out = self.create_publisher(JointState, 'joint_states', 10)
        self.report = self.create_publisher(String, 'fake/report', 10)
        self.create_timer(PERIOD, self.tick)

    def claims(self, name: str) -> list[str]:
        return [] if name == 'io_and_status_controller' else INTERFACES

    def list(self, request, response):
        for name, state in self.states.items():
            response.controller.append(ControllerState(
                name=name, state=state, type='fake', required_command_interfaces=self.claims(name),
                claimed_interfaces=self.claims(name) if state == 'active' else []))
        return response

    def load(self, request, response):
        response.ok = request.name in AVAILABLE and request.name not in self.states
        if response.ok:
            self.states[request.name] = 'unconfigured'
        return response

    def configure(self, request, response):
        response.ok = self.states.get(request.name) == 'unconfigured'
        if response.ok:
            self.states[request.name] = 'inactive'
        return response

    def switch(self, request, response):
        after = dict(self.states)
        for name in request.deactivate_controllers:
            if after.get(name) != 'active':
                response.message = f'{name} is not active'
                return response
            after[name] = 'inactive'
        for name in request.activate_controllers:
            if after.get(name) != 'inactive':
                response.message = f'{name} is not inactive'
                return response
            after[name] = 'active'
        claimed = [i for name, state in after.items() if state == 'active'
                   for i in self.claims(name)]
        if len(claimed) != len(set(claimed)):
            response.message = 'two controllers claim one interface'
            return response
        self.states, self.trajectory = after, None
        self.log.append([request.activate_controllers, request.deactivate_controllers])
        response.ok = True
        return response

    def forward(self, message):
        if self.states['forward_position_controller'] != 'active' or self.protective_stop:
            return
        values = np.array(message.data)
        if values.shape != (6,) or not np.isfinite(values).all():
            self.refused += 1
        else:
            self.command = values

    def follow(self, message):
        if self.states.get('joint_trajectory_controller') != 'active':
            return
        point = message.points[0]
        if sorted(message.joint_names) != sorted(JOINTS) or len(point.positions) != 6:
            self.refused += 1
            return
        given = dict(zip(message.joint_names, point.positions))
        due = point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec
        self.trajectory = (time.monotonic(), due, self.command.copy(),
                           np.array([given[joint] for joint in JOINTS]))

    def tick(self):
        if self.trajectory is not None:
            begun, due, start, end = self.trajectory
            share = min((time.monotonic() - begun + PERIOD) / due, 1.0)
            self.command = start + share * (end - start)
        if not self.protective_stop:
            step = self.command - self.position
            self.fastest = max(self.fastest, float(np.abs(step).max()) / PERIOD)
            self.position = self.position + np.clip(step, -FASTEST * PERIOD, FASTEST * PERIOD)
        if self.silent:
            return
        # The driver's own order, which is not that of the arm.
        order = [2, 1, 0, 3, 4, 5]
        message = JointState(name=[JOINTS[i] for i in order],
                             position=[float(self.position[i]) for i in order])
        message.header.stamp = self.get_clock().now().to_msg()
        self.out.publish(message)
        self.report.publish(String(data=repr({
            'states': self.states, 'fastest': self.fastest, 'refused': self.refused,
            'log': self.log, 'goals': self.goals, 'command': self.command.tolist()})))

    def trip(self, request, response):
        self.protective_stop = request.data
        response.success = True
        return response

    def hush(self, request, response):
        self.silent = request.data
        response.success = True
        return response

    def unlock(self, request, response):
        self.protective_stop = False
        self.command = self.position.copy()
        response.success = True
        return response

    def grip(self, handle):
        goal = handle.request.command
        self.goals.append((round(goal.position, 3), goal.max_effort))
        handle.succeed()
        return GripperCommand.Result(position=goal.position, reached_goal=True)


def main():
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    rclpy.init()
    executor = SingleThreadedExecutor()
    executor.add_node(Driver(sys.argv[1]))
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        executor.spin()


if __name__ == '__main__':
    main()
