"""Small steps of ROS actions, under the names launch files import."""
from launch.unsupported import refuse_names

from ..names import (
    is_namespace_absolute,
    is_root_namespace,
    make_namespace_absolute,
    prefix_namespace,
)

__all__ = [
    'is_namespace_absolute',
    'is_root_namespace',
    'make_namespace_absolute',
    'prefix_namespace',
]

__getattr__ = refuse_names(__name__, [
    'add_node_name', 'evaluate_parameters', 'evaluate_parameters_dict', 'get_node_name_count',
    'normalize_parameters', 'normalize_parameters_dict', 'normalize_remap_rule',
    'normalize_remap_rules', 'to_parameters_list',
])
