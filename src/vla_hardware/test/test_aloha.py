"""ALOHA against simulated Dynamixel buses in a process of their own, over real terminals."""
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import serial
from pydantic import ValidationError

from vla_control.loop import LoopClient, LoopConfiguration, LoopError
from vla_core.profile import RobotProfile
from vla_hardware import ControlMode, FaultCode, HardwareError, create
from vla_hardware.aloha import control_table as table
from vla_hardware.aloha.bus import Bus, CorruptAnswer, NoAnswer, PortLost, ServoRefused
from vla_hardware.aloha.crank import Crank
from vla_hardware.aloha.wiring import ServoWiring, Wiring, load_wiring

sys.path.insert(0, str(Path(__file__).parent / 'peers'))

from dynamixel_bus import DynamixelBuses
from dynamixel_bus.packet import Reader, crc, status_packet

SAG = 0.1  # rad by which servos of little stiffness give way, and are brought back
ARMS = ('left', 'right', 'leader_left', 'leader_right')
CONTROLLERS = {
    'left_joints': {'type': 'joint_position', 'arm': 'left'},
    'left_gripper': {'type': 'gripper', 'arm': 'left'},
    'right_joints': {'type': 'joint_position', 'arm': 'right'},
    'leader_left_float': {'type': 'gravity_compensation', 'arm': 'leader_left'},
    'leader_right_float': {'type': 'gravity_compensation', 'arm': 'leader_right'},
}


@pytest.fixture(name='process', scope='module')
def _process(tmp_path_factory):
    with DynamixelBuses(tmp_path_factory.mktemp('dynamixel')) as buses:
        yield buses


@pytest.fixture(name='buses')
def _buses(process):
    """All buses as new."""
    for arm in ARMS:
        process.order('restore', arm)
    time.sleep(0.5)  # until the servos have started
    return process


class Robot:
    """The loop process on the buses, and a person who commands it."""

    def __init__(self, buses, name, **options):
        self.buses = buses
        self.client = LoopClient.start(LoopConfiguration(
            name=f'test_aloha_{name}_{os.getpid()}', robot='aloha', plugin='aloha',
            options={'ports': buses.ports(*ARMS), **options}, controllers=CONTROLLERS))
        self.client.switch(list(CONTROLLERS), [])
        self.settle(0.5)
        self.home = self.position()

    def position(self, arm='left'):
        return self.client.read_state().arms[arm].position

    def wait(self, condition, seconds=6.0, fails=True):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.client.beat()
            state = self.client.read_state()
            if condition(state):
                return state
            time.sleep(0.01)
        assert not fails, f'did not happen: {state}'
        return state

    def settle(self, seconds):
        self.wait(lambda s: False, seconds, fails=False)

    def stream(self, target, seconds, arm='left', kind='joint'):
        """Send target(t) at 50 Hz; returns the positions that were measured meanwhile."""
        begun, positions = time.monotonic(), []
        while (elapsed := time.monotonic() - begun) < seconds:
            self.client.beat()
            self.client.write_target(arm, kind, target(elapsed))
            positions.append(self.position(arm))
            time.sleep(0.02)
        return np.array(positions)

    def sway(self, seconds, arm='left'):
        """Move the waist smoothly from where the arm is."""
        start = self.position(arm)
        wave = np.array([0.3, 0.0, 0.1, 0.0, 0.2, 0.3])
        return self.stream(lambda t: start + wave * (1 - np.cos(2.0 * t)), seconds, arm)

    def faulted(self, code, seconds=6.0):
        """Wait for a named fault and the latched stop."""
        state = self.wait(lambda s: s.fault and s.stopped, seconds)
        assert code.value in state.fault, state.fault
        return state

    def come_back(self):
        """The documented way back: recover, see that nothing moves, release, move."""
        before = self.position()
        self.client.request('recover', timeout=6.0)
        self.stays(before, 0.4, SAG)
        assert self.client.read_state().stopped
        self.client.release()
        self.wait(lambda s: not s.stopped and not s.fault)
        self.stays(before, 0.4, SAG)
        path = self.sway(3.2)  # out and back: several half ones would end in a self-collision
        assert np.ptp(path[:, 0]) > 0.2
        assert not self.client.read_state().stopped

    def stays(self, place, seconds, tolerance):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.client.beat()
            np.testing.assert_allclose(self.position(), place, atol=tolerance)
            time.sleep(0.02)


