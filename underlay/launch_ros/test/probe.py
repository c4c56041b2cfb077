"""A node that says what it was given: one line of JSON."""
import json
import sys

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter


def main() -> None:
    rclpy.init()
    node = Node(
        'probe', allow_undeclared_parameters=True,
        automatically_declare_parameters_from_overrides=True)
    parameters = {
        name: _plain(value) for name, value in node.get_parameters_by_prefix('').items()
        if 'type_description' not in name}
    print(json.dumps({
        'name': node.get_fully_qualified_name(),
        'topics': [node.resolve_topic_name(topic) for topic in ('chatter', 'other')],
        'parameters': parameters,
        'arguments': sys.argv[1:sys.argv.index('--ros-args')],
    }, sort_keys=True), flush=True)
    rclpy.shutdown()


def _plain(parameter: Parameter):
    value = parameter.value
    return value if isinstance(value, (bool, int, float, str)) else list(value)


main()
