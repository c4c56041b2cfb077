"""
Client of LeRobot's asynchronous inference server: gRPC with pickles in it.

Pickles are programs, so this client has to be asked for (``allow_pickle``), speaks to this machine
only unless told otherwise (``allow_remote``; use an SSH tunnel instead), and reads replies with
`vla_policies.wire.restricted_pickle`, which builds arrays and nothing else. Whoever can reach such
a server can run code on it; that is the server's flaw and cannot be mended from here.
"""
import ipaddress
import time
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from pydantic import Field

from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError
from vla_policies.clients.optional import need
from vla_policies.clients.remote import (
    Answer,
    ClientOptions,
    ConnectionLost,
    RemotePolicy,
    ServerError,
)
from vla_policies.clients.request_layout import short_name
from vla_policies.policy import Request
from vla_policies.wire import restricted_pickle
from vla_policies.wire.arrays import WireError
from vla_policies.wire.restricted_pickle import NamedObject, TimedAction

__all__ = ['LeRobotClient', 'LeRobotOptions']

HELPERS = 'lerobot.async_inference.helpers'


class LeRobotOptions(ClientOptions):
    """
    Options of a LeRobot client.

    ``policy_type`` and ``pretrained_name_or_path`` tell the server what to load, ``cameras`` and
    ``state_names`` what the policy was trained with; without them the last part of each image's
    key and the labels of the state are taken.
    """

    policy_type: str = Field(min_length=1, description='act, smolvla, pi0 …')
    pretrained_name_or_path: str = Field(min_length=1)
    device: str = 'cpu'
    actions_per_chunk: int = Field(50, gt=0, le=1000)
    cameras: tuple[str, ...] = ()
    state_names: tuple[str, ...] = ()
    helpers: str = Field(HELPERS, description="module of the server's message classes")
    allow_pickle: bool = False
    allow_remote: bool = False
    load_timeout_s: float = Field(120.0, gt=0, description='for the server to load the policy')


class LeRobotClient(RemotePolicy):
    """A policy at ``grpc://``."""

    options: LeRobotOptions

    def __init__(self, address: str, contract: PolicyContract, options: LeRobotOptions) -> None:
        super().__init__(address, contract, options)
        _check_consent(address, options)
        self._grpc = need('grpc', 'grpcio', address)
        need('google.protobuf', 'protobuf', address)
        from vla_policies.wire import lerobot
        self._wire = lerobot
        self._channel = None
        self._step = 0
        self._cameras = _named(
            'cameras', options.cameras, [short_name(entry.key) for entry in contract.images])
        self._state_names = _named(
            'state_names', options.state_names, contract.state.labels if contract.state else ())

    def _open(self, deadline: float) -> None:
        limit = self.options.max_reply_bytes
        self._channel = self._grpc.insecure_channel(
            urlsplit(self.address).netloc,
            [('grpc.max_receive_message_length', limit), ('grpc.max_send_message_length', limit),
             ('grpc.enable_http_proxy', 0)])
        messages = self._wire.messages
        try:
            self._grpc.channel_ready_future(self._channel).result(
                max(deadline - time.monotonic(), 0.001))
        except self._grpc.FutureTimeoutError as error:
            raise ConnectionLost('no gRPC server answers there') from error
        self._call('Ready', messages.Empty(), deadline)
        # The server loads the model before it answers.
        self._call('SendPolicyInstructions', messages.PolicySetup(data=self._policy_setup()),
                   time.monotonic() + self.options.load_timeout_s)
        self._step = 0

    def _shut(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _ask(self, request: Request, deadline: float) -> Answer:
        self._step += 1
        data = restricted_pickle.write(self._observation(request))
        self._call('SendObservations', self._wire.pieces(data), deadline)
        while True:
            self._stop_when_closed()
            reply = self._call('GetActions', self._wire.messages.Empty(), deadline)
            # Empty when the server had nothing to do or failed; older when it was overtaken.
            actions = _timed_actions(reply.data) if reply.data else []
            if actions and actions[0].timestep >= self._step:
                return Answer(data=np.stack([np.ravel(action.action) for action in actions]))
            if time.monotonic() >= deadline:
                raise TimeoutError

    def _policy_setup(self) -> bytes:
        features: dict[str, Any] = {}
        if self._state_names:
            features['observation.state'] = {
                'dtype': 'float32', 'shape': (len(self._state_names),),
                'names': list(self._state_names)}
        for camera, entry in zip(self._cameras, self.contract.images):
            features[f'observation.images.{camera}'] = {
                'dtype': 'image', 'names': ['height', 'width', 'channels'],
                'shape': (entry.processing.height, entry.processing.width, 3)}
        return restricted_pickle.write(NamedObject(
            self.options.helpers, 'RemotePolicyConfig', {
                'policy_type': self.options.policy_type,
                'pretrained_name_or_path': self.options.pretrained_name_or_path,
                'lerobot_features': features,
                'actions_per_chunk': self.options.actions_per_chunk,
                'device': self.options.device, 'rename_map': {}}))

    def _observation(self, request: Request) -> NamedObject:
        observation = request.observation
        values: dict[str, Any] = dict(
            zip(self._state_names, map(float, observation.state)))
        for camera, entry in zip(self._cameras, self.contract.images):
            values[camera] = observation.images[entry.key]
        values['task'] = observation.instruction
        return NamedObject(self.options.helpers, 'TimedObservation', {
            'timestamp': time.time(), 'timestep': self._step, 'observation': values,
            'must_go': True})

    def _call(self, method: str, message: Any, deadline: float) -> Any:
        path = f'/{self._wire.SERVICE}/{method}'
        messages = self._wire.messages
        reply_type = messages.Actions if method == 'GetActions' else messages.Empty
        make = (self._channel.stream_unary if method == 'SendObservations'
                else self._channel.unary_unary)
        call = make(path, request_serializer=lambda value: value.SerializeToString(),
                    response_deserializer=reply_type.FromString)
        try:
            return call(message, timeout=max(deadline - time.monotonic(), 0.001))
        except self._grpc.RpcError as error:
            code, codes = error.code(), self._grpc.StatusCode
            if code == codes.DEADLINE_EXCEEDED:
                raise TimeoutError from error
            if code == codes.UNAVAILABLE:
                raise ConnectionLost('the server is gone') from error
            reason = ' '.join((error.details() or code.name).split())
            raise ServerError(f'{self.address}: {method}: {reason:.300}') from error


def _timed_actions(data: bytes) -> list[TimedAction]:
    actions = restricted_pickle.read(data)
    if not isinstance(actions, list) or not actions or not all(
            isinstance(action, TimedAction) and isinstance(action.timestep, int)
            and isinstance(action.action, np.ndarray)
            and action.action.size == actions[0].action.size for action in actions):
        raise WireError('something else than timed actions')
    return actions


def _named(option: str, given: tuple[str, ...], usual: Any) -> tuple[str, ...]:
    if given and len(given) != len(usual):
        raise ConfigurationError(
            f'{option}: must name {len(usual)}, one for each of {", ".join(usual)}')
    return given or tuple(usual)


def _check_consent(address: str, options: LeRobotOptions) -> None:
    if not options.allow_pickle:
        raise ConfigurationError(
            f"{address}: LeRobot's protocol consists of pickles; say allow_pickle=true to use it")
    host = urlsplit(address).hostname or ''
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == 'localhost'
    if not is_loopback and not options.allow_remote:
        raise ConfigurationError(
            f'{address}: is another machine, and the connection has neither password nor '
            'encryption; use a tunnel to this machine, or say allow_remote=true')
