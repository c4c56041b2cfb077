"""
The table of the safety supervisor: each condition, its thresholds and the reaction to it.

It is ``config/monitoring/supervision.yaml``, rendered to ``docs/safety_supervisor.md`` by

    python -m vla_monitoring.supervision.table > docs/safety_supervisor.md
"""
import sys
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from vla_core import share
from vla_core.validation import (
    ConfigurationError,
    Name,
    Real,
    StrictModel,
    near_matches,
    problem,
    read_yaml,
)
from vla_monitoring.detection.detector import Purpose

__all__ = [
    'ClockJump', 'Condition', 'ContactForce', 'LimitHits', 'OperatorStop', 'PolicyAlarm',
    'Reaction', 'StaleStream', 'SupervisionError', 'SupervisionTable', 'TrackingError',
    'Unhealthy',
]

Reaction = Literal['warn', 'pause', 'hold', 'stop']
REACTIONS: tuple[Reaction, ...] = get_args(Reaction)

#: What each reaction does.
REACTION_TEXTS: dict[str, str] = {
    'warn': 'said in the diagnostics, the log and the views; nothing else',
    'pause': 'execution comes to a smooth stop and drops its chunks; it begins again by itself '
             'once the condition has been gone for `resume_after_s`',
    'hold': 'as pause, the running task is cancelled, and nothing begins again before '
            '`supervisor/release`',
    'stop': 'the latched stop of the controller (service `stop`), which ends the task as '
            'stopped; execution drops its chunks, and nothing moves before '
            '`supervisor/release` or `release`, and either is undone while the condition lasts',
}

PAGE = """# The safety supervisor

Rendered from `config/monitoring/supervision.yaml` by
`python -m vla_monitoring.supervision.table > docs/safety_supervisor.md`.

It watches beside the guards in the control loop, which act on their own and faster
(see `src/vla_control/README.md`), and looks {rate_hz:g} times a second; an operator is heard
at once.

| Condition | When | Reaction | Why |
|---|---|---|---|
{conditions}

| Reaction | What it does |
|---|---|
{reactions}

A stream must be there {grace_s:g} s after the start; one that has never come only warns until a
policy acts. A pause ends {resume_after_s:g} s after its
condition has. A node whose diagnostics are silent for {stale_after_s:g} s is stale; all is well
only while these are heard: {expected}.
"""

Topic = Annotated[str, Field(pattern=r'^[~/A-Za-z][A-Za-z0-9_/]*$', max_length=200)]
Per = Literal['robot', 'arm', 'camera']


class SupervisionError(ConfigurationError):
    """A table that is missing or wrong; one line."""


class _Condition(StrictModel):
    reaction: Reaction
    because: str = Field(min_length=1, description='why, for people')

    @property
    def limits(self) -> str:
        """The thresholds, for people."""
        raise NotImplementedError


class StaleStream(_Condition):
    """Messages that stop coming, or whose stamps stop moving."""

    kind: Literal['stale_stream']
    topic: Topic
    type: Literal['sensor_msgs/msg/JointState', 'geometry_msgs/msg/PoseStamped',
                  'geometry_msgs/msg/WrenchStamped', 'sensor_msgs/msg/CameraInfo',
                  'vla_interfaces/msg/ActionChunk', 'vla_interfaces/msg/ExecutionStatus']
    per: Per = Field('robot', description='one of them, or one below each arm or camera')
    after_s: Real = Field(gt=0)
    while_acting: bool = Field(False, description='only while execution follows chunks')

    @property
    def limits(self) -> str:
        where = {'robot': f'`{self.topic}`', 'arm': f'`{self.topic}` of an arm',
                 'camera': f'`{self.topic}` of a camera'}[self.per]
        acting = ', while a policy acts' if self.while_acting else ''
        return f'{where} silent or frozen for {self.after_s:g} s{acting}'


class LimitHits(_Condition):
    """The safety chain of the controller holds commands back."""

    kind: Literal['limit_hits']
    share: Real = Field(gt=0, le=1, description='of the window')
    window_s: Real = Field(gt=0)

    @property
    def limits(self) -> str:
        return f'limits act for {self.share:.0%} of {self.window_s:g} s'


class TrackingError(_Condition):
    """The arm is not where it is told to be."""

    kind: Literal['tracking_error']
    position_m: Real = Field(gt=0)
    rotation_rad: Real = Field(gt=0)
    joint_rad: Real = Field(gt=0)
    for_s: Real = Field(ge=0)

    @property
    def limits(self) -> str:
        return (f'tip {1000 * self.position_m:g} mm or {self.rotation_rad:g} rad, or a joint '
                f'{self.joint_rad:g} rad from its target, for {self.for_s:g} s')


