"""A process with one of everything that the verbs look at; says 'ready' when all of it is up."""
import importlib.util
import time

import rclpy
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.action import ActionServer, CancelResponse
from rclpy.executors import MultiThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool

RCLError = rclpy_implementation.RCLError
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


class Robot(Node):
    """Publishes, answers, and sends back on /heard/back what comes on /heard."""

    def __init__(self) -> None:
        super().__init__('robot', namespace='/cell')
        self.declare_parameter('speed', 0.5, ParameterDescriptor(
            description='speed in m/s',
            floating_point_range=[FloatingPointRange(from_value=0.0, to_value=1.0)]))
        self.declare_parameter('tool.slots', 2, ParameterDescriptor(
            integer_range=[IntegerRange(from_value=1, to_value=9, step=1)]))
        self.declare_parameter('tool.name', 'gripper')
        self.declare_parameter('gains', [1.0, 2.0])
        self.declare_parameter('serial', 'A1', ParameterDescriptor(read_only=True))
        self.declare_parameter('note', 'none', ParameterDescriptor(dynamic_typing=True))
        self.chatter = self.create_publisher(String, '/chatter', 5)
        self.joints = self.create_publisher(JointState, '/joint_states', BEST_EFFORT)
        self.description = self.create_publisher(String, '/description', LATCHED)
        self.description.publish(String(data='<robot/>'))
        self.hidden = self.create_publisher(String, '/_secret', 1)
        self.back = self.create_publisher(String, '/heard/back', LATCHED)
        self.create_subscription(String, '/heard', self.back.publish, 5)
        self.create_service(SetBool, '/toggle', self.toggle)
        self.count = 0
        self.create_timer(0.02, self.tick)

    def tick(self) -> None:
        self.count += 1
        self.chatter.publish(String(data=f'hello {self.count}'))
        message = JointState(name=['a', 'b'], position=[0.25, -0.5])
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = 'world'
        self.joints.publish(message)

    def toggle(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        response.success = request.data
        response.message = f'was asked for {request.data}'
        return response


def add_gripper(node: Node) -> ActionServer:
    """Serve /gripper: ten steps in max_effort seconds; it gives up on a negative position."""
    from control_msgs.action import GripperCommand

    def execute(goal_handle):
        goal = goal_handle.request.command
        for step in range(1, 11):
            if goal_handle.is_cancel_requested:
                goal_handle.canceled()
                return GripperCommand.Result()
            goal_handle.publish_feedback(
                GripperCommand.Feedback(position=goal.position * step / 10))
            if goal.max_effort > 0:
                time.sleep(goal.max_effort / 10)
        if goal.position < 0:
            goal_handle.abort()
        else:
            goal_handle.succeed()
        return GripperCommand.Result(position=goal.position, reached_goal=goal.position >= 0)

    return ActionServer(
        node, GripperCommand, '/gripper', execute,
        cancel_callback=lambda goal_handle: CancelResponse.ACCEPT)


def main() -> None:
    rclpy.init()
    robot, stage = Robot(), LifecycleNode('stage')
    executor = MultiThreadedExecutor(num_threads=3)
    executor.add_node(robot)
    executor.add_node(stage)
    if importlib.util.find_spec('control_msgs') is not None:
        gripper = add_gripper(robot)
        print(f'gripper: {type(gripper).__name__}', flush=True)
    print('ready', flush=True)
    try:
        executor.spin()
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException, RCLError):
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
