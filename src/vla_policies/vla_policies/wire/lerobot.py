"""
Messages and methods of LeRobot's ``transport.AsyncInference`` gRPC service.

The messages are built from their description here, so that no generated code is kept; the pool is
their own, so that they do not clash with LeRobot's where both are loaded.
"""
from collections.abc import Iterator
from types import SimpleNamespace

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ['SERVICE', 'TransferState', 'messages', 'pieces', 'whole']

SERVICE = 'transport.AsyncInference'
PIECE_BYTES = 2 * 1024 * 1024
_FIELD = descriptor_pb2.FieldDescriptorProto


class TransferState:
    """Which piece of an observation a message carries."""

    BEGIN, MIDDLE, END = 1, 2, 3


def _make_messages() -> SimpleNamespace:
    file = descriptor_pb2.FileDescriptorProto(
        name='vla_policies/lerobot.proto', package='transport', syntax='proto3')
    state = file.enum_type.add(name='TransferState')
    for number, name in enumerate(('UNKNOWN', 'BEGIN', 'MIDDLE', 'END')):
        state.value.add(name=f'TRANSFER_{name}', number=number)
    file.message_type.add(name='Empty')
    for name in ('Actions', 'PolicySetup'):
        file.message_type.add(name=name).field.add(
            name='data', number=1, type=_FIELD.TYPE_BYTES, label=_FIELD.LABEL_OPTIONAL)
    observation = file.message_type.add(name='Observation')
    observation.field.add(
        name='transfer_state', number=1, type=_FIELD.TYPE_ENUM, label=_FIELD.LABEL_OPTIONAL,
        type_name='.transport.TransferState')
    observation.field.add(
        name='data', number=2, type=_FIELD.TYPE_BYTES, label=_FIELD.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return SimpleNamespace(**{
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f'transport.{name}'))
        for name in ('Empty', 'Actions', 'PolicySetup', 'Observation')})


messages = _make_messages()


def pieces(data: bytes) -> Iterator:
    """``data`` as Observation messages of at most 2 MiB; one that is whole is an END."""
    for start in range(0, len(data), PIECE_BYTES):
        last = start + PIECE_BYTES >= len(data)
        state = (TransferState.END if last
                 else TransferState.MIDDLE if start else TransferState.BEGIN)
        yield messages.Observation(
            transfer_state=state, data=data[start:start + PIECE_BYTES])


def whole(stream: Iterator) -> bytes:
    """The bytes that a stream of Observation messages carries."""
    return b''.join(message.data for message in stream)
