"""A small two-armed robot that the tests change and break."""
import copy

import pytest

from vla_core.profile import RobotProfile


def _arm(name: str) -> dict:
    return {
        'name': name, 'base_frame': f'{name}_base', 'tip_frame': f'{name}_tip',
        'joints': [f'{name}_shoulder', f'{name}_elbow'], 'home': [0.0, 0.5],
        'limits': {
            'position_lower': [-2.0, -1.0], 'position_upper': [2.0, 1.5], 'velocity': [2.0, 3.0],
            'acceleration': [8.0, 9.0], 'jerk': [100.0, 200.0], 'effort': [50.0, 20.0],
            'effort_rate': [500.0, 200.0]},
        'cartesian': {
            'linear_velocity': 1.0, 'linear_acceleration': 5.0, 'linear_jerk': 50.0,
            'angular_velocity': 2.0, 'angular_acceleration': 10.0, 'angular_jerk': 100.0},
        'workspace': {'lower': [-1.0, -1.0, 0.0], 'upper': [1.0, 1.0, 1.5]},
        'gripper': {
            'joints': [f'{name}_finger'], 'closed': 0.0, 'open': 0.04, 'max_velocity': 0.1,
            'max_effort': 30.0, 'width_per_unit': 2.0},
    }


_PROFILE = {
    'name': 'pair', 'description': 'two short arms', 'model': 'pair.urdf.xacro',
    'model_arguments': {'hand': 'true'}, 'root_frame': 'world', 'rate_hz': 500,
    'control_modes': ['effort', 'position'], 'arms': [_arm('left'), _arm('right')],
    'leaders': [],
    'cameras': [
        {'name': 'front', 'frame': 'front_optical', 'width': 640, 'height': 480, 'rate_hz': 30}],
}


@pytest.fixture
def profile_data() -> dict:
    return copy.deepcopy(_PROFILE)


@pytest.fixture(scope='session')
def pair() -> RobotProfile:
    return RobotProfile.model_validate(_PROFILE)
