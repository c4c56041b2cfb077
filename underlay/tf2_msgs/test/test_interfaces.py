"""The interfaces are the genuine tf2_msgs, by field and by hash."""
import importlib
import json
from pathlib import Path

import pytest
from ament_index_python import get_package_share_directory

PACKAGE = 'tf2_msgs'

FIELDS = {
    'msg/TF2Error': {'error': 'uint8', 'error_string': 'string'},
    'msg/TFMessage': {'transforms': 'sequence<geometry_msgs/TransformStamped>'},
    'srv/FrameGraph.Request': {},
    'srv/FrameGraph.Response': {'frame_yaml': 'string'},
    'action/LookupTransform.Goal': {
        'target_frame': 'string', 'source_frame': 'string',
        'source_time': 'builtin_interfaces/Time', 'timeout': 'builtin_interfaces/Duration',
        'target_time': 'builtin_interfaces/Time', 'fixed_frame': 'string', 'advanced': 'boolean',
    },
    'action/LookupTransform.Result': {
        'transform': 'geometry_msgs/TransformStamped', 'error': 'tf2_msgs/TF2Error',
    },
    'action/LookupTransform.Feedback': {},
}

CONSTANTS = {
    'msg/TF2Error': {
        'NO_ERROR': 0, 'LOOKUP_ERROR': 1, 'CONNECTIVITY_ERROR': 2, 'EXTRAPOLATION_ERROR': 3,
        'INVALID_ARGUMENT_ERROR': 4, 'TIMEOUT_ERROR': 5, 'TRANSFORM_ERROR': 6,
    },
}

# Type hashes (REP 2011) of the genuine definitions; a peer with another hash is another type.
HASHES = {
    'msg/TF2Error': 'RIHS01_'
        'db2485e7d6a0ec75bf087e058ee45df682acc3a621ca7780503d10aac141809a',
    'msg/TFMessage': 'RIHS01_'
        'e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087',
    'srv/FrameGraph': 'RIHS01_'
        '0d1fbc6222c018ba5f33822904a2fdd4063705289956d3fdde07cd8c50fe8067',
    'action/LookupTransform': 'RIHS01_'
        '0b8adf6bc0b5958879e3265b41a457e03558fe523890a81252c70eba97a82c5d',
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
