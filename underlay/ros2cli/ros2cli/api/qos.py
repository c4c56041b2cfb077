"""Quality of service: flags of the verbs, and profiles that match the publishers of a topic."""
from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
)

from ros2cli.parser import CommandParser, non_negative_float, non_negative_int

POLICIES = {
    'history': HistoryPolicy,
    'reliability': ReliabilityPolicy,
    'durability': DurabilityPolicy,
    'liveliness': LivelinessPolicy,
}


def add_arguments(parser: CommandParser, default_preset: str) -> None:
    """Add the --qos-… flags; the preset gives what the others leave open."""
    parser.add_argument(
        '--qos-profile', choices=QoSPresetProfiles.short_keys(), default=default_preset,
        help=f'preset to start from (default: {default_preset})')
    parser.add_argument(
        '--qos-depth', type=non_negative_int, metavar='N', help='length of the queue')
    for name, policy in POLICIES.items():
        parser.add_argument(f'--qos-{name}', choices=policy.short_keys(), help=f'{name} policy')
    parser.add_argument(
        '--qos-liveliness-lease-duration-seconds', type=non_negative_float, metavar='SECONDS',
        help='lease duration of the liveliness policy')


def profile_of(args: argparse.Namespace) -> QoSProfile:
    """Return the profile that the --qos-… flags describe."""
    profile = copy.copy(QoSPresetProfiles.get_from_short_key(args.qos_profile))
    for name, policy in POLICIES.items():
        if (key := getattr(args, f'qos_{name}')) is not None:
            setattr(profile, name, policy.get_from_short_key(key))
    if args.qos_liveliness_lease_duration_seconds is not None:
        profile.liveliness_lease_duration = Duration(
            seconds=args.qos_liveliness_lease_duration_seconds)
    if args.qos_depth is not None:
        profile.depth = args.qos_depth
    elif profile.durability == DurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile


def given(args: argparse.Namespace, default_preset: str) -> bool:
    """Tell whether any --qos-… flag was given."""
    return args.qos_profile != default_preset or any(
        getattr(args, f'qos_{name}') is not None
        for name in (*POLICIES, 'depth', 'liveliness_lease_duration_seconds'))


def matching_profile(
    profile: QoSProfile, publishers: Sequence[Any], topic: str,
) -> QoSProfile:
    """
    Return a profile that receives from every one of these publishers.

    Reliable and transient-local are asked for only where all of them offer it.
    """
    profile = copy.copy(profile)
    if not publishers:
        return profile
    offered = [publisher.qos_profile for publisher in publishers]
    profile.reliability = _strongest_common(
        [qos.reliability for qos in offered],
        ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT, topic)
    profile.durability = _strongest_common(
        [qos.durability for qos in offered],
        DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE, topic)
    return profile


def _strongest_common(policies: list[Any], strong: Any, weak: Any, topic: str) -> Any:
    if all(policy == strong for policy in policies):
        return strong
    if strong in policies:
        print(
            f"Not all publishers of '{topic}' offer {strong.name}; subscribing with {weak.name}",
            file=sys.stderr)
    return weak
