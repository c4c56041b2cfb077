"""References as the messages of each kind of driver."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vla_core.validation import ConfigurationError
from vla_hardware.ros2_control.configuration import StreamDriver

__all__ = ['ReferenceOutput', 'message_type', 'reference_output']

QUEUE = 1


def message_type(name: str) -> type:
    """A message, service or action by its full name; ConfigurationError when it is not there."""
    package, kind, short = name.split('/')
    try:
        return getattr(importlib.import_module(f'{package}.{kind}'), short)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f'{name} is needed but not there; install {package} and source it') from error


class ReferenceOutput:
    """Publishes one arm's references [n] in rad."""

    def __init__(
        self, node: Node, stream: StreamDriver, topic: str, names: Sequence[str], message: type
    ) -> None:
        self._stream, self._names, self._message = stream, list(names), message
        self._publisher = node.create_publisher(message, topic, QUEUE)

    def publish(self, position: np.ndarray) -> None:
        """Send a reference."""
        self._publisher.publish(self._fill(position.tolist()))

    def _fill(self, position: list[float]) -> Any:
        raise NotImplementedError


class _ForwardPosition(ReferenceOutput):

    def _fill(self, position: list[float]) -> Any:
        return self._message(data=position)


class _JointTrajectory(ReferenceOutput):
    """One point ahead; stamp 0 starts now, and positions alone are joined by straight lines."""

    def _fill(self, position: list[float]) -> Any:
        point = JointTrajectoryPoint(positions=position, time_from_start=Duration(
            nanosec=round(1e9 * self._stream.horizon) % 1_000_000_000,
            sec=int(self._stream.horizon)))
        return self._message(joint_names=self._names, points=[point])


class _InterbotixGroup(ReferenceOutput):

    def _fill(self, position: list[float]) -> Any:
        return self._message(name=self._stream.group, cmd=position)


def reference_output(
    node: Node, stream: StreamDriver, topic: str, names: Sequence[str]
) -> ReferenceOutput | None:
    """The output of a kind of stream; None where the robot takes targets itself."""
    if stream.kind == 'targets':
        return None
    kind, message = {
        'forward_position': lambda: (_ForwardPosition, Float64MultiArray),
        'joint_trajectory': lambda: (_JointTrajectory, JointTrajectory),
        'interbotix_group': lambda: (
            _InterbotixGroup, message_type('interbotix_xs_msgs/msg/JointGroupCommand')),
    }[stream.kind]()
    return kind(node, stream, topic, names, message)
