"""What commonly goes wrong: the environment, and ends of topics that cannot hear each other."""
from __future__ import annotations

import os
import platform

import rclpy
from ament_index_python import get_packages_with_prefixes
from rclpy.qos import QoSCompatibility, qos_check_compatible

from ros2cli.node import DirectNode


def environment() -> dict[str, str]:
    """Return the facts of the environment that decide who can talk to whom."""
    names = (
        'ROS_DISTRO', 'ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY',
        'FASTRTPS_DEFAULT_PROFILES_FILE')
    return {
        'system': platform.platform(),
        'python': platform.python_version(),
        'middleware': rclpy.get_rmw_implementation_identifier(),
        'packages': str(len(get_packages_with_prefixes())),
        **{name: os.environ.get(name, '(not set)') for name in names},
    }


def incompatible_ends(node: DirectNode) -> list[str]:
    """Return one line for each pair of publisher and subscriber whose profiles do not match."""
    found = []
    for topic, _ in node.get_topic_names_and_types():
        for publisher in node.get_publishers_info_by_topic(topic):
            for subscriber in node.get_subscriptions_info_by_topic(topic):
                compatibility, reason = qos_check_compatible(
                    publisher.qos_profile, subscriber.qos_profile)
                if compatibility == QoSCompatibility.ERROR:
                    found.append(
                        f"'{subscriber.node_name}' does not hear '{publisher.node_name}' on "
                        f"'{topic}': {reason.strip()}")
    return found
