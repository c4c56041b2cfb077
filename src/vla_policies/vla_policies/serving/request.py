"""
From a request of the openpi protocol to what a policy is asked.

Four ways of naming things are understood; which one a request uses is seen from its keys:

    contract  every image and the state under the key of the policy's contract
    droid     observation/exterior_image_1_left, observation/wrist_image_left,
              observation/joint_position and observation/gripper_position
    aloha     images {cam_high, cam_low, cam_left_wrist, cam_right_wrist} as [3, h, w], state
    libero    observation/image, observation/wrist_image, observation/state

The instruction is under ``prompt`` or the contract's own key. Images must already have the
contract's size, as uint8 [h, w, 3] or [3, h, w], or as floating-point numbers from 0 to 1; what
has another size is refused, not resized, so that the policy sees what it was trained on.

Under ``vla`` stand the fields that this project adds; a request without it is a plain openpi one.
"""
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_core.observation import Observation, ObservationError
from vla_core.policy_contract import ContractError, PolicyContract, process_instruction
from vla_core.validation import near_matches
from vla_policies.policy import Request
from vla_policies.wire.openpi_layout import LAYOUTS, Layout

__all__ = ['Asked', 'RequestError', 'read_request']

EXTENSION = 'vla'
_EXTENSION_FIELDS = (
    'prefix', 'delay', 'seed', 'reset', 'stamp_ns', 'processed', 'features')


class RequestError(ValueError):
    """A request that is refused; one line that says what to mend."""


@dataclass(frozen=True, eq=False)
class Asked:
    """
    One request, checked.

    ``reset`` asks for a new episode first. ``extended`` says whether the client knows the fields
    of ``vla`` and gets such fields back, ``features`` whether those hold the policy's features.
    """

    request: Request
    reset: bool = False
    extended: bool = False
    features: bool = False


def read_request(message: Any, contract: PolicyContract) -> Asked:
    """What ``message`` asks of a policy with ``contract``; RequestError names what is wrong."""
    if not isinstance(message, Mapping):
        raise RequestError(f'a request is a map of keys to values, not {type(message).__name__}')
    extension = _extension(message)
    layout = _layout(message, contract)
    try:
        observation = Observation(
            stamp_ns=_integer(extension, 'stamp_ns', time.time_ns()),
            images={entry.key: _image(entry.key, value, entry.processing.height,
                                      entry.processing.width)
                    for entry, value in _images(message, contract, layout)},
            state=_state(message, contract, layout),
            state_names=contract.state.labels if contract.state else (),
            instruction=_instruction(message, contract, bool(extension.get('processed')))
        ).validate()
    except (ContractError, ObservationError) as error:
        raise RequestError(str(error)) from error
    prefix = _prefix(extension, contract)
    delay = _integer(extension, 'delay', 0, high=contract.action.horizon)
    if prefix is not None and delay > len(prefix):
        raise RequestError(f'vla.delay: is {delay}, but the prefix has {len(prefix)} steps')
    seed = _integer(extension, 'seed', None)
    return Asked(
        Request(observation=observation, prefix=prefix, delay=delay,
                rng=None if seed is None else np.random.default_rng(seed)),
        reset=bool(extension.get('reset')), extended=EXTENSION in message,
        features=bool(extension.get('features')))


def _extension(message: Mapping) -> Mapping:
    extension = message.get(EXTENSION, {})
    if not isinstance(extension, Mapping):
        raise RequestError(f'{EXTENSION}: is a map, not {type(extension).__name__}')
    for key in extension:
        if key not in _EXTENSION_FIELDS:
            raise RequestError(
                f'{EXTENSION}.{key}: unknown field; {near_matches(str(key), _EXTENSION_FIELDS)}')
    for key in ('reset', 'processed', 'features'):
        if not isinstance(extension.get(key, False), bool | np.bool_):
            raise RequestError(f'{EXTENSION}.{key}: must be true or false')
    return extension


def _layout(message: Mapping, contract: PolicyContract) -> Layout | None:
    """The openpi layout that ``message`` uses, None where its keys are the contract's."""
    wanted = [entry.key for entry in contract.images]
    wanted += [contract.state.key] if contract.state else []
    if all(key in message for key in wanted):
        return None
    for layout in LAYOUTS.values():
        keys = {layout.image_group or next(iter(layout.cameras.values())), *layout.state}
        if contract.state is None:
            keys -= set(layout.state)
        if all(key in message for key in keys):
            return layout
    missing = [key for key in wanted if key not in message]
    raise RequestError(f'{", ".join(missing)}: missing; the request has the keys '
                       f'{", ".join(map(str, list(message)[:20])) or "none"}')


