"""
Between the vocabulary and ROS messages, without importing ROS.

Messages are filled and read by their fields, so an instance is passed in and nothing of ROS is
needed here. Large arrays are not copied on the way in: they are read-only views of the memory of
the message, which stays alive as long as they do. On the way out one block copy fills the
``array.array`` of the message, without looking at each element.
"""
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike
from pydantic import ValidationError

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import (
    ActionKind,
    ActionSpace,
    DeltaReference,
    GripperConvention,
    RotationForm,
    code,
)
from vla_core.validation import near_matches, one_line

__all__ = [
    'ConversionError', 'chunk_from_message', 'chunk_to_message', 'features_from_message',
    'features_to_message', 'image_from_message', 'image_to_message', 'joint_order',
    'pose_from_message', 'pose_to_message', 'reorder', 'space_from_message', 'space_to_message',
    'time_from_message', 'time_to_message',
]

_SPACE_CODES = {
    'kind': ActionKind, 'rotation': RotationForm, 'delta_reference': DeltaReference,
    'gripper': GripperConvention}

_ENCODINGS: dict[str, tuple[str, int]] = {
    'rgb8': ('u1', 3), 'bgr8': ('u1', 3), 'rgba8': ('u1', 4), 'bgra8': ('u1', 4),
    'mono8': ('u1', 1), '8UC1': ('u1', 1), '8UC3': ('u1', 3),
    'mono16': ('u2', 1), '16UC1': ('u2', 1), '32FC1': ('f4', 1)}


class ConversionError(ValueError):
    """A message whose fields contradict each other."""


def time_from_message(time: Any) -> int:
    """Nanoseconds of a builtin_interfaces Time or Duration."""
    return time.sec * 1_000_000_000 + time.nanosec


def time_to_message(nanoseconds: int, time: Any) -> Any:
    """Fill a builtin_interfaces Time or Duration and return it."""
    time.sec, time.nanosec = divmod(int(nanoseconds), 1_000_000_000)
    return time


def space_from_message(message: Any) -> ActionSpace:
    """The ActionSpace of a vla_interfaces/ActionSpace; ConversionError for an unknown code."""
    named = {}
    for field, form in _SPACE_CODES.items():
        number, names = getattr(message, field), get_args(form)
        if not 0 <= number < len(names):
            raise ConversionError(f'action space: {field}: unknown code {number}')
        named[field] = names[number]
    try:
        return ActionSpace(
            **named, names=tuple(message.names), frame=message.frame,
            joints_per_arm=tuple(map(int, message.joints_per_arm)),
            statistics_id=message.statistics_id)
    except ValidationError as failure:
        raise ConversionError(f'action space: {one_line(failure)}') from failure


def space_to_message(space: ActionSpace, message: Any) -> Any:
    """Fill a vla_interfaces/ActionSpace and return it."""
    for field, form in _SPACE_CODES.items():
        setattr(message, field, code(form, getattr(space, field)))
    message.names = list(space.names)
    message.joints_per_arm = array('I', space.joints_per_arm)
    message.frame = space.frame
    message.statistics_id = space.statistics_id
    return message


def chunk_from_message(message: Any) -> ActionChunk:
    """
    The ActionChunk of a vla_interfaces/ActionChunk; its arrays are views of the message.

    ConversionError when the lengths contradict each other. Whether the numbers make sense is
    for `ActionChunk.validate` to say.
    """
    data = _view(message.data, np.float32)
    if len(data) != message.steps * message.dimension:
        raise ConversionError(
            f'action chunk: data: {len(data)} numbers are not steps {message.steps} '
            f'× dimension {message.dimension}')
    uncertainty = _view(message.uncertainty, np.float32)
    return ActionChunk(
        stamp_ns=time_from_message(message.header.stamp),
        frame_id=message.header.frame_id,
        sequence=message.sequence,
        policy=message.policy,
        instruction=message.instruction,
        space=space_from_message(message.space),
        times_s=_view(message.times, np.float64),
        data=data.reshape(message.steps, message.dimension),
        prefix_length=message.prefix_length,
        inference_start_ns=time_from_message(message.inference_start),
        inference_end_ns=time_from_message(message.inference_end),
        uncertainty=uncertainty if len(uncertainty) else None,
    )


