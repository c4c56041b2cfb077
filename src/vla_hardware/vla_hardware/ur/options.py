"""What is told to the `ur` plug-in: its options, with units."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError

from vla_core.validation import Real, StrictModel, one_line
from vla_hardware.interface import HardwareError

__all__ = ['UrOptions']

RATES = {'e': 500.0, 'cb3': 125.0}  # Hz


class Payload(StrictModel):
    """What the flange carries."""

    mass: Real = Field(ge=0.0, le=50.0, description='kg')
    centre: tuple[Real, Real, Real] = Field((0.0, 0.0, 0.0), description='m, from the flange')


class UrOptions(StrictModel):
    """Options of the `ur` plug-in."""

    ip: str = Field(min_length=1, description='address of the controller')
    series: Literal['e', 'cb3'] = Field('e', description='e-series (500 Hz) or CB3 (125 Hz)')
    lookahead: Real = Field(0.03, ge=0.03, le=0.2, description='s, of servoj')
    gain: Real = Field(2000.0, ge=100.0, le=2000.0, description='of servoj')
    servo_delay: Real | None = Field(
        None, ge=0.0, le=0.5, description='s by which the arm trails a position command; by '
        'default the look-ahead and two cycles')
    speed_acceleration: Real = Field(15.0, gt=0.0, le=40.0, description='rad/s², of speedj')
    deceleration: Real = Field(10.0, gt=0.0, le=40.0, description='of stops, m/s² or rad/s²')
    payload: Payload | None = Field(None, description='else that of the installation')
    tcp: tuple[Real, Real, Real, Real, Real, Real] = Field(
        (0.0,) * 6, description="the profile's tip frame from the flange: m and rotation vector")
    speed_slider: Real | None = Field(None, gt=0.0, le=1.0, description='else left as it is')
    watchdog_hz: Real = Field(
        10.0, ge=1.0, le=125.0, description='rate below which the robot stops by itself')
    link_timeout: Real = Field(0.1, ge=0.02, le=1.0, description='s without a state: link lost')
    connect_timeout: Real = Field(3.0, gt=0.0, le=30.0, description='s')
    priority: int = Field(75, ge=0, le=99, description='SCHED_FIFO priority of the link; 0: none')
    gripper: Literal['robotiq', 'none'] = 'robotiq'
    gripper_port: int = Field(63352, ge=1, le=65535)
    activate_gripper: bool = Field(
        False, description='activate an idle gripper, which opens and closes it once')

    @property
    def rate(self) -> float:
        """Cycles of the controller a second."""
        return RATES[self.series]

    @property
    def delay(self) -> float:
        """Seconds by which the arm trails a position command."""
        return self.lookahead + 2.0 / self.rate if self.servo_delay is None else self.servo_delay

    @classmethod
    def read(cls, given: dict[str, object]) -> UrOptions:
        """HardwareError in one line that names the option."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise HardwareError(f'ur: option {one_line(error)}') from error