@pytest.fixture(name='robot', scope='module')
def _robot(process):
    """One loop for all that follows; each test leaves it as it found it."""
    for arm in ARMS:
        process.order('restore', arm)
    time.sleep(0.5)
    robot = Robot(process, 'robot')
    yield robot
    robot.client.close()


# ---- parts


def test_packets_have_the_crc_and_the_stuffing_of_the_protocol():
    # The example of the protocol's own page: read present position of servo 1.
    read = bytes.fromhex('fffffd00010700028400040 01d15'.replace(' ', ''))
    assert crc(read[:-2]) == int.from_bytes(read[-2:], 'little')
    (packet,) = Reader().feed(b'\x00\xff' + read)
    assert (packet.id, packet.instruction, packet.valid) == (1, 2, True)
    assert packet.parameters == bytes([0x84, 0, 4, 0])
    answer = status_packet(1, 0, b'\xff\xff\xfd\x01')
    assert b'\xff\xff\xfd\xfd\x01' in answer


def test_a_crank_turns_the_published_angles_into_the_published_openings():
    follower, leader = Crank(0.022, 0.036), Crank(0.014, 0.024)
    # Openings and angles that ALOHA's authors publish for both grippers.
    for crank, angle, place in ((follower, 1.4910, 0.05800), (follower, -0.6213, 0.01844),
                                (leader, 0.3083, 0.02417), (leader, -0.6842, 0.01244)):
        assert crank.position(angle) == pytest.approx(place, abs=2e-4)
        assert crank.angle(crank.position(angle)) == pytest.approx(angle)
    slope = (follower.position(0.501) - follower.position(0.499)) / 0.002
    assert follower.rate(0.5) == pytest.approx(slope, rel=1e-5)
    with pytest.raises(ValueError, match='out of reach'):
        follower.angle(0.1)


def test_a_joint_and_its_register_agree_with_gear_and_zero():
    servo = ServoWiring(id=1, model='XM540-W270', zero=0.1, ratio=2.0)
    assert servo.to_pulses(0.0) == 2048 + round(0.1 / (2 * np.pi) * 4096)
    assert servo.to_radians(servo.to_pulses(0.7)) == pytest.approx(0.7, abs=1e-3)
    # 6.25 PWM units for a pulse of error, 885 of them give the stall torque.
    plain = ServoWiring(id=1, model='XM540-W270')
    assert plain.stiffness == pytest.approx(10.6 * 6.25 * 4096 / (2 * np.pi) / 885)


def test_the_wiring_names_what_is_wrong(tmp_path):
    profile = RobotProfile.load('aloha')
    wiring = load_wiring('', profile)
    assert wiring.kind(profile.arm('left')).ids == tuple(range(1, 10))
    good = wiring.model_dump()
    good['arms']['left']['kind'] = 'viperx_300'
    with pytest.raises(ValidationError, match="no kind 'viperx_300'; did you mean 'viperx_300s'"):
        Wiring.model_validate(good)
    good['arms']['left']['kind'] = 'viperx_300s'
    good['kinds']['viperx_300s']['joints'][3]['id'] = 5
    with pytest.raises(ValidationError, match='id 5 appears twice'):
        Wiring.model_validate(good)
    with pytest.raises(HardwareError, match="no arm 'lift'; did you mean 'left'"):
        create('aloha', profile, ports={'lift': '/dev/null'})
    with pytest.raises(HardwareError, match="no Dynamixel wiring 'alohaa'"):
        create('aloha', profile, wiring='alohaa')


