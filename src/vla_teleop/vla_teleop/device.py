"""
The interface of a device, and the devices by name.

A device is opened, polled many times a second without ever waiting, and closed. One module each
in `devices/`, registered under the entry point group ``vla_teleop.devices``; a package of yours
adds one in the same way.
"""
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar

from pydantic import ValidationError

from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError, StrictModel, near_matches, one_line
from vla_teleop.sample import TeleopSample

__all__ = ['GROUP', 'Device', 'DeviceError', 'DeviceLost', 'Subscription', 'available', 'create']

GROUP = 'vla_teleop.devices'

#: Topic and type of messages that a node takes for a device and hands to `Device.take`.
Subscription = tuple[str, str]


class DeviceError(ConfigurationError):
    """A device that there is not, or options that it refuses; one line."""


class DeviceLost(OSError):  # noqa: N818 - it says what happened
    """The device is not there, or is there no longer; it may come back."""


class Device(ABC):
    """
    One device. ``settings`` is an instance of ``Settings``; ``profile`` says which arms there are.

    ``stall_s`` is how long its last sample stands while it says nothing; None for a device that
    says nothing while nothing changes and whose loss is noticed otherwise.
    """

    Settings: ClassVar[type[StrictModel]]
    stall_s: float | None = None

    def __init__(self, settings: StrictModel, profile: RobotProfile) -> None:
        self.settings = settings
        self.profile = profile

    @abstractmethod
    def open(self) -> None:
        """Begin; DeviceLost when it is not there now, DeviceError when it never will be."""

    @abstractmethod
    def read(self, now_ns: int) -> TeleopSample | None:
        """What is new since the last call, or None; DeviceLost when it has gone. Never waits."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back; may be called twice, and before `open`."""

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Topics whose messages are to be handed to `take`."""
        return ()

    def take(self, topic: str, message: Any, now_ns: int) -> None:
        """A message of one of `subscriptions`; read by its fields."""
        raise NotImplementedError(f'{type(self).__name__} takes no messages')

    def release(self) -> None:  # noqa: B027 - most devices latch nothing
        """The person is no longer in charge: whatever the device latched ends."""

    def show(self, lines: Mapping[str, str]) -> None:  # noqa: B027 - most have no display
        """Show the person what goes on, by subject."""


def available() -> list[str]:
    """Names that `create` accepts."""
    return sorted({*_own(), *(point.name for point in entry_points(group=GROUP))})


def create(name: str, options: Mapping[str, Any], profile: RobotProfile) -> Device:
    """Make, but not open, the device called ``name``; DeviceError in one line."""
    kind = _find(name)
    try:
        settings = kind.Settings.model_validate(dict(options))
    except ValidationError as failure:
        raise DeviceError(f'device {name}: {one_line(failure)}') from failure
    return kind(settings, profile)


def _find(name: str) -> type[Device]:
    if name in _own():
        return importlib.import_module(f'vla_teleop.devices.{name}').DEVICE
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    raise DeviceError(f'no teleoperation device {name!r}; {near_matches(name, available())}')


def _own() -> list[str]:
    from vla_teleop import devices
    return [module.name for module in pkgutil.iter_modules(devices.__path__)
            if not module.ispkg and not module.name.startswith('_')]
