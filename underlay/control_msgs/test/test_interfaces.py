"""The interfaces are the genuine control_msgs, by field and by hash."""
import importlib
import json
from pathlib import Path

import pytest
from ament_index_python import get_package_share_directory

PACKAGE = 'control_msgs'

FIELDS = {
    'msg/DynamicJointState': {
        'header': 'std_msgs/Header', 'joint_names': 'sequence<string>',
        'interface_values': 'sequence<control_msgs/InterfaceValue>',
    },
    'msg/GripperCommand': {'position': 'double', 'max_effort': 'double'},
    'msg/InterfaceValue': {'interface_names': 'sequence<string>', 'values': 'sequence<double>'},
    'msg/JointComponentTolerance': {
        'joint_name': 'string', 'component': 'uint16', 'position': 'double', 'velocity': 'double',
        'acceleration': 'double',
    },
    'msg/JointJog': {
        'header': 'std_msgs/Header', 'joint_names': 'sequence<string>',
        'displacements': 'sequence<double>', 'velocities': 'sequence<double>',
        'duration': 'double',
    },
    'msg/JointTolerance': {
        'name': 'string', 'position': 'double', 'velocity': 'double', 'acceleration': 'double',
    },
    'msg/JointTrajectoryControllerState': {
        'header': 'std_msgs/Header', 'joint_names': 'sequence<string>',
        'reference': 'trajectory_msgs/JointTrajectoryPoint',
        'feedback': 'trajectory_msgs/JointTrajectoryPoint',
        'error': 'trajectory_msgs/JointTrajectoryPoint',
        'output': 'trajectory_msgs/JointTrajectoryPoint',
        'multi_dof_joint_names': 'sequence<string>',
        'multi_dof_reference': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
        'multi_dof_feedback': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
        'multi_dof_error': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
        'multi_dof_output': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
        'speed_scaling_factor': 'double',
    },
    'msg/PidState': {
        'header': 'std_msgs/Header', 'timestep': 'builtin_interfaces/Duration', 'error': 'double',
        'error_dot': 'double', 'p_error': 'double', 'i_error': 'double', 'd_error': 'double',
        'p_term': 'double', 'i_term': 'double', 'd_term': 'double', 'i_max': 'double',
        'i_min': 'double', 'output': 'double',
    },
    'msg/SpeedScalingFactor': {'factor': 'double'},
    'srv/QueryTrajectoryState.Request': {'time': 'builtin_interfaces/Time'},
    'srv/QueryTrajectoryState.Response': {
        'success': 'boolean', 'message': 'string', 'name': 'sequence<string>',
        'position': 'sequence<double>', 'velocity': 'sequence<double>',
        'acceleration': 'sequence<double>',
    },
    'action/FollowJointTrajectory.Goal': {
        'trajectory': 'trajectory_msgs/JointTrajectory',
        'multi_dof_trajectory': 'trajectory_msgs/MultiDOFJointTrajectory',
        'path_tolerance': 'sequence<control_msgs/JointTolerance>',
        'component_path_tolerance': 'sequence<control_msgs/JointComponentTolerance>',
        'goal_tolerance': 'sequence<control_msgs/JointTolerance>',
        'component_goal_tolerance': 'sequence<control_msgs/JointComponentTolerance>',
        'goal_time_tolerance': 'builtin_interfaces/Duration',
    },
    'action/FollowJointTrajectory.Result': {'error_code': 'int32', 'error_string': 'string'},
    'action/FollowJointTrajectory.Feedback': {
        'header': 'std_msgs/Header', 'joint_names': 'sequence<string>',
        'desired': 'trajectory_msgs/JointTrajectoryPoint',
        'actual': 'trajectory_msgs/JointTrajectoryPoint',
        'error': 'trajectory_msgs/JointTrajectoryPoint',
        'multi_dof_joint_names': 'sequence<string>',
        'multi_dof_desired': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
        'multi_dof_actual': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
        'multi_dof_error': 'trajectory_msgs/MultiDOFJointTrajectoryPoint',
    },
    'action/GripperCommand.Goal': {'command': 'control_msgs/GripperCommand'},
    'action/GripperCommand.Result': {
        'position': 'double', 'effort': 'double', 'stalled': 'boolean', 'reached_goal': 'boolean',
    },
    'action/GripperCommand.Feedback': {
        'position': 'double', 'effort': 'double', 'stalled': 'boolean', 'reached_goal': 'boolean',
    },
    'action/ParallelGripperCommand.Goal': {'command': 'sensor_msgs/JointState'},
    'action/ParallelGripperCommand.Result': {
        'state': 'sensor_msgs/JointState', 'stalled': 'boolean', 'reached_goal': 'boolean',
    },
    'action/ParallelGripperCommand.Feedback': {'state': 'sensor_msgs/JointState'},
}

