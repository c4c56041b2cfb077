"""What a loop process is told when it starts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vla_control.core import ControllerSpec
from vla_control.safety.parameters import SafetyParameters
from vla_core.validation import Real, StrictModel

__all__ = ['LoopConfiguration', 'RealTime']


class RealTime(StrictModel):
    """What is asked of the operating system; what it refuses is reported and done without."""

    priority: int = Field(80, ge=0, le=99, description='SCHED_FIFO priority; 0 does not ask')
    lock_memory: bool = Field(True, description='keep all pages in memory')
    cpus: tuple[int, ...] = Field((), description='processors to run on; empty leaves it free')


class LoopConfiguration(StrictModel):
    """One loop process."""

    name: str = Field(min_length=1, description='name of the shared block')
    robot: str = Field(min_length=1, description='robot profile, by name or path')
    plugin: str = 'sim'
    options: dict[str, Any] = Field({}, description='keyword arguments of the hardware plug-in')
    controllers: dict[str, ControllerSpec] = {}
    safety: SafetyParameters = SafetyParameters()
    real_time: RealTime = RealTime()
    real_time_factor: Real = Field(
        1.0, ge=0.05, le=10.0, description="how fast a simulated robot's time passes; below 1 "
        'for machines that cannot keep up')
    orphan_timeout: Real = Field(
        30.0, gt=0, description='s without a node after which the loop deactivates and ends')
