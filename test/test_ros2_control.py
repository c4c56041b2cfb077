"""The bridge leads a robot that a controller manager of ros2_control's kind runs: our own."""
import pytest

from vla_core.rotation import angle_between

pytestmark = pytest.mark.alone  # a control loop in real time
DRIVER = """
state_timeout: 4.0
arms:
  arm:
    controllers: [joint_trajectory_controller]
    stream: {kind: joint_trajectory, topic: joint_trajectory_controller/joint_trajectory,
             rate_hz: 100, horizon: 0.03, target_timeout: 1.0}
    gripper: {kind: gripper_command, name: gripper_position_controller/gripper_cmd}
"""
HANDED_ON = """
state_timeout: 4.0
arms:
  arm:
    controllers: [joint_position_controller]
    stream: {kind: targets}
    hold: joint_trajectory_controller
    publish_pose: false
recovery: [{name: recover, type: std_srvs/srv/Trigger}, {name: release, type: std_srvs/srv/Trigger}]
"""


@pytest.fixture(name='pair')
def _pair(terminal, wait_for, probe_of):
    """Start the manager in /robot and the bridge in /bridge; a probe in each."""
    def start(driver):
        manager = terminal.start(
            'ros2', 'run', 'vla_control', 'controller_manager', '--ros-args', '-r',
            '__ns:=/robot', '-p', 'robot:=ur', '-p', 'world:=none')
        wait_for(lambda: 'is ready' in manager.output.read_text(), 'the controller manager', 60.0)
        file = terminal.log_folder / 'driver.yaml'
        file.write_text(driver)
        bridge = terminal.start(
            'ros2', 'run', 'vla_hardware', 'ros2_control_bridge', '--ros-args', '-r',
            '__ns:=/bridge', '-p', 'robot:=ur', '-p', f'driver:={file}', '-p',
            'robot_namespace:=robot')
        wait_for(lambda: 'takes targets' in bridge.output.read_text(), 'the bridge', 60.0)
        return [probe_of(namespace) for namespace in ('robot', 'bridge')]

    return start


def place(robot, joint):
    return robot(f"(lambda m: dict(zip(m.name, m.position))['{joint}'])"
                 f"(newest.pop('joint_states', None) and latest('joint_states'))")


def send(bridge, robot, changes, steps=120):
    """Stream joints smoothly from where they are to somewhere else."""
    names, start = robot("(lambda m: (list(m.name), list(m.position)))(latest('joint_states'))")
    pairs = [(name, value) for name, value in zip(names, start) if 'finger' not in name]
    bridge(f'[joints.publish(JointState(name=[n for n, _ in {pairs}], position=['
           f'v + {changes}.get(n, 0.0) * min(k / 80, 1.0) for n, v in {pairs}])) or '
           f'time.sleep(0.02) for k in range({steps})]')


def test_our_own_manager_is_led_by_trajectory_points(pair):
    robot, bridge = pair(DRIVER)
    active = [name for name, state in robot('controllers()') if state == 'active']
    assert 'joint_trajectory_controller' in active
    assert 'joint_position_controller' not in active
    before = place(robot, 'elbow_joint')
    send(bridge, robot, {'elbow_joint': 0.15})
    assert place(robot, 'elbow_joint') == pytest.approx(before + 0.15, abs=0.01)
    told, measured = bridge('pose()'), robot('pose()')
    assert told[:3] == pytest.approx(measured[:3], abs=0.01)
    assert angle_between(told[3:], measured[3:]) < 0.02

    assert bridge("trigger('stop')")[0]
    assert bridge('safety()') == (3, 'stopped: stop requested')
    before = place(robot, 'elbow_joint')
    send(bridge, robot, {'elbow_joint': -0.1}, 40)
    assert place(robot, 'elbow_joint') == pytest.approx(before, abs=0.005)
    assert bridge("trigger('release')") == (True, 'released')
    send(bridge, robot, {'elbow_joint': -0.1})
    assert place(robot, 'elbow_joint') == pytest.approx(before - 0.1, abs=0.01)


def test_where_targets_bypass_the_bridge_a_stop_hands_the_arm_to_one_that_holds(pair):
    robot, bridge = pair(HANDED_ON)

    def active():
        return {name for name, state in robot('controllers()') if state == 'active'}
    assert 'joint_position_controller' in active()
    assert bridge("trigger('stop')")[0]
    assert 'joint_trajectory_controller' in active()
    assert 'joint_position_controller' not in active()
    robot("trigger('stop')")
    assert bridge("trigger('recover')") == (True, 'recovered; release it now')
    assert robot('safety()')[0] < 3
    assert bridge("trigger('release')") == (True, 'released')
    assert 'joint_position_controller' in active()