def _images(message: Mapping, contract: PolicyContract, layout: Layout | None):
    """Each of the contract's images with the value that came for it."""
    if layout is None:
        return [(entry, message[entry.key]) for entry in contract.images]
    try:
        cameras = layout.cameras_of([entry.key for entry in contract.images])
    except ValueError as error:
        raise RequestError(str(error)) from error
    group = message[layout.image_group] if layout.image_group else message
    if not isinstance(group, Mapping):
        raise RequestError(f'{layout.image_group}: is a map of images, not {_type(group)}')
    found = []
    for entry in contract.images:
        key = layout.cameras[cameras[entry.key]]
        if key not in group:
            raise RequestError(f'{key}: missing; it is the image {entry.key!r} of the policy')
        found.append((entry, group[key]))
    return found


def _image(key: str, value: Any, height: int, width: int) -> np.ndarray:
    """``value`` as uint8 [height, width, 3]."""
    if not isinstance(value, np.ndarray):
        raise RequestError(f'{key}: is an array, not {_type(value)}')
    if value.shape == (3, height, width) and value.shape != (height, width, 3):
        value = np.ascontiguousarray(value.transpose(1, 2, 0))
    if value.shape != (height, width, 3):
        raise RequestError(
            f'{key}: must have shape [{height}, {width}, 3] or [3, {height}, {width}], has '
            f'{list(value.shape)}; resize it before it is sent')
    if value.dtype.kind == 'f':
        # Written so that NaN fails as well.
        if not (np.min(value) >= 0.0 and np.max(value) <= 1.0):
            raise RequestError(f'{key}: floating-point images lie between 0 and 1')
        return (255 * value).astype(np.uint8)
    if value.dtype != np.uint8:
        raise RequestError(f'{key}: must be uint8, is {value.dtype}')
    return value


def _state(message: Mapping, contract: PolicyContract, layout: Layout | None) -> np.ndarray:
    """float32 [n] in the order of the contract."""
    if contract.state is None:
        return np.zeros(0, dtype=np.float32)
    keys = (contract.state.key,) if layout is None else layout.state
    state = np.concatenate([_vector(key, message[key]) for key in keys])
    labels = contract.state.labels
    if len(state) != len(labels):
        raise RequestError(
            f'{" + ".join(keys)}: must have {len(labels)} numbers, has {len(state)}')
    if layout is not None and layout.gripper_closed and labels[-1].endswith('.gripper'):
        state[-1] = 1.0 - state[-1]
    return state


def _vector(key: str, value: Any) -> np.ndarray:
    try:
        array = np.array(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise RequestError(f'{key}: is a list of numbers, not {_type(value)}') from error
    if array.ndim > 1 or array.dtype.kind != 'f' or isinstance(value, str | bytes):
        raise RequestError(f'{key}: is one row of numbers, has shape {list(array.shape)}')
    return np.atleast_1d(array)


def _instruction(message: Mapping, contract: PolicyContract, processed: bool) -> str:
    key = next((key for key in ('prompt', contract.language.key) if key in message), None)
    if key is None:
        raise RequestError('prompt: missing; say what to do')
    text = message[key]
    if isinstance(text, np.ndarray) and text.ndim == 0:
        text = text.item()
    if not isinstance(text, str):
        raise RequestError(f'{key}: is text, not {_type(text)}')
    if not processed:
        return process_instruction(contract.language, str(text))
    limit = contract.language.max_characters + len(contract.language.template)
    if not text.strip() or len(text) > limit:
        raise RequestError(f'{key}: has {len(text)} characters, from 1 to {limit} are read')
    return str(text)


def _prefix(extension: Mapping, contract: PolicyContract) -> np.ndarray | None:
    """float32 or float64 [n, D], or None where there is none."""
    prefix = extension.get('prefix')
    if prefix is None:
        return None
    dimension, horizon = contract.action.space.dimension, contract.action.horizon
    if not isinstance(prefix, np.ndarray) or prefix.dtype not in (np.float32, np.float64):
        raise RequestError('vla.prefix: is an array of float32 or float64')
    if prefix.ndim != 2 or prefix.shape[1] != dimension or len(prefix) > horizon:
        raise RequestError(f'vla.prefix: must have shape [n, {dimension}] with n ≤ {horizon}, has '
                           f'{list(prefix.shape)}')
    if not np.all(np.isfinite(prefix)):
        raise RequestError('vla.prefix: must be finite numbers')
    return prefix if len(prefix) else None


def _integer(extension: Mapping, key: str, default: int | None, high: int = 2 ** 63) -> int | None:
    value = extension.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | np.integer) \
            or not 0 <= value <= high:
        raise RequestError(f'vla.{key}: is a whole number from 0 to {high}')
    return int(value)


def _type(value: Any) -> str:
    return type(value).__name__
