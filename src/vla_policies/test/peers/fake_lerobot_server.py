"""
LeRobot's asynchronous inference server, from the facts of its protocol: gRPC, pickles, no LeRobot.

It unpickles without restraint, as the genuine one does, into classes that stand for LeRobot's; and
it answers pickles of its own TimedAction with torch tensors. The actions are [mean of the image
'front', sum of the state, number of the step, 0 …] of 8 numbers. The task 'fail' makes it answer
with nothing, 'attack' with a pickle that would run a command.

usage: fake_lerobot_server.py PORT
"""
import pickle
import sys
import types
from concurrent import futures
from dataclasses import dataclass, field

import grpc
import torch

STEPS = 3
HELPERS = types.ModuleType('lerobot.async_inference.helpers')


@dataclass
class RemotePolicyConfig:
    policy_type: str
    pretrained_name_or_path: str
    lerobot_features: dict
    actions_per_chunk: int
    device: str = 'cpu'
    rename_map: dict = field(default_factory=dict)


@dataclass
class TimedData:
    timestamp: float
    timestep: int


@dataclass
class TimedAction(TimedData):
    action: torch.Tensor


@dataclass
class TimedObservation(TimedData):
    observation: dict
    must_go: bool = False


class Attack:
    def __reduce__(self):
        return eval, ('__import__("os").system("true")',)


for known in (RemotePolicyConfig, TimedAction, TimedObservation):
    known.__module__ = HELPERS.__name__
    setattr(HELPERS, known.__name__, known)
for name in ('lerobot', 'lerobot.async_inference'):
    sys.modules[name] = types.ModuleType(name)
sys.modules[HELPERS.__name__] = HELPERS


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """Number → value of a protocol buffer of whole numbers and bytes."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found[tag >> 3] = value
    return found


def with_data(data):
    """A protocol buffer with bytes in field 1."""
    length, size = b'', len(data)
    while True:
        size, part = size >> 7, size & 0x7F
        length += bytes([part | (0x80 if size else 0)])
        if not size:
            return b'\x0a' + length + data


class Server:
    """The four methods."""

    def __init__(self):
        self.config = self.observation = None

    def Ready(self, request, context):
        return b''

    def SendPolicyInstructions(self, request, context):
        self.config = pickle.loads(fields(request)[1])
        assert isinstance(self.config, RemotePolicyConfig)
        if self.config.policy_type == 'unknown':
            raise ValueError('Policy type unknown not supported.')
        return b''

    def SendObservations(self, stream, context):
        states, parts = [], []
        for message in stream:
            message = fields(message)
            states.append(message[1])
            parts.append(message[2])
        assert states == [1, *[2] * (len(parts) - 2), 3][-len(parts):], states
        self.observation = pickle.loads(b''.join(parts))
        assert isinstance(self.observation, TimedObservation)
        return b''

    def GetActions(self, request, context):
        timed, self.observation = self.observation, None
        if timed is None or 'fail' in timed.observation['task']:
            return b''
        if 'attack' in timed.observation['task']:
            return with_data(pickle.dumps([Attack()]))
        names = self.config.lerobot_features['observation.state']['names']
        row = [float(timed.observation['front'].mean()),
               sum(timed.observation[name] for name in names), float(timed.timestep)]
        actions = torch.tensor([row + [0.0] * 5] * STEPS)
        return with_data(pickle.dumps([
            TimedAction(timed.timestamp + 0.1 * step, timed.timestep + step, action)
            for step, action in enumerate(actions)]))


if __name__ == '__main__':
    fake = Server()
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(getattr(fake, name))
        for name in ('Ready', 'SendPolicyInstructions', 'GetActions')}
    handlers['SendObservations'] = grpc.stream_unary_rpc_method_handler(fake.SendObservations)
    server = grpc.server(futures.ThreadPoolExecutor(2), options=[
        ('grpc.max_receive_message_length', 4 * 1024 * 1024)])
    server.add_generic_rpc_handlers([
        grpc.method_handlers_generic_handler('transport.AsyncInference', handlers)])
    print(server.add_insecure_port(f'127.0.0.1:{sys.argv[1]}'), flush=True)
    server.start()
    server.wait_for_termination()
