"""What is missing is refused by name."""
import importlib

import pytest
from launch import UnsupportedError


@pytest.mark.parametrize(('module', 'name'), [
    ('launch_ros.actions', 'ComposableNodeContainer'),
    ('launch_ros.actions', 'LoadComposableNodes'),
    ('launch_ros.actions', 'RosTimer'),
    ('launch_ros.descriptions', 'ComposableNode'),
    ('launch_ros.substitutions', 'Parameter'),
])
def test_refusals(module, name):
    with pytest.raises(UnsupportedError, match=f'{module}.{name} is not supported'):
        getattr(importlib.import_module(module), name)
