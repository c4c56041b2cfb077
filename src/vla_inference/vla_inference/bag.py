"""
Observations from a recorded bag: the offline side of parity with the running robot.

The same samples, streams and processing as live; only where the messages come from differs.
"""
from collections.abc import Iterator, Sequence
from pathlib import Path

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract, Sample
from vla_core.profile import RobotProfile
from vla_core.samples import sample_from_message
from vla_inference.assembly import ObservationAssembly
from vla_inference.delays import Delays

__all__ = ['observations_of', 'samples_of']


def samples_of(bag: Path, contract: PolicyContract) -> Iterator[tuple[str, Sample, int]]:
    """Topic, sample and time of receipt in ns of every message the contract reads, in order."""
    with AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
        topics = {'/' + topic.lstrip('/'): topic for topic in contract.topics}
        connections = [entry for entry in reader.connections if entry.topic in topics]
        for connection, received_ns, data in reader.messages(connections):
            message = reader.deserialize(data, connection.msgtype)
            topic = topics[connection.topic]
            yield topic, sample_from_message(message, contract.topics[topic]), received_ns


def observations_of(
    bag: Path, contract: PolicyContract, profile: RobotProfile, stamps_ns: Sequence[int],
    instruction: str, delays: Delays | None = None,
) -> Iterator[Observation]:
    """
    The observation at each of ``stamps_ns``, increasing.

    ObservationUnavailable, naming the stream, for a time at which there was none.
    """
    assembly = ObservationAssembly(contract, profile, delays)
    messages = samples_of(bag, contract)
    pending = next(messages, None)
    for stamp_ns in stamps_ns:
        while pending is not None and assembly.reached_ns() <= stamp_ns:
            assembly.add(*pending)
            pending = next(messages, None)
        yield assembly.at(stamp_ns, instruction)

