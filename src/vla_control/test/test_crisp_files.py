"""Parameter files that were written for CRISP's controllers load, and mean what they say."""
import numpy as np
import pytest

from vla_control.controllers import ControllerError

# What CRISP's admittance files set: a soft body, and the torque loop behind it.
BODY = {f'admittance.{name}_{turn}{axis}': value
        for name, values in {'mass': (1.0, 0.1), 'stiffness': (200.0, 10.0),
                             'damping': (50.0, 5.0)}.items()
        for turn, value in zip(('', 'r'), values) for axis in 'xyz'}
TASK = {f'task.{gain}_{part}_{axis}': value
        for gain, part, value in (('k', 'pos', 900.0), ('k', 'rot', 45.0),
                                  ('d', 'pos', 60.0), ('d', 'rot', 10.0)) for axis in 'xyz'}
CLIP = {f'task.error_clip.{turn}{axis}': value
        for turn, value in (('', 0.1), ('r', 0.5)) for axis in 'xyz'}
TORQUES = {'limit_error': True, 'limit_torques': True, 'max_delta_tau': 2.0,
           'nullspace.stiffness': 5.0, 'stop_commands': False,
           'use_coriolis_compensation': True, 'use_friction': True,
           'use_gravity_compensation': False, 'use_local_jacobian': True,
           'use_operational_space': False, 'ft_sensor.topic': 'ft_sensor_wrench'}


def at_rest(robot, seconds):
    place, turn = robot.pose()
    robot.run(seconds, 'pose', lambda t: [*place, *turn])
    return np.array(robot.pose()[0])


@pytest.mark.parametrize('robot_name', ['ur', 'franka'])
def test_an_admittance_file_loads_and_its_body_gives_way(lockstep, robot_name):
    robot = lockstep(robot_name)
    robot.core.switch(['cartesian_admittance'], [])
    for name, value in {**TORQUES, **TASK, **CLIP, **BODY}.items():  # one by one, as it is sent
        robot.core.set_parameters('cartesian_admittance', {name: value})
    before = at_rest(robot, 0.3)
    robot.hardware.push(robot.arm.name, [0, 0, 8.5, 0, 0, 0], 2.0)
    place, turn = before.tolist(), robot.pose()[1]
    robot.run(1.8, 'pose', lambda t: [*place, *turn])
    assert robot.pose()[0][2] - before[2] == pytest.approx(8.0 / 200.0, rel=0.1)
    said = [text for level, text in robot.core.events if level == 'warn']
    assert len(said) == 1
    for name in ('max_delta_tau', 'use_gravity_compensation', 'ft_sensor.topic'):
        assert name in said[0]


def test_what_has_its_usual_value_is_not_spoken_of_and_an_unknown_name_is_refused(lockstep):
    robot = lockstep('ur')
    robot.core.set_parameters('cartesian_admittance', {'limit_torques': True, **CLIP})
    assert not robot.core.events
    with pytest.raises(ControllerError, match=r"admittance.*did you mean 'mass_x'"):
        robot.core.set_parameters('cartesian_admittance', {'admittance.mas_x': 1.0})
    with pytest.raises(ControllerError, match=r'admittance\.mass_x'):
        robot.core.set_parameters('cartesian_admittance', {'admittance.mass_x': 0.0})


def test_what_the_body_leaves_open_the_task_gives(lockstep):
    robot = lockstep('ur')
    robot.core.set_parameters('cartesian_admittance', {
        'task.k_pos_x': 300.0, 'task.d_pos_x': 40.0, 'admittance.stiffness_y': 100.0})
    given = robot.core.controllers['cartesian_admittance'].parameters
    assert given.stiffness[:2] == [300.0, 100.0]
    assert given.damping[:2] == [40.0, 100.0]


def test_stiffness_may_lie_along_the_axes_of_the_tip(lockstep):
    robot = lockstep('ur')
    robot.core.set_parameters('cartesian_admittance', {
        'use_local_jacobian': True, 'admittance.stiffness_x': 250.0})
    robot.core.switch(['cartesian_admittance'], [])
    before, turn = at_rest(robot, 0.3), robot.pose()[1]
    robot.model.update_kinematics(robot.state.position)
    axis = robot.model.rotation[:, 0].copy()
    robot.hardware.push(robot.arm.name, [*(10.5 * axis), 0, 0, 0], 2.0)
    robot.run(1.8, 'pose', lambda t: [*before, *turn])
    moved = np.array(robot.pose()[0]) - before
    assert moved @ axis == pytest.approx(10.0 / 250.0, rel=0.1)
    assert np.linalg.norm(moved - (moved @ axis) * axis) < 3e-3


def test_stop_commands_bring_an_admittance_to_rest(lockstep):
    robot = lockstep('ur')
    robot.core.switch(['cartesian_admittance'], [])
    place, turn = robot.pose()
    robot.run(0.5, 'pose', lambda t: [place[0], place[1] - 0.1 * t, place[2], *turn])
    robot.core.set_parameters('cartesian_admittance', {'stop_commands': True})
    robot.run(0.8, 'pose', lambda t: [place[0], place[1] - 0.1 * t, place[2], *turn])
    assert np.abs(robot.state.velocity).max() < 0.02
