"""The bridge to the driver of another: its core, and the node against a strict fake of UR's."""
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from vla_core.kinematics import ArmKinematics, Unreachable
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_hardware.ros2_control.configuration import load_driver
from vla_hardware.ros2_control.reference import ArmReference, TargetRefused

PERIOD = 0.01
ROOT = Path(__file__).parents[3]
FAKE = Path(__file__).parent / 'peers' / 'ros2_control_robot.py'
BRIDGE = 'from vla_hardware.ros2_control.node import main; raise SystemExit(main())'


@pytest.fixture(name='arm', scope='module')
def _arm():
    profile = RobotProfile.load('ur')
    return profile.arms[0], ArmKinematics(profile, profile.arms[0])


def reference(arm, scale=0.5):
    profile, kinematics = arm
    made = ArmReference(profile, kinematics, PERIOD, 0.2, scale)
    made.start(profile.home)
    return made


@pytest.mark.parametrize('name, robot', [
    ('crisp', 'franka'), ('franka_ros2', 'franka'), ('ur_robot_driver', 'ur'),
    ('interbotix', 'aloha')])
def test_the_drivers_that_are_brought_along_fit_their_robots(name, robot):
    driver = load_driver(name)
    profile = RobotProfile.load(robot)
    driver.check(profile)
    for arm_name, arm in driver.arms.items():
        gripper = profile.arm(arm_name).gripper
        ends = [arm.gripper.offset + arm.gripper.scale * end
                for end in (gripper.closed, gripper.open)]
        wanted = {'ur': (0.8, 0.0), 'franka': (0.0, 0.04), 'aloha': (-0.413, 1.333)}[robot]
        np.testing.assert_allclose(ends, wanted, atol=0.01)


def test_a_driver_that_does_not_fit_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no driver 'crsp'; did you mean 'crisp'"):
        load_driver('crsp')
    with pytest.raises(ConfigurationError, match="robot ur has no arm 'left'"):
        load_driver('interbotix').check(RobotProfile.load('ur'))
    file = tmp_path / 'driver.yaml'
    file.write_text('arms: {arm: {stream: {kind: targets}}}')
    with pytest.raises(ConfigurationError, match='hold: is missing'):
        load_driver(str(file))
    file.write_text('arms: {arm: {stream: {kind: forward_position}}}')
    with pytest.raises(ConfigurationError, match='topic: must be there'):
        load_driver(str(file))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.25, 0.25), min_size=6, max_size=6))
def test_inverse_kinematics_finds_the_near_joints(arm, offsets):
    profile, kinematics = arm
    joints = profile.home + offsets
    pose = kinematics.forward(joints)
    found = kinematics.inverse(pose, profile.home)
    np.testing.assert_allclose(kinematics.forward(found)[:3], pose[:3], atol=2e-3)


def test_poses_are_taken_in_frames_that_stand_still_and_within_reach(arm):
    profile, kinematics = arm
    pose = kinematics.forward(profile.home)
    np.testing.assert_allclose(kinematics.in_base(profile.base_frame, pose), pose)
    assert np.isfinite(kinematics.in_base('world', pose)).all()
    with pytest.raises(ValueError, match='none that stands still'):
        kinematics.in_base(profile.tip_frame, pose)
    with pytest.raises(Unreachable, match='out of reach'):
        kinematics.inverse(np.array([3.0, 0, 0, 0, 0, 0, 1.0]), profile.home)


