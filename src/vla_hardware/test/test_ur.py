"""The `ur` plug-in with the unmodified ur-rtde against a controller in a process of its own."""
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vla_control.laws.joint_trajectory import TrajectoryPoints
from vla_control.loop import LoopClient, LoopConfiguration, LoopError
from vla_core.profile import RobotProfile
from vla_hardware import FaultCode, HardwareError, create
from vla_hardware.ur.modes import RobotMode, SafetyMode, fault_of

sys.path.insert(0, str(Path(__file__).parent / 'peers'))
from ur_controller.session import ControllerSession, free_address

PROFILE = RobotProfile.load('ur')
CONTROLLERS = {
    'path': {'type': 'joint_trajectory', 'arm': 'arm'},
    'speed': {'type': 'joint_velocity', 'arm': 'arm'},
    'soft': {'type': 'cartesian_admittance', 'arm': 'arm'},
    'gripper': {'type': 'gripper', 'arm': 'arm'},
}
LARGEST_STOP = 40.0  # rad/s², the acceleration that the joints have


class Person:
    """Somebody at a running loop: keeps it alive, waits, moves."""

    def __init__(self, robot: ControllerSession, **options):
        self.robot = robot
        self.loop = LoopClient.start(LoopConfiguration(
            name=f'test_ur_{robot.address}', robot='ur', plugin='ur', controllers=CONTROLLERS,
            options={'ip': robot.address, 'activate_gripper': True, **options}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.close()

    def wait(self, condition, seconds=10.0, every=None):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.loop.beat()
            if every is not None:
                every()
            state = self.loop.read_state()
            if condition(state):
                return state
            time.sleep(0.01)
        raise AssertionError(f'did not happen: {state.fault} {state.stop_reason} '
                             f'{self.robot.state()} {self.loop.events()}')

    def pause(self, seconds, every=None):
        end = time.monotonic() + seconds
        return self.wait(lambda state: time.monotonic() > end, seconds + 5.0, every)

    @property
    def position(self):
        return self.loop.read_state().arms['arm'].position

    def move(self, change, seconds):
        """Begin to turn the base joint."""
        goal = self.position.copy()
        goal[0] += change
        self.loop.follow_trajectory('path', TrajectoryPoints(np.array([seconds]), goal[None]))
        return goal

    def begin(self):
        """Leave nothing of what was before: not a fault, nor the stop of a silent node."""
        self.loop.beat()
        if self.loop.read_state().fault:
            self.robot.do('restore')
        self.recover()
        self.loop.release()
        self.pause(0.1)

    def recover(self):
        """Ask until the robot is back or says why it is not."""
        end = time.monotonic() + 20.0
        while True:
            try:
                self.loop.recover()
                return
            except LoopError as error:
                if 'being brought back' not in str(error) or time.monotonic() > end:
                    raise
            self.pause(0.1)


@pytest.fixture(scope='module', name='controller')
def _controller():
    with ControllerSession() as session:
        yield session


@pytest.fixture(name='robot')
def _robot(controller):
    controller.do('restore')
    return controller


@pytest.fixture(scope='module', name='resident')
def _resident(controller):
    """Somebody who stays at the robot through one fault after the other."""
    controller.do('restore')
    with Person(controller) as person:
        person.loop.switch(['path'], [])
        yield person


@pytest.fixture(name='person')
def _person(resident):
    resident.begin()
    return resident


def plug_in(robot, **options):
    return create('ur', PROFILE, **{'ip': robot.address, 'gripper': 'none', **options})


@pytest.mark.parametrize(('options', 'message'), [
    ({}, 'option ip'),
    ({'ip': ''}, 'option ip'),
    ({'ip': '10.0.0.2', 'lookahead': 0.5}, 'option lookahead'),
    ({'ip': '10.0.0.2', 'gian': 300.0}, "did you mean 'gain'"),
    ({'ip': '10.0.0.2', 'payload': {'mass': -1.0}}, r'option payload\.mass'),
])
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(HardwareError, match=message):
        create('ur', PROFILE, **options)


def test_every_mode_that_is_not_running_is_a_named_fault():
    assert fault_of(RobotMode.RUNNING, SafetyMode.REDUCED) is None
    codes = {mode: fault_of(RobotMode.RUNNING, mode).code for mode in SafetyMode
             if mode not in (SafetyMode.NORMAL, SafetyMode.REDUCED)}
    assert codes[SafetyMode.SYSTEM_EMERGENCY_STOP] is FaultCode.EMERGENCY_STOP
    assert codes[SafetyMode.SAFEGUARD_STOP] is FaultCode.USER_STOP
    assert codes[SafetyMode.VIOLATION] is FaultCode.LIMIT_VIOLATION
    assert 'POWER_OFF' in fault_of(RobotMode.POWER_OFF, SafetyMode.NORMAL).text


def test_nobody_at_the_address_or_port_is_said_in_one_line(robot):
    address = free_address()
    with pytest.raises(HardwareError, match=f'link_lost: no controller answers at {address}'):
        create('ur', PROFILE, ip=address).configure()
    lost = plug_in(robot, gripper='robotiq', gripper_port=9)
    with pytest.raises(HardwareError, match=r'gripper at .* port 9'):
        lost.configure()
    lost.close()


@pytest.mark.parametrize(('verb', 'arguments', 'message'), [
    ('remote', {'on': False}, 'local control'),
    ('power_off', {}, 'mode POWER_OFF'),
    ('emergency_stop', {}, 'emergency_stop'),
])
def test_a_robot_in_the_wrong_mode_is_not_activated(robot, verb, arguments, message):
    robot.do(verb, **arguments)
    time.sleep(0.2)
    hardware = plug_in(robot)
    hardware.configure()
    with pytest.raises(HardwareError, match=message):
        hardware.activate()
    hardware.close()


def test_reading_moves_nothing_and_needs_no_program(robot):
    hardware = plug_in(robot)
    before = robot.state()['q']
    hardware.configure()
    state = hardware.make_state()
    hardware.read(state)
    np.testing.assert_allclose(state.arms[0].position, before, atol=1e-4)
    assert hardware.diagnostics()['robot_mode'] == 'RUNNING'
    hardware.close()
    assert robot.state()['program'] == ''


def test_a_second_client_is_refused_and_the_first_goes_on(robot):
    with Person(robot) as person:
        second = plug_in(robot)
        second.configure()
        with pytest.raises(HardwareError, match='a program plays on the robot'):
            second.activate()
        second.close()
        assert not person.pause(0.2).fault
        assert robot.state()['program'] == 'rtde_control'


def test_a_cb3_runs_at_125_hz_and_is_not_taken_for_an_e_series():
    with ControllerSession(series='cb3') as robot:
        wrong = plug_in(robot)
        with pytest.raises(HardwareError, match='series: cb3'):
            wrong.configure()
        wrong.close()
        with Person(robot, series='cb3') as person:
            person.loop.switch(['path'], [])
            before = person.loop.read_state()
            goal = person.move(0.1, 1.0)
            after = person.pause(1.6)
            np.testing.assert_allclose(person.position, goal, atol=2e-3)
            seconds = (after.stamp_ns - before.stamp_ns) * 1e-9
            assert after.ticks - before.ticks == pytest.approx(125.0 * seconds, rel=0.2)


@pytest.mark.alone
def test_the_loop_servos_speeds_grips_and_leaves_the_arm_at_rest(robot):
    with Person(robot, payload={'mass': 1.2, 'centre': [0.0, 0.0, 0.05]}) as person:
        loop = person.loop
        home = person.position
        loop.switch(['path', 'gripper'], [])
        person.pause(0.3)
        np.testing.assert_allclose(person.position, home, atol=1e-3)
        goal = person.move(0.3, 1.5)
        person.wait(lambda s: s.arms['arm'].trajectory_status.name == 'SUCCEEDED')
        person.pause(0.4)
        np.testing.assert_allclose(robot.state()['q'], goal, atol=2e-3)

        loop.write_target('arm', 'gripper', [0.25, 50.0])
        person.wait(lambda s: abs(s.arms['arm'].gripper_position - 0.25) < 0.02)

        loop.switch(['speed'], ['path'])
        velocity = [0.0, 0.0, 0.0, 0.0, 0.0, 0.3]
        state = person.pause(1.0, lambda: loop.write_target('arm', 'joint_velocity', velocity))
        np.testing.assert_allclose(state.arms['arm'].velocity, velocity, atol=0.03)
        person.wait(lambda s: abs(s.arms['arm'].velocity).max() < 1e-3)

        assert robot.state()['payload'] == 1.2
        loop.hardware_request('speed_slider', fraction=0.5)
        loop.hardware_request('payload', mass=0.4)
        person.wait(lambda s: robot.state()['payload'] == 0.4)
        assert robot.state()['scaling'] == 0.5
        with pytest.raises(LoopError, match='mass must be within'):
            loop.hardware_request('payload', mass=-1.0)
        figures = loop.diagnostics()
        assert figures['robot_mode'] == 'RUNNING'
        assert figures['version'].startswith('5.')
    state = robot.state()
    assert state['program'] == ''
    assert np.abs(state['qd']).max() < 1e-3


@pytest.mark.alone
def test_a_pushed_arm_yields_as_its_stiffness_says_and_comes_back(robot):
    with Person(robot) as person:
        person.loop.switch(['soft'], [])
        home = person.loop.read_state().arms['arm'].pose

        def stay():
            person.loop.write_target('arm', 'pose', home)

        before = person.pause(0.5, stay).arms['arm'].pose[:3]
        robot.do('push', wrench=[0.0, 20.0, 0.0, 0.0, 0.0, 0.0], seconds=2.0)
        pushed = person.pause(1.8, stay).arms['arm']
        np.testing.assert_allclose(pushed.wrench[:3], [0.0, 20.0, 0.0], atol=1.0)
        # 500 N/m, beyond the 0.5 N within which nothing is felt
        np.testing.assert_allclose(
            pushed.pose[:3] - before, [0.0, 19.5 / 500.0, 0.0], atol=0.004)
        back = person.pause(2.5, stay).arms['arm'].pose[:3]
        np.testing.assert_allclose(back, before, atol=0.003)


@pytest.mark.alone
def test_force_mode_yields_along_the_chosen_axis(robot):
    with Person(robot) as person:
        before = person.pause(0.2).arms['arm'].pose[:3]
        person.loop.hardware_request('force_mode', axes=[0, 1, 0, 0, 0, 0], wrench=[0.0] * 6)
        person.wait(lambda s: robot.state()['force_mode'])
        robot.do('push', wrench=[15.0, 15.0, 0.0, 0.0, 0.0, 0.0], seconds=0.8)
        moved = person.pause(1.0).arms['arm'].pose[:3] - before
        assert moved[1] > 0.01
        assert abs(moved[0]) < 0.005
        person.loop.hardware_request('end_force_mode')
        person.wait(lambda s: not robot.state()['force_mode'])


@pytest.mark.alone
def test_a_protective_stop_is_not_unlocked_before_its_time(controller):
    with ControllerSession(unlock_after=3.0) as robot, Person(robot, gripper='none') as person:
        robot.do('protective_stop')
        person.wait(lambda s: s.fault)
        with pytest.raises(LoopError, match='Cannot unlock protective stop until 3s'):
            person.recover()
        person.pause(3.0)
        person.recover()
        person.wait(lambda s: not s.fault)


def nothing(robot):
    """The robot needs nobody's hand."""


def button(robot):
    robot.do('release_emergency_stop')


def remote(robot):
    robot.do('remote', on=True)


def theirs(robot):
    robot.do('end_program')


def cable(robot):
    robot.do('plug_in')


FAULTS = {
    'protective stop': ('protective_stop', {}, 'protective_stop', nothing),
    'emergency stop': ('emergency_stop', {}, 'emergency_stop', button),
    'power off': ('power_off', {}, 'wrong_mode', nothing),
    'local control': ('remote', {'on': False}, 'wrong_mode', remote),
    'another program': ('script', {'script': 'def theirs():\n  sync()'}, 'wrong_mode', theirs),
    'cable pulled': ('pull_cable', {}, 'link_lost', cable),
    'hung up': ('hang_up', {}, 'link_lost', cable),
    'corrupt bytes': ('corrupt', {'data': '000055'}, 'link_lost', nothing),
}


@pytest.mark.alone
@pytest.mark.parametrize('case', FAULTS)
def test_a_fault_in_motion_has_a_name_a_stop_and_a_way_back(person, case):
    verb, arguments, code, mend = FAULTS[case]
    robot, loop = person.robot, person.loop
    person.move(0.5 if person.position[0] < 0.0 else -0.5, 2.0)
    person.pause(1.0)
    assert abs(robot.state()['target_qd'][0]) > 0.1
    robot.do('forget')
    robot.do(verb, **arguments)

    state = person.wait(lambda s: s.fault)
    assert code in state.fault
    assert state.stopped
    person.pause(0.5)
    rest = robot.state()
    assert np.abs(rest['qd']).max() < 5e-3
    assert rest['largest_qdd'] < LARGEST_STOP

    if mend in (button, remote, theirs):
        with pytest.raises(LoopError, match=r'emergency stop|local control|a program plays'):
            person.recover()
    mend(robot)
    if verb in ('emergency_stop', 'power_off'):
        person.pause(0.2)
        with pytest.raises(LoopError, match='POWER_OFF'):
            person.recover()
        loop.hardware_request('power_on')
        person.pause(1.0)
    person.recover()
    state = person.wait(lambda s: not s.fault)
    assert state.stopped
    np.testing.assert_allclose(robot.state()['q'], rest['q'], atol=3e-3)
    loop.release()
    person.pause(0.5)
    np.testing.assert_allclose(robot.state()['q'], rest['q'], atol=3e-3)

    goal = person.move(0.1, 1.0)
    person.wait(lambda s: s.arms['arm'].trajectory_status.name == 'SUCCEEDED')
    person.pause(0.3)
    np.testing.assert_allclose(robot.state()['q'], goal, atol=3e-3)
