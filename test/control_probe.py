"""A client of the controller manager, asked line by line: each line is an expression below."""
import math
import sys
import threading
import time

import rclpy
from control_msgs.action import FollowJointTrajectory
from controller_manager_msgs.srv import ListControllers, SwitchController
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectoryPoint

from vla_interfaces.msg import SafetyState
from vla_interfaces.srv import ResetWorld

rclpy.init()
node = rclpy.create_node('probe', namespace=sys.argv[1])
newest = {}


def keep(message_type, topic, qos):
    node.create_subscription(
        message_type, topic, lambda message: newest.update({topic: message}), qos)


latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
keep(PoseStamped, 'current_pose', qos_profile_sensor_data)
keep(JointState, 'joint_states', qos_profile_sensor_data)
keep(DiagnosticArray, '/diagnostics', 10)
keep(SafetyState, 'safety_state', latched)
keep(Clock, '/clock', qos_profile_sensor_data)
poses = node.create_publisher(PoseStamped, 'target_pose', 10)
joints = node.create_publisher(JointState, 'target_joint', 10)
executor = SingleThreadedExecutor()
executor.add_node(node)
threading.Thread(target=executor.spin, daemon=True).start()


def result(future, timeout=15.0):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    if not done.wait(timeout):
        raise TimeoutError('no answer')
    return future.result()


def call(service_type, name, **fields):
    client = node.create_client(service_type, name)
    if not client.wait_for_service(10.0):
        raise TimeoutError(f'no service {name}')
    return result(client.call_async(service_type.Request(**fields)))


def latest(topic):
    while topic not in newest:
        time.sleep(0.01)
    return newest[topic]


def switch(activate, deactivate, strictness):
    answer = call(SwitchController, 'controller_manager/switch_controller',
                  activate_controllers=activate, deactivate_controllers=deactivate,
                  strictness=strictness, activate_asap=True)
    return answer.ok, answer.message


def controllers():
    listed = call(ListControllers, 'controller_manager/list_controllers').controller
    return [(entry.name, entry.state) for entry in listed]


def trigger(name):
    answer = call(Trigger, name)
    time.sleep(0.2)
    return answer.success, answer.message


def reset_world(task, seed):
    answer = call(ResetWorld, 'reset_world', task=task, seed=seed)
    return answer.success, answer.message, answer.instruction


def clock():
    """Simulated and steady time in s."""
    newest.pop('/clock', None)
    stamp = latest('/clock').clock
    return stamp.sec + 1e-9 * stamp.nanosec, time.monotonic()


def joints_after(seconds):
    """Positions, fastest velocity on the way there, and the newest stamp in s."""
    end, fastest = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        newest.pop('joint_states', None)
        fastest = max(fastest, max(abs(rate) for rate in latest('joint_states').velocity))
    message = latest('joint_states')
    stamp = message.header.stamp
    return list(message.position), fastest, stamp.sec + 1e-9 * stamp.nanosec


def safety():
    state = latest('safety_state')
    return state.level, state.message


def diagnostics():
    return [status.name for status in latest('/diagnostics').status]


def set_parameter(controller, name, value):
    answer = call(SetParameters, f'{controller}/set_parameters',
                  parameters=[Parameter(name, value=value).to_parameter_msg()])
    return answer.results[0].reason


def pose():
    newest.pop('current_pose', None)
    p = latest('current_pose').pose
    return [p.position.x, p.position.y, p.position.z,
            p.orientation.x, p.orientation.y, p.orientation.z, p.orientation.w]


def pose_message(values, frame='base', age=0.0):
    message = PoseStamped()
    now = node.get_clock().now().nanoseconds - int(age * 1e9)
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(now, 1_000_000_000)
    message.header.frame_id = frame
    p, q = message.pose.position, message.pose.orientation
    p.x, p.y, p.z, q.x, q.y, q.z, q.w = values
    return message


def moved(start, offset):
    return [a + b for a, b in zip(start[:3], offset)] + start[3:]


def send_pose(offset, frame='base', age=0.0):
    start = pose()
    for _ in range(12):  # a guard speaks once a second
        poses.publish(pose_message(moved(start, offset), frame, age))
        time.sleep(0.1)


def stream_pose(offset, duration):
    """Stream from here to there at 50 Hz, beside it a posture out of every range, then stay."""
    start, names = pose(), latest('joint_states').name
    begun = time.monotonic()
    while (share := (time.monotonic() - begun) / duration) < 1.5:
        part = 0.5 - 0.5 * math.cos(math.pi * min(share, 1.0))
        message = pose_message(moved(start, [part * c for c in offset]))
        poses.publish(message)
        joints.publish(JointState(
            header=message.header, name=names, position=[9.0] * len(names)))
        time.sleep(0.02)
    return pose()


def stream_rivals(duration):
    rival = rclpy.create_node('rival', namespace=node.get_namespace())
    others = rival.create_publisher(PoseStamped, 'target_pose', 10)
    start, begun = pose(), time.monotonic()
    while time.monotonic() - begun < duration:
        poses.publish(pose_message(start))
        time.sleep(0.01)
        others.publish(pose_message(moved(start, [0.0, 0.1, 0.0])))
        time.sleep(0.01)
    rival.destroy_node()


def trajectory(changes, duration):
    now = latest('joint_states')
    goal = FollowJointTrajectory.Goal()
    places = {name: place for name, place in zip(now.name, now.position) if 'finger' not in name}
    places.update(changes)
    goal.trajectory.joint_names = sorted(places, reverse=True)
    point = JointTrajectoryPoint(positions=[places[j] for j in goal.trajectory.joint_names])
    point.time_from_start.sec, rest = divmod(int(duration * 1e9), 1_000_000_000)
    point.time_from_start.nanosec = rest
    goal.trajectory.points = [point]
    client = ActionClient(
        node, FollowJointTrajectory, 'joint_trajectory_controller/follow_joint_trajectory')
    client.wait_for_server(10.0)
    handle = result(client.send_goal_async(goal))
    answer = result(handle.get_result_async()).result
    return answer.error_code, answer.error_string


for line in sys.stdin:
    # The transport may print too: an answer begins with a mark.
    print(f'answer {eval(line)!r}', flush=True)