def test_a_reference_stays_within_its_limits_and_halts_when_the_stream_does(arm):
    made, profile = reference(arm), arm[0]
    joints, positions = list(profile.joints), []
    for tick in range(300):
        now = tick * PERIOD
        if tick % 2 == 0 and tick < 200:
            target = profile.home.copy()
            target[0] += 0.4 * np.sin(2.0 * now)
            made.take_joints(joints[::-1], target[::-1].tolist(), now)  # order is by name
        positions.append(made.step(now).copy())
    positions = np.array(positions)
    speed = np.diff(positions, axis=0) / PERIOD
    acceleration = np.diff(speed, axis=0) / PERIOD
    assert (np.abs(speed) <= 0.5 * profile.limits.velocity * 1.01).all()
    assert (np.abs(acceleration) <= 0.5 * profile.limits.acceleration * 1.05).all()
    times = np.arange(100, 200) * PERIOD
    error = positions[100:200, 0] - profile.home[0] - 0.4 * np.sin(2.0 * times)
    assert np.abs(error).max() < 0.02
    assert np.abs(speed[-20:]).max() < 1e-6  # at rest since the stream fell silent


def test_a_reference_nears_its_target_to_the_last_digit(arm):
    made, profile = reference(arm), arm[0]
    generator = np.random.default_rng(0)
    for tick in range(3000):
        now = tick * PERIOD
        if tick % 2 == 0 and tick % 500 < 400:
            noise = 10.0 ** generator.uniform(-16, -6) * generator.standard_normal(6)
            target = profile.home + noise + (0.02 if tick % 1000 < 200 else 0.0)
            made.take_joints(list(profile.joints), target.tolist(), now)
        made.step(now)
    np.testing.assert_allclose(made.position, profile.home, atol=1e-4)


def test_targets_that_make_no_sense_are_refused_by_name(arm):
    made, profile = reference(arm), arm[0]
    joints, home = list(profile.joints), profile.home.tolist()
    for names, values, text in (
            (joints[:5], home[:5], f'lacks {joints[5]}'),
            (joints, [float('nan'), *home[1:]], 'not finite'),
            (joints, [home[0] + 1.0, *home[1:]], f'{joints[0]} is 1.00 rad away')):
        with pytest.raises(TargetRefused, match=text):
            made.take_joints(names, values, 0.0)
    with pytest.raises(TargetRefused, match='unit quaternion'):
        made.take_pose(profile.base_frame, [0.4, 0, 0.4, 0, 0, 0, 0.5], 0.0)
    made.stop('somebody said so')
    with pytest.raises(TargetRefused, match='release it first'):
        made.take_joints(joints, home, 0.0)
    np.testing.assert_allclose(made.step(0.0), profile.home)