def chunk_to_message(chunk: ActionChunk, message: Any) -> Any:
    """Fill a vla_interfaces/ActionChunk and return it."""
    time_to_message(chunk.stamp_ns, message.header.stamp)
    message.header.frame_id = chunk.frame_id
    message.sequence = chunk.sequence
    message.policy = chunk.policy
    message.instruction = chunk.instruction
    space_to_message(chunk.space, message.space)
    _fill(message, 'times', 'd', chunk.times_s, np.float64)
    _fill(message, 'data', 'f', chunk.data, np.float32)
    message.steps, message.dimension = np.shape(chunk.data)
    message.prefix_length = chunk.prefix_length
    time_to_message(chunk.inference_start_ns, message.inference_start)
    time_to_message(chunk.inference_end_ns, message.inference_end)
    _fill(message, 'uncertainty', 'f',
          () if chunk.uncertainty is None else chunk.uncertainty, np.float32)
    return message


def features_to_message(chunk: ActionChunk, message: Any) -> Any:
    """Fill a vla_interfaces/PolicyFeatures from ``chunk.features`` and return it."""
    time_to_message(chunk.stamp_ns, message.header.stamp)
    message.header.frame_id = chunk.frame_id
    message.sequence = chunk.sequence
    message.policy = chunk.policy
    message.instruction = chunk.instruction
    for name in ('embedding', 'grounding'):
        _fill(message, name, 'f', chunk.features.get(name, ()), np.float32)
    samples = np.asarray(chunk.features.get('samples', np.zeros((0, 0, 0))))
    message.plans, message.steps, message.dimension = samples.shape
    _fill(message, 'samples', 'f', samples, np.float32)
    return message


def features_from_message(message: Any) -> dict[str, np.ndarray]:
    """
    The features of a PolicyFeatures: ``embedding`` [E], ``grounding`` [G], ``samples`` [K, H, D].

    What the policy did not give is left out. ConversionError when the lengths contradict.
    """
    features = {name: _view(getattr(message, name), np.float32)
                for name in ('embedding', 'grounding') if len(getattr(message, name))}
    if len(message.samples):
        shape = (message.plans, message.steps, message.dimension)
        samples = _view(message.samples, np.float32)
        if len(samples) != shape[0] * shape[1] * shape[2]:
            raise ConversionError(
                f'policy features: samples: {len(samples)} numbers are not plans {shape[0]} '
                f'× steps {shape[1]} × dimension {shape[2]}')
        features['samples'] = samples.reshape(shape)
    return features


def image_from_message(message: Any) -> np.ndarray:
    """
    A read-only view of a sensor_msgs/Image: [h, w] or [h, w, channels] in its own encoding.

    Row padding (``step``) and byte order are honoured. ConversionError for an encoding that is
    not one of these, or data too short for its size.
    """
    kind, channels = _encoding(message.encoding)
    dtype = np.dtype(('>' if message.is_bigendian else '<') + kind)
    row = message.width * channels * dtype.itemsize
    if message.step < row:
        raise ConversionError(
            f'image: step: {message.step} bytes are too few for {message.width} pixels '
            f'of {message.encoding}, which need {row}')
    data = _view(message.data, np.uint8)
    needed = (message.height - 1) * message.step + row if message.height and message.width else 0
    if len(data) < needed:
        raise ConversionError(
            f'image: data: {len(data)} bytes are too few for {message.width}×{message.height} '
            f'{message.encoding}, which needs {needed}')
    shape, strides = (message.height, message.width), (message.step, channels * dtype.itemsize)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, dtype.itemsize)
    image = np.ndarray(shape, dtype, buffer=data, strides=strides)
    image.flags.writeable = False
    return image


