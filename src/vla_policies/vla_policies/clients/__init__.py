"""
Policies elsewhere, behind the interface of `vla_policies.policy.Policy`.

    folder, or a shipped policy's name    in this process
    ws://, wss://                         openpi's protocol: openpi's server or ours
    http://, https://                     OpenVLA and OpenVLA-OFT (/act)
    tcp://                                Isaac GR00T, ZeroMQ
    grpc://                               LeRobot's asynchronous inference, on request

No torch is imported for a policy elsewhere, so a client can live in a ROS node.
"""
import importlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError, one_line
from vla_policies.clients.agreement import check_agreement
from vla_policies.clients.remote import (
    ClientError,
    ClientOptions,
    PolicyUnavailable,
    RemotePolicy,
    ServerError,
)
from vla_policies.policy import Policy

__all__ = [
    'ClientError', 'ClientOptions', 'PolicyUnavailable', 'RemotePolicy', 'ServerError', 'connect',
]

_CLIENTS = {
    'ws': ('openpi', 'OpenPi'), 'wss': ('openpi', 'OpenPi'),
    'http': ('openvla', 'OpenVla'), 'https': ('openvla', 'OpenVla'),
    'tcp': ('groot', 'Groot'), 'grpc': ('lerobot', 'LeRobot')}


def connect(
    address: str | Path, contract: PolicyContract | None = None, **options: Any,
) -> Policy:
    """
    The policy at ``address``, reached and found to fit ``contract``.

    The contract may be left out for a policy that brings its own: a folder, or one that our server
    serves. ``options`` are those of the client for the scheme (`OpenPiOptions`, `OpenVlaOptions`,
    `GrootOptions`, `LeRobotOptions`). ConfigurationError for an address, option or contract
    that does not fit, PolicyUnavailable when nobody answers within ``connect_timeout_s``.
    """
    address = str(address)
    if '://' not in address:
        return _in_process(address, contract, options)
    scheme, host = urlsplit(address).scheme, _host(address)
    if scheme not in _CLIENTS:
        raise ConfigurationError(
            f'{address}: unknown scheme {scheme!r}; known: {", ".join(_CLIENTS)}, or a folder')
    if not host:
        raise ConfigurationError(f'{address}: names no host; write {scheme}://host:port')
    if contract is None and scheme not in ('ws', 'wss'):
        raise ConfigurationError(f'{address}: tells no contract; name the one it works by')
    module_name, prefix = _CLIENTS[scheme]
    module = importlib.import_module(f'{__name__}.{module_name}')
    try:
        settings = getattr(module, f'{prefix}Options')(**options)
    except ValidationError as error:
        raise ConfigurationError(f'{address}: {one_line(error)}') from error
    client = getattr(module, f'{prefix}Client')(address, contract, settings)
    try:
        return client.connect()
    except BaseException:
        client.close()
        raise


def _host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return parts.hostname if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


def _in_process(
    address: str, contract: PolicyContract | None, options: dict[str, Any],
) -> Policy:
    from vla_policies.registry import load_policy
    if options:
        raise ConfigurationError(
            f'{address}: {", ".join(options)}: a policy in this process has no such options')
    policy = load_policy(address)
    if contract is not None:
        check_agreement(contract, policy.contract, address)
    return policy