class ContactForce(_Condition):
    """The environment pushes."""

    kind: Literal['contact_force']
    force_n: Real = Field(gt=0)
    torque_nm: Real = Field(gt=0)
    for_s: Real = Field(ge=0)

    @property
    def limits(self) -> str:
        return (f'{self.force_n:g} N or {self.torque_nm:g} N·m at a tip, for '
                f'{self.for_s:g} s')


class PolicyAlarm(_Condition):
    """A failure detector calls an alarm, or cannot judge what it was asked to."""

    kind: Literal['policy_alarm']
    detector: Purpose

    @property
    def limits(self) -> str:
        return f'the detector `{self.detector}` leaves the band of successes'


class OperatorStop(_Condition):
    """A person says stop."""

    kind: Literal['operator_stop']
    joystick_button: int = Field(ge=0, le=63, description='of topic joy')

    @property
    def limits(self) -> str:
        return (f'`ros2 run vla_monitoring stop_key`, the button of the web view, service '
                f'`supervisor/stop`, topic `operator_stop`, or button {self.joystick_button} of '
                f'a joystick (`joy`)')


class Unhealthy(_Condition):
    """A node says that it is not well, or says nothing more."""

    kind: Literal['unhealthy']
    level: Literal['warn', 'error', 'stale']
    nodes: tuple[str, ...] = Field(
        (), description='parts of the names of diagnostics; empty: all')

    @property
    def limits(self) -> str:
        whose = ', '.join(f'`{name}`' for name in self.nodes) or 'any node'
        said = {'warn': 'warns or worse', 'error': 'reports an error', 'stale': 'falls silent'}
        return f'{whose} {said[self.level]}'


class ClockJump(_Condition):
    """The machine's clock was set: ages by stamps are wrong for a while."""

    kind: Literal['clock_jump']
    beyond_s: Real = Field(gt=0)

    @property
    def limits(self) -> str:
        return f'the wall clock leaves the steady one by {self.beyond_s:g} s'


Condition = Annotated[
    StaleStream | LimitHits | TrackingError | ContactForce | PolicyAlarm | OperatorStop
    | Unhealthy | ClockJump, Field(discriminator='kind')]


class SupervisionTable(StrictModel):
    """Every condition by name; times in s."""

    rate_hz: Real = Field(20.0, gt=0, le=200, description='how often it is looked')
    grace_s: Real = Field(10.0, ge=0, description='after the start, until a stream must be there')
    resume_after_s: Real = Field(1.0, ge=0, description='without condition, before a pause ends')
    stale_after_s: Real = Field(3.0, gt=0, description='silence that makes a node stale')
    expected: tuple[str, ...] = Field(
        (), description='parts of the names of diagnostics without which all is not well')
    conditions: dict[Name, Condition]

    @model_validator(mode='after')
    def _check(self) -> 'SupervisionTable':
        if not any(isinstance(entry, OperatorStop) and entry.reaction == 'stop'
                   for entry in self.conditions.values()):
            raise problem('conditions', 'an operator_stop with reaction stop must be among them')
        return self

    @classmethod
    def load(cls, name_or_path: str) -> 'SupervisionTable':
        """By name from config/monitoring, or a file; SupervisionError says what is wrong."""
        if '/' in name_or_path or name_or_path.endswith('.yaml'):
            return read_yaml(Path(name_or_path), cls, SupervisionError)
        path = share.find('vla_bringup', 'config/monitoring', f'{name_or_path}.yaml')
        if path is None:
            known = sorted({file.stem for folder in share.folders(
                'vla_bringup', 'config/monitoring') for file in folder.glob('*.yaml')})
            raise SupervisionError(
                f'no supervision table {name_or_path!r}; {near_matches(name_or_path, known)}')
        return read_yaml(path, cls, SupervisionError)

    def markdown(self) -> str:
        """The page for people."""
        rows = [f'| `{name}` | {entry.limits} | **{entry.reaction}** | {entry.because} |'
                for name, entry in self.conditions.items()]
        reactions = [f'| **{name}** | {text} |' for name, text in REACTION_TEXTS.items()]
        expected = ', '.join(f'`{name}`' for name in self.expected)
        return PAGE.format(
            conditions='\n'.join(rows), reactions='\n'.join(reactions), expected=expected,
            **self.model_dump(exclude={'conditions', 'expected'}))


def main() -> int:
    """Print the page of the table that is shipped."""
    print(SupervisionTable.load('supervision').markdown(), end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
