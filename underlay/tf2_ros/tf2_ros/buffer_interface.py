"""What every buffer offers, and the registry of types that can change their frame."""
from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

from builtin_interfaces.msg import Time as TimeMessage
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from std_msgs.msg import Header

NO_WAIT = Duration()

StampedObject = TypeVar('StampedObject')


class TypeException(Exception):  # noqa: N818 (the genuine name)
    """No function is registered for the type of an object."""

    def __init__(self, errstr: str) -> None:
        super().__init__(errstr)
        self.errstr = errstr


class NotImplementedException(Exception):  # noqa: N818 (the genuine name)
    """A buffer lacks a method of the interface."""

    def __init__(self) -> None:
        self.errstr = 'the buffer implements neither lookup_transform nor can_transform'
        super().__init__(self.errstr)


class TransformRegistration:
    """Functions `f(object, transform) -> object` that apply a transform, by type of the object."""

    _functions: dict[type, Callable[[Any, TransformStamped], Any]] = {}

    def add(self, key: type, callback: Callable[[Any, TransformStamped], Any]) -> None:
        """Register the function for a type."""
        self._functions[key] = callback

    def get(self, key: type) -> Callable[[Any, TransformStamped], Any]:
        """
        Return the function for a type.

        :raises TypeException: if there is none.
        """
        return registered(self._functions, key)

    def print_me(self) -> None:
        """Print what is registered."""
        print(self._functions)


class ConvertRegistration:
    """Functions that convert between types: directly, or over a message that both know."""

    _to_message: dict[type, Callable[[Any], Any]] = {}
    _from_message: dict[type, Callable[[Any], Any]] = {}
    _direct: dict[tuple[type, type], Callable[[Any], Any]] = {}

    def add_from_msg(self, key: type, callback: Callable[[Any], Any]) -> None:
        """Register how a type is made from its message."""
        self._from_message[key] = callback

    def add_to_msg(self, key: type, callback: Callable[[Any], Any]) -> None:
        """Register how a type becomes its message."""
        self._to_message[key] = callback

    def add_convert(self, key: tuple[type, type], callback: Callable[[Any], Any]) -> None:
        """Register a direct way from one type to another."""
        self._direct[key] = callback

    def get_from_msg(self, key: type) -> Callable[[Any], Any]:
        """Return how a type is made from its message, or raise TypeException."""
        return registered(self._from_message, key)

    def get_to_msg(self, key: type) -> Callable[[Any], Any]:
        """Return how a type becomes its message, or raise TypeException."""
        return registered(self._to_message, key)

    def get_convert(self, key: tuple[type, type]) -> Callable[[Any], Any]:
        """Return the direct way from one type to another, or raise TypeException."""
        return registered(self._direct, key)


def registered(functions: dict, key: Any) -> Callable:
    """Return the function of a type, or raise TypeException."""
    try:
        return functions[key]
    except KeyError:
        raise TypeException(
            f'Type {key} is not loaded or supported: import the package that registers it, '
            'such as tf2_geometry_msgs') from None


def convert(a: Any, b_type: type) -> Any:
    """
    Return an object as another type.

    :raises TypeException: if no way is registered.
    """
    registration = ConvertRegistration()
    try:
        return registration.get_convert((type(a), b_type))(a)
    except TypeException:
        if type(a) is b_type:
            return deepcopy(a)
    return registration.get_from_msg(b_type)(registration.get_to_msg(type(a))(a))


def Stamped(obj: StampedObject, stamp: TimeMessage, frame_id: str) -> StampedObject:
    """Give an object a header, and return it."""
    obj.header = Header(frame_id=frame_id, stamp=stamp)
    return obj


class BufferInterface:
    """A source of transforms. A subclass implements the look-ups; `transform` builds on them."""

    def __init__(self) -> None:
        self.registration = TransformRegistration()

    def transform(self, object_stamped: StampedObject, target_frame: str,
                  timeout: Duration = NO_WAIT, new_type: type | None = None) -> Any:
        """
        Return a stamped object in another frame, at its own stamp.

        :param timeout: how long to wait for the transform.
        :param new_type: type to convert the result to.
        :raises TypeException: if the type is not registered.
        :raises TransformException: if there is no transform.
        """
        apply = self.registration.get(type(object_stamped))
        header = object_stamped.header
        result = apply(object_stamped, self.lookup_transform(
            target_frame, header.frame_id, header.stamp, timeout))
        return result if new_type is None else convert(result, new_type)

    def transform_full(self, object_stamped: StampedObject, target_frame: str, target_time: Time,
                       fixed_frame: str, timeout: Duration = NO_WAIT,
                       new_type: type | None = None) -> Any:
        """
        Return a stamped object in another frame at another time.

        :param fixed_frame: a frame that stands still between the object's stamp and target_time.
        :raises TypeException: if the type is not registered.
        :raises TransformException: if there is no transform.
        """
        apply = self.registration.get(type(object_stamped))
        header = object_stamped.header
        result = apply(object_stamped, self.lookup_transform_full(
            target_frame, target_time, header.frame_id, header.stamp, fixed_frame, timeout))
        return result if new_type is None else convert(result, new_type)

    def lookup_transform(self, target_frame: str, source_frame: str, time: Time,
                         timeout: Duration = NO_WAIT) -> TransformStamped:
        """Return the transform that takes coordinates in source_frame to target_frame."""
        raise NotImplementedException

    def lookup_transform_full(self, target_frame: str, target_time: Time, source_frame: str,
                              source_time: Time, fixed_frame: str,
                              timeout: Duration = NO_WAIT) -> TransformStamped:
        """Return the transform between two frames at two times."""
        raise NotImplementedException

    def can_transform(self, target_frame: str, source_frame: str, time: Time,
                      timeout: Duration = NO_WAIT) -> bool:
        """Return whether `lookup_transform` would succeed."""
        raise NotImplementedException

    def can_transform_full(self, target_frame: str, target_time: Time, source_frame: str,
                           source_time: Time, fixed_frame: str,
                           timeout: Duration = NO_WAIT) -> bool:
        """Return whether `lookup_transform_full` would succeed."""
        raise NotImplementedException