def image_to_message(image: np.ndarray, encoding: str, message: Any) -> Any:
    """Fill all but the header of a sensor_msgs/Image and return it."""
    kind, channels = _encoding(encoding)
    expected = 2 if channels == 1 else 3
    if image.ndim != expected or (expected == 3 and image.shape[2] != channels):
        raise ConversionError(
            f'image: {encoding} has shape {"[h, w]" if expected == 2 else f"[h, w, {channels}]"}, '
            f'not {image.shape}')
    dtype = np.dtype('<' + kind)
    if image.dtype.newbyteorder('=') != dtype.newbyteorder('='):
        raise ConversionError(f'image: {encoding} is made of {dtype.name}, not {image.dtype.name}')
    message.height, message.width = image.shape[:2]
    message.encoding = encoding
    message.is_bigendian = 0
    message.step = message.width * channels * dtype.itemsize
    _fill(message, 'data', 'B', image, dtype)
    return message


def joint_order(names: Sequence[str], wanted: Iterable[str]) -> np.ndarray:
    """Indices into ``names`` of each of ``wanted``; ConversionError names what is missing."""
    places = {name: index for index, name in enumerate(names)}
    if len(places) < len(names):
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise ConversionError(f'joint {twice!r} appears twice')
    wanted = list(wanted)
    missing = [name for name in wanted if name not in places]
    if missing:
        raise ConversionError(
            f'no joint {", ".join(map(repr, missing))}; {near_matches(missing[0], names)}')
    return np.array([places[name] for name in wanted], dtype=np.int64)


def reorder(names: Sequence[str], values: ArrayLike, wanted: Iterable[str]) -> np.ndarray:
    """Values [..., n] of joints ``names`` put in the order ``wanted``, [..., m] float64."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] != len(names):
        raise ConversionError(
            f'{len(names)} joint names, but values of shape {values.shape}')
    return values[..., joint_order(names, wanted)]


def pose_from_message(pose: Any) -> tuple[np.ndarray, np.ndarray]:
    """Position [3] in m and quaternion [4] xyzw of a geometry_msgs/Pose."""
    p, q = pose.position, pose.orientation
    return np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w])


def pose_to_message(position: ArrayLike, quaternion: ArrayLike, pose: Any) -> Any:
    """Fill a geometry_msgs/Pose from position [3] in m and quaternion [4] xyzw, and return it."""
    p, q = pose.position, pose.orientation
    p.x, p.y, p.z = map(float, np.asarray(position))
    q.x, q.y, q.z, q.w = map(float, np.asarray(quaternion))
    return pose


def _encoding(name: str) -> tuple[str, int]:
    if name not in _ENCODINGS:
        raise ConversionError(
            f'image: encoding {name!r} is not supported; {near_matches(name, _ENCODINGS)}')
    return _ENCODINGS[name]


def _view(values: Any, dtype: type) -> np.ndarray:
    """Read-only [n] over the buffer of ``values``; only a plain list is copied."""
    if isinstance(values, list | tuple):
        view = np.array(values, dtype=dtype)
    elif len(values) == 0:
        view = np.zeros(0, dtype=dtype)
    else:
        view = np.frombuffer(values, dtype=dtype)
    view.flags.writeable = False
    return view


def _fill(message: Any, field: str, typecode: str, values: ArrayLike, dtype: Any) -> None:
    """
    Put ``values`` row-major into an array field.

    The message's own array is filled in place: rclpy's setter would copy element by element.
    A message that was read as a view keeps the view's memory and gets a new array.
    """
    contiguous = np.ascontiguousarray(values, dtype=dtype).reshape(-1)
    filled = getattr(message, field, None)
    if not isinstance(filled, array):
        filled = array(typecode)
        setattr(message, field, filled)
    try:
        del filled[:]
    except BufferError:
        filled = array(typecode)
    if contiguous.size:
        filled.frombytes(memoryview(contiguous.view(np.uint8)))
    if getattr(message, field) is not filled:
        setattr(message, field, filled)
