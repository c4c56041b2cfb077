"""The lifecycle of controllers as ros2_control has it, without ROS.

A controller is known from the configuration, loaded (unconfigured), configured (inactive) and
active. `plan` turns a wish to switch into what can be done: all or nothing when strict, else as
much as is possible, with a reason for each that is left out.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vla_control.node.configuration import ControllerEntry
from vla_core.validation import near_matches

__all__ = ['ControllerState', 'Roster', 'RosterError', 'SwitchPlan']


class ControllerState(str, enum.Enum):
    """Names and ids of the states, as lifecycle_msgs/State has them."""

    UNCONFIGURED = 'unconfigured'
    INACTIVE = 'inactive'
    ACTIVE = 'active'

    @property
    def id(self) -> int:
        """PRIMARY_STATE_… of lifecycle_msgs/State."""
        return list(ControllerState).index(self) + 1


class RosterError(ValueError):
    """A step that a controller cannot take; the message names it and what to do."""


@dataclass(frozen=True)
class SwitchPlan:
    """What to switch, and why not the rest."""

    activate: tuple[str, ...] = ()
    deactivate: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.activate and not self.deactivate


class Roster:
    """Every known controller, and the state of those that are loaded.

    `claims` are the joints that a controller writes, by name; broadcasters claim nothing.
    """

    def __init__(self, known: Mapping[str, ControllerEntry]) -> None:
        self.known = dict(known)
        self.states: dict[str, ControllerState] = {}
        self.claims: dict[str, tuple[str, ...]] = {}

    def entry(self, name: str) -> ControllerEntry:
        """The configuration of a known controller."""
        if name not in self.known:
            raise RosterError(f'no controller {name!r}; {near_matches(name, self.known)}')
        return self.known[name]

    def state(self, name: str) -> ControllerState:
        """The state of a loaded controller."""
        if name not in self.states:
            if name in self.known:
                raise RosterError(f'controller {name!r} is not loaded; load it first')
            self.entry(name)
        return self.states[name]

    def active(self) -> list[str]:
        """Names of the active controllers, in the order of the configuration."""
        return [name for name in self.known
                if self.states.get(name) is ControllerState.ACTIVE]

    def require(self, name: str, *states: ControllerState) -> None:
        """RosterError unless a loaded controller is in one of these states."""
        state = self.state(name)
        if state not in states:
            wanted = ' or '.join(s.value for s in states)
            raise RosterError(f'controller {name!r} is {state.value}; it must be {wanted}')

    def plan(
        self, activate: Sequence[str], deactivate: Sequence[str], strict: bool
    ) -> SwitchPlan:
        """What can be switched; RosterError when `strict` and anything cannot."""
        refused: dict[str, str] = {}
        leaving = self._leaving(deactivate, refused)
        coming = self._coming(activate, leaving, refused)
        if strict and refused:
            raise RosterError('; '.join(refused.values()))
        return SwitchPlan(tuple(coming), tuple(leaving), refused)

    def _leaving(self, names: Sequence[str], refused: dict[str, str]) -> list[str]:
        leaving: list[str] = []
        for name in dict.fromkeys(names):
            try:
                self.require(name, ControllerState.ACTIVE)
            except RosterError as error:
                refused[name] = str(error)
            else:
                leaving.append(name)
        return leaving

    def _coming(
        self, names: Sequence[str], leaving: Sequence[str], refused: dict[str, str]
    ) -> list[str]:
        holders = {joint: name for name in self.active() if name not in leaving
                   for joint in self.claims.get(name, ())}
        coming: list[str] = []
        for name in dict.fromkeys(names):
            try:
                wanted = ((ControllerState.INACTIVE, ControllerState.ACTIVE)
                          if name in leaving else (ControllerState.INACTIVE,))
                self.require(name, *wanted)
            except RosterError as error:
                refused[name] = str(error)
                continue
            taken = [joint for joint in self.claims.get(name, ()) if joint in holders]
            if taken:
                refused[name] = (f'controllers {holders[taken[0]]!r} and {name!r} both claim '
                                 f'{taken[0]}; deactivate one of them')
                continue
            holders.update(dict.fromkeys(self.claims.get(name, ()), name))
            coming.append(name)
        return coming

    def apply(self, plan: SwitchPlan) -> None:
        """Note that a plan was carried out."""
        for name in plan.deactivate:
            self.states[name] = ControllerState.INACTIVE
        for name in plan.activate:
            self.states[name] = ControllerState.ACTIVE
