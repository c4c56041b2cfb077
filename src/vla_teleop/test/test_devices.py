"""Devices by the bytes they send: through FIFOs, pseudo-terminals and topics."""
import os
import pty
import struct
import termios
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from vla_core.profile import RobotProfile
from vla_teleop import device
from vla_teleop.device import DeviceError, DeviceLost
from vla_teleop.device_watch import DeviceWatch
from vla_teleop.devices.spacemouse import find_hidraw
from vla_teleop.sample import ANY_ARM

MS = 1_000_000
FRANKA = RobotProfile.load('franka')
# Reports as a SpaceMouse Compact (one for all axes) and a SpaceNavigator (two) give them.
PUSHED = bytes.fromhex('01 0000a2fe0000 000000000000')  # y −350: pushed away from the person
TWISTED = bytes.fromhex('02 000000005e01')  # rz +350: clockwise from above
LIFTED = bytes.fromhex('01 000000005eff')  # z −162: pulled up
RIGHT = bytes.fromhex('01 5e0100000000 000000000000')
REST = bytes.fromhex('01 000000000000 000000000000')
BUTTON_0, BUTTON_1, NO_BUTTON = (bytes.fromhex(text) for text in ('030100', '030200', '030000'))


class Pipe:
    """A device file that a test writes."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = str(path)
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def write(self, data):
        os.write(self._file, data)

    def unplug(self):
        os.close(self._file)
        self._file = None

    def close(self):
        if self._file is not None:
            self.unplug()


@pytest.fixture
def pipe(tmp_path):
    one = Pipe(tmp_path / 'device')
    yield one
    one.close()


def opened(name, options, profile=FRANKA):
    one = device.create(name, options, profile)
    one.open()
    return one


def twist_of(sample):
    return sample.arms[ANY_ARM].twist


def test_a_spacemouse_says_where_it_is_pushed(pipe):
    mouse = opened('spacemouse', {'path': pipe.path, 'deadband': 0.0})
    assert mouse.read(0) is None

    def after(report):
        pipe.write(report)
        return mouse.read(0)
    assert np.allclose(twist_of(after(PUSHED)), [1, 0, 0, 0, 0, 0])
    assert np.allclose(twist_of(after(RIGHT)), [0, -1, 0, 0, 0, 0])
    assert np.allclose(twist_of(after(LIFTED)), [0, 0, 162 / 350, 0, 0, 0])
    assert np.allclose(twist_of(after(TWISTED)), [0, 0, 162 / 350, 0, 0, -1])
    still = after(REST)
    assert not twist_of(still).any() and 'dead_man' not in still.held
    pressed = after(BUTTON_0)
    assert pressed.pressed == ('toggle_gripper',) and 'dead_man' in pressed.held
    assert after(BUTTON_0).pressed == ()
    assert after(BUTTON_1).pressed == ('take_over',) and after(NO_BUTTON).held == frozenset()
    mouse.close()


def test_a_spacemouse_that_falls_silent_while_pushed_has_stalled_and_one_at_rest_has_not(pipe):
    watch = DeviceWatch('spacemouse', device.create(
        'spacemouse', {'path': pipe.path, 'buttons': {0: 'dead_man'}}, FRANKA))
    assert watch.poll(0) is None and watch.alive
    pipe.write(BUTTON_0 + b'')
    assert watch.poll(1 * MS).held == {'dead_man'}
    assert watch.poll(200 * MS).held == {'dead_man'}
    assert watch.poll(400 * MS).held == {'dead_man'}
    pipe.write(PUSHED)
    assert twist_of(watch.poll(410 * MS))[0] == 1.0
    assert watch.poll(600 * MS) is not None
    assert watch.poll(700 * MS) is None and 'silent' in watch.problem
    pipe.write(PUSHED)
    assert watch.poll(710 * MS) is not None and watch.alive
    pipe.unplug()
    assert watch.poll(720 * MS) is None and 'ended' in watch.problem
    watch.close()


def test_nobody_looked_for_a_while_so_nothing_counts(pipe):
    watch = DeviceWatch('gamepad', device.create('gamepad', {'path': pipe.path}, FRANKA))
    pipe.write(js(1, 4, 1))
    assert watch.poll(0).held == {'dead_man'}
    assert watch.poll(900 * MS) is None
    watch.close()


@pytest.mark.parametrize('name', ['spacemouse', 'gamepad'])
def test_a_file_that_is_not_there_comes_later(tmp_path, name):
    path = tmp_path / 'later'
    watch = DeviceWatch(name, device.create(name, {'path': str(path)}, FRANKA))
    assert watch.poll(0) is None and 'cannot be opened' in watch.problem
    pipe = Pipe(path)
    assert watch.poll(500 * MS) is None and not watch.alive  # not sought all the time
    watch.poll(1100 * MS)
    assert watch.alive
    watch.close()
    pipe.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12),
       st.sampled_from(['spacemouse', 'gamepad', 'evdev']))
def test_garbage_is_survived_and_never_gives_what_cannot_be(tmp_path_factory, reports, name):
    pipe = Pipe(tmp_path_factory.mktemp('garbage') / 'device')
    options = {'path': pipe.path}
    if name == 'evdev':
        name, options = 'gamepad', {**options, 'source': 'evdev'}
    watch = DeviceWatch(name, device.create(name, options, FRANKA))
    for number, report in enumerate(reports):
        pipe.write(report)
        sample = watch.poll(number * 10 * MS)
        assert sample is None or sample.is_sound()
    watch.close()
    pipe.close()


def test_a_spacemouse_is_found_among_other_devices(tmp_path):
    for name, identity in (('hidraw0', '0003:0000046D:0000C077'), ('hidraw1', 'nonsense'),
                           ('hidraw2', '0003:0000256F:0000C635')):
        folder = tmp_path / name / 'device'
        folder.mkdir(parents=True)
        (folder / 'uevent').write_text(f'DRIVER=hid-generic\nHID_ID={identity}\n')
    assert str(find_hidraw(tmp_path)) == '/dev/hidraw2'
    with pytest.raises(DeviceLost, match='no SpaceMouse'):
        find_hidraw(tmp_path / 'empty')


def js(kind, number, value):
    return struct.pack('=IhBB', 1234, value, kind, number)


def test_a_gamepad_by_joydev(pipe):
    pad = opened('gamepad', {'path': pipe.path, 'deadband': 0.0})
    pipe.write(js(0x82, 2, -32767) + js(0x82, 5, -32767) + js(0x81, 4, 0))
    rest = pad.read(0)
    assert not twist_of(rest).any() and rest.arms[ANY_ARM].opening is None and not rest.held
    pipe.write(js(1, 4, 1) + js(2, 1, -32767) + js(2, 0, 32767) + js(2, 4, -32767)
               + js(2, 3, 16384))
    moved = pad.read(0)
    assert np.allclose(twist_of(moved), [1, -1, 1, 0, 0, -0.5], atol=1e-3)
    assert moved.held == {'dead_man'}
    event = js(2, 5, 32767)
    pipe.write(event[:3])
    assert pad.read(0) is None  # half an event
    pipe.write(event[3:] + js(1, 0, 1) + js(1, 0, 0) + js(1, 3, 1))
    more = pad.read(0)
    assert more.arms[ANY_ARM].opening == 0.0 and more.pressed == ('toggle_gripper', 'take_over')
    assert pad.read(0) is None
    pipe.unplug()
    with pytest.raises(DeviceLost):
        pad.read(0)
    pad.close()


def test_a_gamepad_by_evdev_whose_events_were_dropped_lets_go(pipe):
    def event(kind, code, value):
        return struct.pack('@llHHi', 1, 2, kind, code, value)
    pad = opened('gamepad', {'path': pipe.path, 'source': 'evdev', 'deadband': 0.0})
    pipe.write(event(1, 310, 1) + event(3, 1, -32767) + event(3, 16, 1) + event(0, 0, 0))
    moved = pad.read(0)
    assert moved.held == {'dead_man'} and np.allclose(twist_of(moved), [1, 0, 0, 1, 0, 0])
    pipe.write(event(0, 3, 0) + event(1, 310, 1) + event(0, 0, 0))
    dropped = pad.read(0)
    assert not dropped.held and not twist_of(dropped).any()
    pad.close()


def test_a_gamepad_by_topic_must_keep_coming():
    watch = DeviceWatch('gamepad', device.create('gamepad', {'source': 'joy'}, FRANKA))
    assert watch.device.subscriptions == (('joy', 'sensor_msgs/msg/Joy'),)
    message = SimpleNamespace(axes=[0.0, 1.0, 1.0, 0.0, 0.0, 1.0], buttons=[0, 0, 0, 0, 1])
    watch.poll(0)
    watch.device.take('joy', message, 0)
    sample = watch.poll(10 * MS)
    assert np.allclose(twist_of(sample), [1, 0, 0, 0, 0, 0]) and sample.held == {'dead_man'}
    for now in (100, 200, 300):
        assert watch.poll(now * MS) is not None
    assert watch.poll(320 * MS) is None
    watch.device.take('joy', SimpleNamespace(axes=[float('nan')] * 6, buttons=[1] * 9), 0)
    assert watch.poll(330 * MS) is None
    watch.close()


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    yield ours, os.ttyname(theirs), theirs
    for one in (ours, theirs):
        try:
            os.close(one)
        except OSError:
            continue


def test_keys_move_while_they_repeat_and_the_terminal_gets_its_manners_back(terminal):
    ours, name, theirs = terminal
    before = termios.tcgetattr(theirs)
    keys = opened('keyboard', {'path': name})
    assert termios.tcgetattr(theirs) != before
    assert b'dead-man' in os.read(ours, 4096)
    os.write(ours, b'w')
    time.sleep(0.02)
    first = keys.read(0)
    assert twist_of(first)[0] == 1.0 and first.held == {'dead_man'}
    assert twist_of(keys.read(100 * MS))[0] == 1.0
    ended = keys.read(200 * MS)
    assert not twist_of(ended).any() and not ended.held
    assert keys.read(210 * MS) is None
    os.write(ours, b'Ad\x1b[A]')
    time.sleep(0.02)
    many = keys.read(300 * MS)
    assert np.allclose(twist_of(many), [1, 0, 0, 0, 0, 0])  # a and d cancel
    assert many.held == {'dead_man', 'slow', 'open'}
    os.write(ours, b't1m ')
    time.sleep(0.02)
    assert keys.read(900 * MS).pressed == ('take_over', 'start', 'mark')
    assert keys.read(1500 * MS).held == {'dead_man'}  # space
    os.write(ours, b'\x1b')
    time.sleep(0.02)
    keys.read(3000 * MS)
    assert keys.read(3100 * MS).pressed == ('stop',)
    os.write(ours, b'\xff\xfe\x1b[1;5A\x1b[\x00~zq\x1bO')
    time.sleep(0.02)
    for now in (3200, 3300):
        sample = keys.read(now * MS)
        assert sample is None or sample.is_sound()
    keys.show({'in charge': 'person', 'robot': '\x1b]0;evil\x07'})
    shown = os.read(ours, 4096)
    assert b'person' in shown and b'\x07' not in shown
    keys.close()
    assert termios.tcgetattr(theirs) == before


def test_a_terminal_that_closes_is_lost_and_one_that_is_none_says_so(terminal, tmp_path):
    ours, name, _ = terminal
    keys = opened('keyboard', {'path': name})
    os.close(ours)
    with pytest.raises(DeviceLost, match='closed'):
        keys.read(0)
    keys.close()
    plain = tmp_path / 'file'
    plain.write_text('w' * 100)
    with pytest.raises(DeviceLost, match='no terminal'):
        opened('keyboard', {'path': str(plain)})


def joints(names, positions, stamp=0):
    sec, nanosec = divmod(stamp, 10**9)
    return SimpleNamespace(
        header=SimpleNamespace(stamp=SimpleNamespace(sec=sec, nanosec=nanosec)),
        name=list(names), position=list(positions))


@pytest.fixture
def leaders(aloha):
    names = [name for arm in aloha.leaders for name in (*arm.joints, arm.gripper.joints[0])]
    places = [0.1 * number for number in range(len(names))]

    def message(stamp, left=0.037, right=0.037, backwards=False):
        places[6], places[13] = left, right
        order = -1 if backwards else 1
        return joints(names[::order], places[::order], stamp)
    return message


def test_two_leaders_of_aloha_drive_two_followers_once_they_are_squeezed(aloha, leaders):
    arm = device.create('leader_arm', {}, aloha)
    watch = DeviceWatch('leader_arm', arm)
    assert arm.subscriptions == (('joint_states', 'sensor_msgs/msg/JointState'),)
    watch.poll(0)
    arm.take('joint_states', leaders(1, backwards=True), 0)
    sample = watch.poll(1)
    assert list(sample.arms) == ['left', 'right'] and not sample.held
    assert sample.arms['left'].joints['follower_left_shoulder'] == pytest.approx(0.1)
    assert sample.arms['right'].joints['follower_right_waist'] == pytest.approx(0.7)
    assert sample.arms['right'].opening == pytest.approx(1.0)
    arm.take('joint_states', leaders(2, left=0.015), 0)
    assert not watch.poll(2).held  # both at once
    arm.take('joint_states', leaders(3, 0.015, 0.016), 0)
    assert watch.poll(3).held == {'dead_man'}
    arm.take('joint_states', leaders(4), 0)
    assert watch.poll(4).held == {'dead_man'}
    for now in range(5, 250, 50):  # a driver that repeats its last message
        arm.take('joint_states', leaders(4), now * MS)
        watch.poll(now * MS)
    assert not watch.alive and 'silent' in watch.problem
    arm.take('joint_states', leaders(5), 300 * MS)
    assert not watch.poll(300 * MS).held  # to be squeezed again


def test_any_leader_by_scale_sign_and_offset_and_torques_go_back(franka):
    options = {'dead_man': 'buttons', 'leaders': [{
        'arm': 'arm', 'topic': 'leader/joint_states', 'joints': {
            'fr3_joint1': {'source': 'a'}, 'fr3_joint2': {'source': 'b', 'scale': -2.0,
                                                          'offset': 0.5}}}]}
    arm = opened('leader_arm', options, franka)
    arm.take('leader/joint_states', joints(['b', 'x', 'a'], [0.1, 9, 0.2]), 0)
    given = arm.read(0).arms['arm']
    assert given.joints == {'fr3_joint1': pytest.approx(0.2), 'fr3_joint2': pytest.approx(0.3)}
    assert given.opening is None
    assert arm.feedback('arm', np.arange(1.0, 8.0)) == (['a', 'b'], [1.0, -4.0])
    for bad, reason in ((joints(['b'], [0.1]), "no joint 'a'"),
                        (joints(['a', 'b'], [0.1]), '1 positions for 2'),
                        (joints(['a', 'b', 'a'], [0, 0, 0]), 'twice')):
        arm.take('leader/joint_states', bad, 0)
        with pytest.raises(DeviceLost, match=reason):
            arm.read(0)
    arm.take('leader/joint_states', joints(['a', 'b'], [np.nan, 0.0]), 1)
    assert not arm.read(1).is_sound()


@pytest.mark.parametrize('name, options, reason', [
    ('mouse', {}, "did you mean 'spacemouse'"),
    ('web', {'prot': 1}, "did you mean 'port'"),
    ('web', {'port': 99999}, 'port'),
    ('spacemouse', {'buttons': {0: 'explode'}}, 'nothing that a button can do'),
    ('leader_arm', {}, 'has no leaders of its own'),
    ('leader_arm', {'leaders': [{'arm': 'arm', 'joints': {'fr3_joint9': {'source': 'a'}}}]},
     "no joint 'fr3_joint9'"),
    ('leader_arm', {'leaders': [{'arm': 'arm', 'joints': {'fr3_joint1': {'source': 'a'}}}]},
     'cannot be squeezed')])
def test_what_is_wrong_is_said_in_one_line(name, options, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        device.create(name, options, FRANKA)
    assert '\n' not in str(caught.value) and isinstance(caught.value, ValueError)


def test_every_device_is_there_and_closes_twice():
    assert device.available() == ['gamepad', 'keyboard', 'leader_arm', 'spacemouse', 'web']
    for name in ('gamepad', 'keyboard', 'spacemouse', 'web'):
        one = device.create(name, {}, FRANKA)
        one.close()
        one.close()
    with pytest.raises(DeviceError):
        device.create('', {}, FRANKA)