CONSTANTS = {
    'msg/JointComponentTolerance': {
        'X_AXIS': 1, 'Y_AXIS': 2, 'Z_AXIS': 3, 'TRANSLATION': 4, 'ROTATION': 5,
    },
    'action/FollowJointTrajectory.Result': {
        'SUCCESSFUL': 0, 'INVALID_GOAL': -1, 'INVALID_JOINTS': -2, 'OLD_HEADER_TIMESTAMP': -3,
        'PATH_TOLERANCE_VIOLATED': -4, 'GOAL_TOLERANCE_VIOLATED': -5,
    },
}

# Type hashes (REP 2011) of the genuine definitions; a peer with another hash is another type.
HASHES = {
    'msg/DynamicJointState': 'RIHS01_'
        '18024c98a62697680f581108eeed40b28fb4542fa0ac5a8e36f56c62b6813d26',
    'msg/GripperCommand': 'RIHS01_'
        '57eb8f326c9889ca8bb34ead82cc94cc09bf6bc5c3b6c09546dca3a00b589890',
    'msg/InterfaceValue': 'RIHS01_'
        '74a12144ef6b7af67533195cb30f7f607d3301b66950208a72d280695f3e190c',
    'msg/JointComponentTolerance': 'RIHS01_'
        '739ea7566931944d33830fa10f1bf5e7a7fbdc3172bce7a7eaac642bd6e3ffa4',
    'msg/JointJog': 'RIHS01_'
        'ba249455a20f70168a1acb7bf43b776b72ff1f7eb5fc4cfea443f749e963c6e7',
    'msg/JointTolerance': 'RIHS01_'
        'c254f9cece0f3b733017b6990fd46d1326e25242d6b8844398c97d9a88e7d648',
    'msg/JointTrajectoryControllerState': 'RIHS01_'
        '51d8dd89cc624cbe9daaeeb4d80d6de9b86168ffdc3be41fefc0953e3c26e480',
    'msg/PidState': 'RIHS01_'
        '9ab329825048ab6152868c2d086fc19f5525ed2c6fec886f719577e1ae3a6acd',
    'msg/SpeedScalingFactor': 'RIHS01_'
        '0c240f349f2b74e33e8741f83e0f196ddeb6585923663876ed3c1f51f0566037',
    'srv/QueryTrajectoryState': 'RIHS01_'
        '4a0935dffef18bc5b9e101c9d03d84e681ecd4cebd724b8f11fde008751a325a',
    'action/FollowJointTrajectory': 'RIHS01_'
        '738ebcb7a2d7cfa42f9f1001cc99ce3a4383d1cfe508015d9be8485e4b1c66f6',
    'action/GripperCommand': 'RIHS01_'
        'e17c0e644eccf14bea84a0a93e0977182872c2eb7873ca6694900059b46dbc84',
    'action/ParallelGripperCommand': 'RIHS01_'
        'adfd3c1ebe8abc38ebcc0e454b6423d291d4010dd5697d14eca5b9be4726ae18',
}


def interface(name: str) -> type:
    """Class of `kind/Name` or of its part `kind/Name.Part`."""
    kind, _, path = name.partition('/')
    found = importlib.import_module(f'{PACKAGE}.{kind}')
    for step in path.split('.'):
        found = getattr(found, step)
    return found


@pytest.mark.parametrize('name', FIELDS)
def test_fields_have_the_genuine_names_types_and_order(name):
    assert list(interface(name).get_fields_and_field_types().items()) == list(FIELDS[name].items())


@pytest.mark.parametrize('name', CONSTANTS)
def test_constants_have_the_genuine_values(name):
    message = interface(name)
    assert {constant: getattr(message, constant) for constant in CONSTANTS[name]} == CONSTANTS[name]


@pytest.mark.parametrize('name', HASHES)
def test_type_hash_is_the_genuine_one(name):
    description = Path(get_package_share_directory(PACKAGE)) / f'{name}.json'
    hashes = {entry['type_name']: entry['hash_string']
              for entry in json.loads(description.read_text())['type_hashes']}
    assert hashes[f'{PACKAGE}/{name}'] == HASHES[name]