def test_a_bus_reads_writes_and_names_what_fails(buses, request):
    bus = Bus(buses.port('left'), 1_000_000, 0.02)
    request.addfinalizer(bus.close)
    bus.open()
    assert bus.ping(2) == 1120
    with pytest.raises(NoAnswer, match='servo 20 did not answer'):
        bus.ping(20)
    with pytest.raises(ServoRefused, match='servo 1 was given a value out of range'):
        bus.write(1, table.OPERATING_MODE, 2)
    bus.write(9, table.TORQUE_ENABLE, 1)
    with pytest.raises(ServoRefused, match='servo 9 does not allow that now'):
        bus.write(9, table.OPERATING_MODE, 5)  # in EEPROM, under torque
    bus.write(1, table.HOMING_OFFSET, -0x20001)  # FF FF FD FF on the wire: stuffed
    assert bus.read(1, table.HOMING_OFFSET) == -0x20001
    with pytest.raises(PortLost, match='another program uses this port'):
        Bus(buses.port('left'), 1_000_000, 0.02).open()
    with pytest.raises(PortLost, match='no such device'):
        Bus('/dev/ttyNobody', 1_000_000, 0.02).open()

    group = bus.group([1, 2, 3], table.PRESENT_CURRENT, table.PRESENT_POSITION)
    bus.find_fast(group)
    assert bus.fast
    bus.read_group(group)
    together = [group.value(id_, table.PRESENT_POSITION) for id_ in (1, 2, 3)]
    bus.fast = False
    bus.read_group(group)
    for id_, value in zip((1, 2, 3), together):
        assert group.value(id_, table.PRESENT_POSITION) == pytest.approx(value, abs=3)
    # A goal for servo 2 is servo 3's too, by its secondary id.
    bus.write_group(table.GOAL_POSITION, {2: 1500})
    assert bus.read(3, table.GOAL_POSITION) == 1500
    buses.order('disturb', 'left', corrupt=1.0)
    with pytest.raises((CorruptAnswer, NoAnswer)):
        bus.read_group(group)
    buses.order('disturb', 'left')
    buses.order('trip', 'left', servo=2, bits=32)
    bus.read_group(group)
    assert group.alerts == {1: False, 2: True, 3: False}
    bus.close()


@pytest.mark.parametrize('use', [
    lambda bus: bus.write_group(table.GOAL_POSITION, {2: 1500}),
    lambda bus: bus.read(1, table.HOMING_OFFSET),
    lambda bus: bus.silent([1, 2])])
def test_an_adapter_that_is_taken_out_is_lost_whatever_is_done_first(buses, use):
    bus = Bus(buses.port('left'), 1_000_000, 0.02)
    bus.open()
    buses.order('plug', 'left', in_=False)
    time.sleep(0.1)
    with pytest.raises(PortLost, match='the port is gone'):
        use(bus)
    bus.close()
    buses.order('plug', 'left', in_=True)


def test_servos_with_old_firmware_are_read_one_by_one(buses):
    buses.order('firmware', 'right', fast=False)
    robot = create('aloha', RobotProfile.load('aloha'), ports=buses.ports(*ARMS))
    robot.configure()
    figures = robot.diagnostics()
    assert figures['left_fast_sync_read'] == 'yes'
    assert figures['right_fast_sync_read'] == 'no'
    state = robot.make_state()
    robot.read(state)
    assert state.arms[1].position[2] == pytest.approx(1.16, abs=0.05)
    robot.close()


# ---- before it moves


def test_what_is_set_wrongly_is_named_before_anything_moves(buses):
    profile = RobotProfile.load('aloha')

    def refusal(**options):
        with pytest.raises(HardwareError) as refused:
            create('aloha', profile, **{'ports': buses.ports(*ARMS), **options}).configure()
        return str(refused.value)

    swapped = {**buses.ports(*ARMS), 'left': buses.port('leader_left')}
    assert 'servo 1 (follower_left_waist) has model number 1020' in refusal(ports=swapped)
    assert 'no such device' in refusal(ports={**swapped, 'left': '/dev/ttyNobody'})
    with serial.Serial(buses.port('right'), exclusive=True):
        assert 'another program uses this port' in refusal()
    for name, servo, wrong, text in (
            ('drive_mode', 7, 0, 'turns the wrong way'),
            ('secondary_id', 3, 255, 'has the secondary id 255 instead of 2'),
            ('homing_offset', 5, 300, 'calibrate its homing offset'),
            ('homing_offset', 1, 4096, 'says that it stands at 6.28 rad')):
        right = buses.order('register', 'left', servo=servo, name=name)
        buses.order('set_register', 'left', servo=servo, name=name, value=wrong)
        assert text in refusal()
        buses.order('set_register', 'left', servo=servo, name=name, value=right)
    buses.order('set_register', 'left', servo=4, name='operating_mode', value=0)
    buses.order('set_register', 'left', servo=4, name='torque_enable', value=1)
    assert 'is under torque in mode current, not position' in refusal()
    buses.order('set_register', 'left', servo=4, name='torque_enable', value=0)
    buses.order('detach', 'left', servo=6)
    assert 'servo 6 (follower_left_forearm_roll) does not answer' in refusal()
    buses.order('power', 'left', on=False)
    assert "switch the arm's power on" in refusal()
    with pytest.raises(HardwareError, match='has no velocity mode; it has position'):
        create('aloha', profile).set_mode('left', ControlMode.VELOCITY)


