"""The interfaces are the genuine controller_manager_msgs, by field and by hash."""
import importlib
import json
from pathlib import Path

import pytest
from ament_index_python import get_package_share_directory

PACKAGE = 'controller_manager_msgs'

FIELDS = {
    'msg/ChainConnection': {'name': 'string', 'reference_interfaces': 'sequence<string>'},
    'msg/ControllerManagerActivity': {
        'header': 'std_msgs/Header',
        'controllers': 'sequence<controller_manager_msgs/NamedLifecycleState>',
        'hardware_components': 'sequence<controller_manager_msgs/NamedLifecycleState>',
    },
    'msg/ControllerState': {
        'name': 'string', 'state': 'string', 'type': 'string', 'is_async': 'boolean',
        'update_rate': 'uint16', 'claimed_interfaces': 'sequence<string>',
        'required_command_interfaces': 'sequence<string>',
        'required_state_interfaces': 'sequence<string>', 'is_chainable': 'boolean',
        'is_chained': 'boolean', 'exported_state_interfaces': 'sequence<string>',
        'reference_interfaces': 'sequence<string>',
        'chain_connections': 'sequence<controller_manager_msgs/ChainConnection>',
    },
    'msg/HardwareComponentState': {
        'name': 'string', 'type': 'string', 'is_async': 'boolean', 'rw_rate': 'uint16',
        'class_type': 'string', 'plugin_name': 'string', 'state': 'lifecycle_msgs/State',
        'command_interfaces': 'sequence<controller_manager_msgs/HardwareInterface>',
        'state_interfaces': 'sequence<controller_manager_msgs/HardwareInterface>',
    },
    'msg/HardwareInterface': {
        'name': 'string', 'data_type': 'string', 'is_available': 'boolean',
        'is_claimed': 'boolean',
    },
    'msg/NamedLifecycleState': {'name': 'string', 'state': 'lifecycle_msgs/State'},
    'srv/CleanupController.Request': {'name': 'string'},
    'srv/CleanupController.Response': {'ok': 'boolean'},
    'srv/ConfigureController.Request': {'name': 'string'},
    'srv/ConfigureController.Response': {'ok': 'boolean'},
    'srv/ListControllerTypes.Request': {},
    'srv/ListControllerTypes.Response': {
        'types': 'sequence<string>', 'base_classes': 'sequence<string>',
    },
    'srv/ListControllers.Request': {},
    'srv/ListControllers.Response': {
        'controller': 'sequence<controller_manager_msgs/ControllerState>',
    },
    'srv/ListHardwareComponents.Request': {},
    'srv/ListHardwareComponents.Response': {
        'component': 'sequence<controller_manager_msgs/HardwareComponentState>',
    },
    'srv/ListHardwareInterfaces.Request': {},
    'srv/ListHardwareInterfaces.Response': {
        'command_interfaces': 'sequence<controller_manager_msgs/HardwareInterface>',
        'state_interfaces': 'sequence<controller_manager_msgs/HardwareInterface>',
    },
    'srv/LoadController.Request': {'name': 'string'},
    'srv/LoadController.Response': {'ok': 'boolean'},
    'srv/ReloadControllerLibraries.Request': {'force_kill': 'boolean'},
    'srv/ReloadControllerLibraries.Response': {'ok': 'boolean'},
    'srv/SetHardwareComponentState.Request': {
        'name': 'string', 'target_state': 'lifecycle_msgs/State',
    },
    'srv/SetHardwareComponentState.Response': {'ok': 'boolean', 'state': 'lifecycle_msgs/State'},
    'srv/SwitchController.Request': {
        'activate_controllers': 'sequence<string>', 'deactivate_controllers': 'sequence<string>',
        'strictness': 'int32', 'activate_asap': 'boolean',
        'timeout': 'builtin_interfaces/Duration',
    },
    'srv/SwitchController.Response': {'ok': 'boolean', 'message': 'string'},
    'srv/UnloadController.Request': {'name': 'string'},
    'srv/UnloadController.Response': {'ok': 'boolean'},
}

CONSTANTS = {
    'srv/SwitchController.Request': {'BEST_EFFORT': 1, 'STRICT': 2, 'AUTO': 3, 'FORCE_AUTO': 4},
}

# Type hashes (REP 2011) of the genuine definitions; a peer with another hash is another type.
HASHES = {
    'msg/ChainConnection': 'RIHS01_'
        '2daecd1da4b171f48b291c79747657a651eb1ab8821b68e38b1c88c736bba91c',
    'msg/ControllerManagerActivity': 'RIHS01_'
        '35b7de5d611b6780e89732de325f2f765eacdb8a7adfe5821a27af4a03a7c244',
    'msg/ControllerState': 'RIHS01_'
        '9a8780ab9814b6032978a07c6c7033cf1a7894ac8d948a6fb72afea07b04cc83',
    'msg/HardwareComponentState': 'RIHS01_'
        '8723f76b60e3ea54920065e3e777d93c68b76fc12839ad6a6ca4e0a6439b384c',
    'msg/HardwareInterface': 'RIHS01_'
        'b4c556991db81ca56a49338b5e8f0675a6707faee54fba161d2bbd4d963d418a',
    'msg/NamedLifecycleState': 'RIHS01_'
        'b7947b6f8df8f7e93d1cb8d115842fb0eeddfa6fb5c7b86cc0f3cafd55be4c1f',
    'srv/CleanupController': 'RIHS01_'
        '0e5e0da84cf97150abbb3a4e2249c67e6f43dba01ed9b7228b4deaab8838ec4b',
    'srv/ConfigureController': 'RIHS01_'
        'b5de498113f4eabc7b932e019ca0498d67304b1ca465fe8a426ea89644865ff9',
    'srv/ListControllerTypes': 'RIHS01_'
        '873e8d2bb81b8b5903ca736d299ba959f929efec4b4a18d17354b8b322822e05',
    'srv/ListControllers': 'RIHS01_'
        '4f8e36bb1fa5afdeba45c2d56ae6a2097b1493a253f961dd6290c085033bd189',
    'srv/ListHardwareComponents': 'RIHS01_'
        '2ff105e609928671af16413362c0fdd089e1dd50c5a49d830db603ba8e4439c8',
    'srv/ListHardwareInterfaces': 'RIHS01_'
        'c3e561a6e8cc7b9d577d8065c783038e51f6950cbe9bed67fb117a3e2e04d8f1',
    'srv/LoadController': 'RIHS01_'
        'e37f7596c50c88cf8cb7a10cd376ff7579850cc63b5e787e9c8f11981f9ab4d2',
    'srv/ReloadControllerLibraries': 'RIHS01_'
        '485cd0040f8a343a9596155b967363e1bc715f034bbb111f795c73d9d8056a9b',
    'srv/SetHardwareComponentState': 'RIHS01_'
        '940b15846ed3e1fb561ab45edf77a992b811fd59c574f45d5205a84a0deb2f65',
    'srv/SwitchController': 'RIHS01_'
        'd4ad10aa5da7808bc522d55d4123d8ef79de73d049d165639d7663ac37cc9895',
    'srv/UnloadController': 'RIHS01_'
        '4055728e84c041348648d7f808c6681562000e3a9ce9fbb42c3350df25773f16',
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