def test_interbotix_gets_groups_and_says_what_is_missing(monkeypatch):
    from vla_hardware.ros2_control.outputs import reference_output

    class JointGroupCommand:
        """As in interbotix_xs_msgs: string name, float32[] cmd."""

        def __init__(self, *, name, cmd):
            self.name, self.cmd = name, cmd

    class Node:
        sent = ()

        def create_publisher(self, kind, topic, depth):
            self.sent = (kind, topic)
            return self

        def publish(self, message):
            self.sent = (*self.sent, message)

    driver = load_driver('interbotix').arms['left'].stream
    with pytest.raises(ConfigurationError, match='install interbotix_xs_msgs'):
        reference_output(Node(), driver, driver.topic, ())
    module = ModuleType('interbotix_xs_msgs.msg')
    module.JointGroupCommand = JointGroupCommand
    monkeypatch.setitem(sys.modules, 'interbotix_xs_msgs', ModuleType('interbotix_xs_msgs'))
    monkeypatch.setitem(sys.modules, 'interbotix_xs_msgs.msg', module)
    node = Node()
    reference_output(node, driver, driver.topic, ()).publish(np.arange(6.0))
    kind, topic, message = node.sent
    assert (kind, topic) == (JointGroupCommand, 'follower_left/commands/joint_group')
    assert (message.name, message.cmd) == ('arm', [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


# ---- the node and the fake


class Session:
    """Driver, bridge and a person at their topics."""

    def __init__(self, *arguments):
        import rclpy
        from geometry_msgs.msg import PoseStamped
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
        from sensor_msgs.msg import JointState
        from std_msgs.msg import Float64MultiArray, String

        from vla_interfaces.msg import SafetyState
        self.processes = [
            subprocess.Popen([sys.executable, str(FAKE), '/robot']),
            subprocess.Popen([sys.executable, '-c', BRIDGE, '--ros-args', '-p', 'robot:=ur',
                              '-p', 'robot_namespace:=robot', *arguments])]
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('person', context=self.context)
        self.newest, self.closing = {}, False
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        for kind, topic, qos in ((PoseStamped, 'current_pose', qos_profile_sensor_data),
                                 (String, '/robot/fake/report', 10),
                                 (JointState, '/robot/joint_states', 10),
                                 (SafetyState, 'safety_state', latched)):
            self.node.create_subscription(
                kind, topic, lambda message, topic=topic: self.newest.update({topic: message}), qos)
        self.poses = self.node.create_publisher(PoseStamped, 'target_pose', 1)
        self.joints = self.node.create_publisher(JointState, 'target_joint', 1)
        self.grip = self.node.create_publisher(
            Float64MultiArray, 'gripper_position_controller/commands', 1)
        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(self.node)
        self.executor = executor
        self.thread = threading.Thread(target=self._spin)
        self.thread.start()

    def _spin(self):
        while not self.closing:
            self.executor.spin_once(timeout_sec=0.05)

    def wait(self, condition, what, seconds=20.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.02)
        raise AssertionError(f'{what}: {self.newest.get("safety_state")}')

    def report(self):
        message = self.newest.get('/robot/fake/report')
        return eval(message.data) if message else {}

    def place(self):
        message = self.newest['/robot/joint_states']
        return dict(zip(message.name, message.position))

    def safety(self):
        message = self.newest.get('safety_state')
        return (message.level, message.message) if message else (-1, '')

    def stream(self, send, seconds):
        begun = time.monotonic()
        while (elapsed := time.monotonic() - begun) < seconds:
            send(elapsed)
            time.sleep(0.02)

    def call(self, name, kind=None, **fields):
        from std_srvs.srv import Trigger
        kind = kind or Trigger
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(10.0), name
        future = client.call_async(kind.Request(**fields))
        self.wait(future.done, name)
        answer = future.result()
        return answer.success, answer.message

    def joint_target(self, changes):
        from sensor_msgs.msg import JointState
        places = {**self.start, **{joint: self.start[joint] + c for joint, c in changes.items()}}
        self.joints.publish(JointState(name=list(places), position=list(places.values())))

    def close(self):
        self.closing = True
        self.thread.join()
        for process in reversed(self.processes):
            process.terminate()
            process.wait(10)
        self.context.try_shutdown()


def patient(driver, folder):
    """The same driver for a machine that is busy with other tests: targets and states may pause."""
    file = folder / 'driver.yaml'
    file.write_text(f'state_timeout: 4.0\n{driver}'.replace(
        'rate_hz:', 'target_timeout: 1.0, rate_hz:'))
    return str(file)


@pytest.fixture(name='session')
def _session(tmp_path):
    driver = (ROOT / 'config' / 'ros2_control' / 'ur_robot_driver.yaml').read_text()
    session = Session('-p', f'driver:={patient(driver, tmp_path)}')
    yield session
    session.close()


@pytest.mark.alone
def test_urs_driver_is_switched_led_stopped_and_recovered(session):
    from std_srvs.srv import SetBool
    session.wait(lambda: session.report().get('states', {}).get('forward_position_controller')
                 == 'active', 'the switch', 60.0)
    states = session.report()['states']
    assert states['scaled_joint_trajectory_controller'] == 'inactive'
    assert states['io_and_status_controller'] == 'active'
    session.wait(lambda: 'holds' in session.safety()[1], 'no target yet')
    session.wait(lambda: 'current_pose' in session.newest, 'a pose')
    session.start = session.place()

    # Joints, in whatever order, and then a pose.
    session.stream(lambda t: session.joint_target({'elbow_joint': 0.1 * min(t, 1.0)}), 1.6)
    assert session.place()['elbow_joint'] - session.start['elbow_joint'] == pytest.approx(
        0.1, abs=0.01)
    pose = session.newest['current_pose']
    height = pose.pose.position.z

    def lower(t):
        pose.pose.position.z = height - 0.05 * min(t, 1.0)
        session.poses.publish(pose)
    session.stream(lower, 1.6)
    lowered = session.newest['current_pose'].pose.position
    assert lowered.z == pytest.approx(height - 0.05, abs=0.005)
    assert session.report()['fastest'] < 1.6
    assert session.report()['refused'] == 0

    # A target that jumps is refused; the arm stays.
    session.start = session.place()
    session.stream(lambda t: session.joint_target({'elbow_joint': 1.5}), 0.3)
    session.wait(lambda: 'rad away from its target' in session.safety()[1], 'a refusal')
    assert session.place()['elbow_joint'] == pytest.approx(session.start['elbow_joint'], abs=0.01)

    from std_msgs.msg import Float64MultiArray
    session.stream(lambda t: session.grip.publish(Float64MultiArray(data=[0.0, 20.0])), 0.5)
    assert session.report()['goals'] == [(0.8, 20.0)]  # a stream makes one goal

    # A stop in motion brakes, and lasts until the release.
    session.start = session.place()
    mover = threading.Thread(target=session.stream, args=(
        lambda t: session.joint_target({'wrist_3_joint': 0.4 * np.sin(3.0 * t)}), 2.0))
    mover.start()
    time.sleep(0.5)
    assert session.call('stop')[0]
    time.sleep(0.5)
    rested = session.place()
    mover.join()
    assert session.place()['wrist_3_joint'] == pytest.approx(rested['wrist_3_joint'], abs=1e-3)
    assert session.safety() == (3, 'stopped: stop requested')

    # The driver's own fault, and its own way back; nothing moves before the release.
    session.call('/robot/fake/protective_stop', SetBool, data=True)
    assert session.call('recover') == (True, 'recovered; release it now')
    assert session.safety()[0] == 3
    assert session.call('release') == (True, 'released')
    session.start = session.place()
    session.stream(lambda t: session.joint_target({'wrist_3_joint': 0.1 * min(t, 1.0)}), 1.6)
    moved = session.place()['wrist_3_joint'] - session.start['wrist_3_joint']
    assert moved == pytest.approx(0.1, abs=0.01)

    # A driver that falls silent is a named stop.
    session.call('/robot/fake/silent', SetBool, data=True)
    session.wait(lambda: 'no joint_states' in session.safety()[1], 'a lost driver')
    assert 'see that it runs' in session.call('release')[1]
    session.call('/robot/fake/silent', SetBool, data=False)
    time.sleep(0.5)
    assert session.call('release')[0]


@pytest.mark.alone
def test_trajectory_points_are_streamed_to_a_controller_that_has_to_be_loaded(tmp_path):
    driver = patient(
        'arms: {arm: {controllers: [joint_trajectory_controller], stream: {kind: joint_trajectory, '
        'topic: joint_trajectory_controller/joint_trajectory, rate_hz: 50, horizon: 0.04}}}',
        tmp_path)
    session = Session('-p', f'driver:={driver}', '-p', 'activate:=false')
    try:
        session.wait(lambda: 'not released yet' in session.safety()[1], 'waiting', 60.0)
        assert 'joint_trajectory_controller' not in session.report().get('states', {})
        time.sleep(0.5)
        assert session.call('release')[0]
        session.start = session.place()
        session.stream(lambda t: session.joint_target({'elbow_joint': -0.1 * min(t, 1.0)}), 1.6)
        moved = session.place()['elbow_joint'] - session.start['elbow_joint']
        assert moved == pytest.approx(-0.1, abs=0.01)
        assert session.report()['states']['joint_trajectory_controller'] == 'active'
        assert session.report()['fastest'] < 1.0
    finally:
        session.close()