# ---- with the loop process


@pytest.mark.alone
def test_a_driven_leader_carries_itself_and_goes_limp_when_the_loop_dies(buses):
    robot = Robot(buses, 'driven', force_feedback=True)
    try:
        assert buses.order('register', 'leader_left', servo=2, name='operating_mode') == 0
        assert buses.order('register', 'leader_left', servo=2, name='torque_enable') == 1
        assert buses.order('register', 'leader_left', servo=8, name='torque_enable') == 0
        robot.stays(robot.home, 0.3, 0.02)
        currents = [buses.order('register', 'leader_left', servo=id_, name='goal_current')
                    for id_ in (2, 3)]
        assert currents[0] == pytest.approx(currents[1], abs=20)
        assert currents[0] > 10
        os.kill(robot.client.pid, 9)
        time.sleep(0.5)
        assert buses.order('register', 'leader_left', servo=2, name='bus_watchdog') == -1
        assert abs(buses.order('state', 'leader_left')['torque']['2']) < 1e-6
        assert buses.order('register', 'left', servo=2, name='torque_enable') == 1
    finally:
        robot.client.close()


@pytest.mark.alone
def test_four_arms_are_read_held_and_moved_at_their_rate(robot):
    client, buses = robot.client, robot.buses
    for arm in ARMS:
        actual = buses.order('state', arm)['position'][:6]
        np.testing.assert_allclose(robot.position(arm), actual, atol=0.02)
    robot.stays(robot.home, 0.5, 0.02)

    before = client.diagnostics()
    path = robot.sway(3.2)
    after = client.diagnostics()
    assert np.ptp(path[:, 0]) == pytest.approx(0.6, abs=0.06)
    assert after['missed_ratio'] < 0.2
    assert after['bus_hz'] > 50.0
    assert after['ticks'] - before['ticks'] > 150
    both = [buses.order('register', 'left', servo=id_, name='goal_position') for id_ in (2, 3)]
    assert both[0] == both[1]

    # Leaders are free: a hand leads one, and its joints and gripper are read.
    assert buses.order('register', 'leader_left', servo=2, name='torque_enable') == 0
    led = robot.position('leader_left') + np.array([0.3, 0.1, -0.2, 0.0, 0.1, 0.2])
    buses.order('lead', 'leader_left', position=led.tolist(), duration=1.0)
    robot.wait(lambda s: np.abs(s.arms['leader_left'].position - led).max() < 0.1)
    buses.order('lead', 'leader_left', position=None)
    assert not client.read_state().stopped


@pytest.mark.alone
def test_the_gripper_presses_with_no_more_than_it_is_allowed(robot):
    buses = robot.buses
    buses.order('obstruct', 'left', place=0.040)
    robot.stream(lambda t: [0.0, 10.0], 2.5, kind='gripper')
    state = robot.client.read_state().arms['left']
    assert 0.45 < state.gripper_position < 0.6
    assert state.gripper_stalled
    weak = abs(state.gripper_effort)
    assert 5.0 < weak < 12.0
    limit = buses.order('register', 'left', servo=9, name='goal_current')
    current = buses.order('register', 'left', servo=9, name='present_current')
    assert abs(current) <= limit + 1
    robot.stream(lambda t: [0.0, 30.0], 1.0, kind='gripper')
    strong = abs(robot.client.read_state().arms['left'].gripper_effort)
    assert strong == pytest.approx(30.0, rel=0.25)
    robot.stream(lambda t: [1.0, 30.0], 1.5, kind='gripper')
    assert robot.client.read_state().arms['left'].gripper_position > 0.95
    buses.order('obstruct', 'left', place=0.021)


@pytest.mark.alone
def test_some_corrupt_and_lost_answers_are_recovered_without_a_halt(robot):
    robot.buses.order('disturb', 'left', corrupt=0.03, drop=0.02)
    path = robot.sway(3.2)
    figures = robot.client.diagnostics()
    assert np.ptp(path[:, 0]) == pytest.approx(0.6, abs=0.06)
    assert figures['left_bus_errors_recovered'] > 3
    assert not robot.client.read_state().stopped
    robot.buses.order('disturb', 'left')


