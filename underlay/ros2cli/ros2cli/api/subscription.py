"""Waiting for a topic and subscribing to it."""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import QoSPresetProfiles, QoSProfile

from ros2cli.errors import CommandError
from ros2cli.node import DirectNode

from . import qos
from .graph import absolute_name
from .interface_types import message_class

PRESET = 'sensor_data'


def subscribe(
    node: DirectNode, args: argparse.Namespace, topic: str, callback: Callable[..., None], *,
    message_type: str | None = None, raw: bool = False, timeout_s: float | None = None,
    events: SubscriptionEventCallbacks | None = None,
) -> Any:
    """
    Subscribe with a profile that matches the publishers, once there is one.

    The type is discovered unless given; without a publisher the wait lasts timeout_s, or for ever.
    Returns the class of the message.
    """
    topic = absolute_name(topic)
    given_class = None if message_type is None else message_class(message_type)
    found = _wait_for_topic(node, topic, timeout_s)
    if given_class is None:
        if len(found) > 1:
            raise CommandError(
                f"'{topic}' carries more than one type ({', '.join(found)}): name one of them")
        given_class = message_class(found[0])
    node.create_subscription(
        given_class, topic, callback, _profile(node, args, topic), raw=raw,
        event_callbacks=events)
    return given_class


def _wait_for_topic(node: DirectNode, topic: str, timeout_s: float | None) -> list[str]:
    """Wait for a publisher and return the types of all there are."""
    start = time.monotonic()

    def published() -> list[str]:
        return sorted({info.topic_type for info in node.get_publishers_info_by_topic(topic)})

    if types := node.wait_for(published, timeout_s):
        return types
    if timeout_s is None:
        print(f'WARNING: topic [{topic}] does not appear to be published yet', file=sys.stderr)
        if types := node.wait_for(published, float('inf')):
            return types
    raise CommandError(f"Topic '{topic}' was not published in {time.monotonic() - start:.1f} s")


def _profile(node: DirectNode, args: argparse.Namespace, topic: str) -> QoSProfile:
    if not hasattr(args, 'qos_profile'):
        profile = QoSPresetProfiles.get_from_short_key(PRESET)
    elif qos.given(args, PRESET):
        return qos.profile_of(args)
    else:
        profile = qos.profile_of(args)
    return qos.matching_profile(profile, node.get_publishers_info_by_topic(topic), topic)
