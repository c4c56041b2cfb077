"""The simulated robot behaves as the arms do that it stands for."""
import os

import mujoco
import numpy as np
import pytest

from vla_core.profile import RobotProfile
from vla_hardware import ControlMode, FaultCode, HardwareError, available_plugins, create
from vla_simulation import suites
from vla_simulation.model import build_model
from vla_simulation.snapshot import SnapshotReader


@pytest.fixture(name='franka')
def _franka():
    hardware = create('sim', RobotProfile.load('franka'))
    hardware.configure()
    hardware.activate()
    yield hardware
    hardware.close()


def run(hardware, command, seconds):
    state = hardware.make_state()
    for _ in range(round(seconds / hardware.period)):
        hardware.read(state)
        hardware.write(command)
    hardware.read(state)
    return state


def test_plugins_are_found_by_name_and_strangers_refused():
    assert 'sim' in available_plugins()
    with pytest.raises(HardwareError, match=r"no hardware plug-in 'panda'.*sim"):
        create('panda', RobotProfile.load('franka'))
    with pytest.raises(HardwareError, match='colour'):
        create('sim', RobotProfile.load('franka'), colour='red')


def test_efforts_exclude_gravity_where_the_firmware_carries_the_arm(franka):
    state = run(franka, franka.make_command(), 0.5)
    assert np.abs(state.arms[0].position - franka.profile.arms[0].home).max() < 1e-3


@pytest.mark.parametrize('robot', ['franka', 'ur', 'aloha'])
def test_position_commands_are_held_and_leaders_float(robot):
    hardware = create('sim', RobotProfile.load(robot))
    hardware.configure()
    for arm in hardware.profile.arms:
        hardware.set_mode(arm.name, ControlMode.POSITION)
    hardware.activate()
    command = hardware.make_command()
    for given, arm in zip(command.arms, hardware.arm_profiles):
        if arm in hardware.profile.arms:
            given.mode = ControlMode.POSITION
            given.values[:] = arm.home
    state = run(hardware, command, 0.5)
    for measured, arm in zip(state.arms, hardware.arm_profiles):
        assert np.abs(measured.position - arm.home).max() < 0.03
    assert hardware.fault is None


def test_a_push_is_felt_along_base_axes(franka):
    franka.request('push', arm='arm', wrench=[5, -3, 2, 0, 0, 0], duration=1.0)
    state = run(franka, franka.make_command(), 0.05)
    np.testing.assert_allclose(state.arms[0].wrench[:3], [5, -3, 2], atol=0.2)


def test_the_gripper_moves_at_its_speed_and_is_normalised(franka):
    command = franka.make_command()
    command.arms[0].gripper = 0.0
    state = run(franka, command, 0.2)
    assert 0.6 < state.arms[0].gripper_position < 0.95
    state = run(franka, command, 1.5)
    assert abs(state.arms[0].gripper_position) < 0.05


@pytest.mark.parametrize('spoil', [
    lambda c: c.arms[0].values.__setitem__(0, np.nan),
    lambda c: setattr(c.arms[0], 'mode', ControlMode.POSITION),
])
def test_a_bad_command_is_a_fault_and_the_arm_holds(franka, spoil):
    command = franka.make_command()
    spoil(command)
    state = run(franka, command, 0.3)
    assert franka.fault.code in (FaultCode.INVALID_COMMAND, FaultCode.WRONG_MODE)
    assert np.abs(state.arms[0].position - franka.profile.arms[0].home).max() < 0.01


def test_a_fault_needs_recovery_before_activation(franka):
    franka.request('inject_fault', code='protective_stop', text='bumped', arm='arm')
    assert str(franka.fault) == 'arm: protective_stop: bumped'
    with pytest.raises(HardwareError, match='recover first'):
        franka.activate()
    franka.recover()
    franka.activate()
    assert franka.fault is None


def test_unknown_requests_and_worlds_are_named(franka):
    with pytest.raises(HardwareError, match="no request 'dance'"):
        franka.request('dance')
    with pytest.raises(HardwareError, match='push'):
        franka.request('push', arm='arm', wrench=[1], duration=1.0)
    with pytest.raises(HardwareError, match='module:name'):
        create('sim', franka.profile, world='nowhere:world')


@pytest.mark.parametrize(('robot', 'world', 'task'), [
    ('franka', 'tabletop', 'tabletop/stack'), ('ur', 'tabletop', 'push_to'),
    ('aloha', 'bimanual', 'insert')])
def test_a_reset_puts_the_world_into_the_scene_that_is_drawn(robot, world, task):
    profile = RobotProfile.load(robot)
    hardware = create('sim', profile, world=world)
    hardware.request('reset', task=task, seed=5, axes=['background'])
    scene = suites.draw_task(suites.load(world), task, 5, ['background'], profile)
    assert hardware.scene == scene and hardware.resets == 1
    for place in scene.placements:
        body = hardware.data.body(place.body)
        np.testing.assert_allclose(body.xpos, place.position, atol=0.008)
    state = hardware.make_state()
    hardware.read(state)
    for measured, arm in zip(state.arms, hardware.arm_profiles):
        assert np.abs(measured.position - arm.home).max() < 0.06
        assert measured.gripper_position > 0.9
    first = hardware.data.qpos.copy()
    for _ in range(50):
        hardware.write(hardware.make_command())
    before = hardware.diagnostics()['simulated_time_s']
    hardware.request('reset', task=task, seed=5, axes=['background'])
    np.testing.assert_array_equal(hardware.data.qpos, first)
    assert hardware.diagnostics()['simulated_time_s'] == before > 0.0


def test_a_reset_that_cannot_be_is_named_and_changes_nothing():
    hardware = create('sim', RobotProfile.load('franka'), world='tabletop')
    before, scene = hardware.data.qpos.copy(), hardware.scene
    for arguments, named in (
            ({'task': 'pickk'}, "no task 'pickk'; did you mean 'pick'"),
            ({'task': 'bimanual/insert'}, 'the world here is tabletop'),
            ({'axes': ['fog']}, "no axis 'fog'"), ({'seed': -1}, 'seed')):
        with pytest.raises(HardwareError, match=named):
            hardware.request('reset', **arguments)
    np.testing.assert_array_equal(hardware.data.qpos, before)
    assert hardware.scene is scene and hardware.resets == 0
    with pytest.raises(HardwareError, match='start it with a suite'):
        create('sim', RobotProfile.load('franka')).request('reset', task='pick')


def test_cameras_see_the_same_world_through_the_snapshot():
    profile = RobotProfile.load('franka')
    block = f'test_world_{os.getpid()}'
    hardware = create('sim', profile, snapshot=block)
    hardware.configure()
    hardware.activate()
    run(hardware, hardware.make_command(), 0.02)
    model = build_model(profile)
    data = mujoco.MjData(model)
    seen = SnapshotReader(block, model).read(data)
    np.testing.assert_array_equal(data.qpos, hardware.data.qpos)
    assert seen.time == hardware.data.time
    hardware.reset()
    assert SnapshotReader(block, model).read(data).resets == 1
    hardware.close()