@pytest.mark.alone
def test_an_overloaded_servo_is_named_rebooted_and_does_not_move_by_itself(robot):
    buses = robot.buses
    buses.order('load', 'left', joint=4, torque=-30.0)  # somebody leans on the wrist
    state = robot.faulted(FaultCode.SERVO_OVERLOAD)
    assert 'servo 7 (follower_left_wrist_angle) was overloaded' in state.fault
    assert buses.order('register', 'left', servo=7, name='torque_enable') == 0
    assert buses.order('register', 'left', servo=2, name='torque_enable') == 1  # the rest holds
    buses.order('load', 'left', joint=4, torque=0.0)
    time.sleep(0.5)
    with pytest.raises(LoopError, match='recover'):
        robot.client.release()
    robot.come_back()
    assert buses.order('register', 'left', servo=7, name='torque_enable') == 1


@pytest.mark.alone
def test_a_bus_that_is_cut_in_motion_stops_the_others_inside_their_limits(robot):
    start = robot.position('right')
    begun = time.monotonic()
    places, cut = [], False
    while not robot.client.read_state().stopped:
        elapsed = time.monotonic() - begun
        assert elapsed < 6.0
        robot.client.beat()
        swing = 0.4 * (1 - np.cos(2.0 * elapsed))
        robot.client.write_target('right', 'joint', start + swing * np.eye(6)[0])
        if elapsed > 0.8 and not cut:
            robot.buses.order('plug', 'left', in_=False)
            cut = True
        time.sleep(0.01)
    for _ in range(60):
        robot.client.beat()
        places.append(robot.client.read_state().arms['right'].command[0])
        time.sleep(0.01)
    assert FaultCode.LINK_LOST.value in robot.client.read_state().fault
    speeds = np.abs(np.diff(places)) / 0.01
    assert speeds.max() < 3.14
    assert speeds[-10:].max() < 0.01  # it came to rest
    with pytest.raises(LoopError, match='no such device'):
        robot.client.recover()
    robot.buses.order('plug', 'left', in_=True)
    robot.come_back()


@pytest.mark.alone
def test_a_servo_that_drops_out_is_missing_until_it_is_back(robot):
    robot.buses.order('detach', 'left', servo=4)
    state = robot.faulted(FaultCode.SERVO_MISSING)
    assert 'servo 4 (follower_left_elbow) does not answer' in state.fault
    with pytest.raises(LoopError, match='servo 4'):
        robot.client.recover()
    robot.buses.order('attach', 'left', servo=4)
    time.sleep(0.6)
    robot.come_back()
    assert robot.buses.order('register', 'left', servo=4, name='position_p_gain') == 800


@pytest.mark.alone
def test_after_an_emergency_stop_the_arm_holds_where_it_fell(robot):
    robot.buses.order('power', 'left', on=False)  # ALOHA's emergency stop takes the power
    state = robot.faulted(FaultCode.LINK_LOST)
    assert 'no servo answers' in state.fault
    time.sleep(1.0)
    fallen = np.array(robot.buses.order('state', 'left')['position'][:6])
    assert np.abs(fallen - robot.home).max() > 0.3
    robot.buses.order('power', 'left', on=True)
    time.sleep(0.6)
    robot.client.request('recover', timeout=6.0)
    robot.wait(lambda s: np.abs(s.arms['left'].position - fallen).max() < 0.05)
    robot.client.release()
    robot.stays(fallen, 0.6, SAG)
    robot.stream(lambda t: robot.home, 2.5)
    np.testing.assert_allclose(robot.position(), robot.home, atol=0.1)


@pytest.mark.alone
def test_heat_voltage_and_a_bad_line_are_named_and_have_to_go_first(robot):
    buses, client = robot.buses, robot.client
    buses.order('heat', 'left', servo=2, temperature=79.0)
    assert 'servo 2 (follower_left_shoulder) is at' in robot.faulted(
        FaultCode.SERVO_OVERHEATED).fault
    assert buses.order('register', 'left', servo=2, name='torque_enable') == 1  # it holds
    with pytest.raises(LoopError, match='let it cool'):
        client.recover()
    buses.order('heat', 'left', servo=2, temperature=50.0)
    robot.come_back()
    buses.order('supply', 'right', voltage=9.7)
    assert 'right: servo_voltage' in robot.faulted(FaultCode.SERVO_VOLTAGE).fault
    with pytest.raises(LoopError, match='look at the power supply'):
        client.recover()
    buses.order('supply', 'right', voltage=12.0)
    robot.come_back()
    buses.order('disturb', 'left', corrupt=0.6)
    robot.faulted(FaultCode.LINK_QUALITY)
    buses.order('disturb', 'left')
    robot.come_back()
