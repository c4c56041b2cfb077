"""Brings controllers of a genuine controller manager to the state in which an arm can be led."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from builtin_interfaces.msg import Duration
from controller_manager_msgs.msg import ControllerState
from controller_manager_msgs.srv import (
    ConfigureController,
    ListControllers,
    LoadController,
    SwitchController,
)

from vla_core.validation import near_matches
from vla_hardware.ros2_control.calls import CallFailed, Calls

__all__ = ['ControllerSwitch', 'rivals']


def rivals(controllers: Iterable[ControllerState], wanted: Sequence[str]) -> list[str]:
    """Active controllers that have what the wanted ones require, to be deactivated first.

    An inactive controller claims nothing yet; what it requires is what counts.
    """
    controllers = list(controllers)
    needed = {interface for c in controllers if c.name in wanted
              for interface in (*c.required_command_interfaces, *c.claimed_interfaces)}
    return [c.name for c in controllers
            if c.state == 'active' and c.name not in wanted and needed & set(c.claimed_interfaces)]


class ControllerSwitch:
    """One controller manager, by the name of its node."""

    def __init__(self, calls: Calls, manager: str) -> None:
        self._calls = calls
        self._manager = manager

    async def controllers(self) -> list[ControllerState]:
        """What is loaded."""
        answer = await self._calls.service(
            ListControllers, f'{self._manager}/list_controllers', ListControllers.Request())
        return list(answer.controller)

    async def activate(self, wanted: Sequence[str]) -> None:
        """Load, configure and activate controllers in place of their rivals; CallFailed else."""
        if not wanted:
            return
        states = {c.name: c.state for c in await self.controllers()}
        for name in wanted:
            if name not in states:
                await self._step(LoadController, 'load', name, states)
            if states.get(name, 'unconfigured') == 'unconfigured':
                await self._step(ConfigureController, 'configure', name, states)
        controllers = await self.controllers()
        coming = [c.name for c in controllers if c.name in wanted and c.state != 'active']
        if not coming:
            return
        answer = await self._calls.service(
            SwitchController, f'{self._manager}/switch_controller', SwitchController.Request(
                activate_controllers=coming, deactivate_controllers=rivals(controllers, wanted),
                strictness=SwitchController.Request.STRICT, activate_asap=True,
                timeout=Duration(sec=5)))
        if not answer.ok:
            reason = getattr(answer, 'message', '')
            raise CallFailed(f'{", ".join(coming)} was not activated'
                             f'{f": {reason}" if reason else "; see what the manager says"}')

    async def _step(
        self, service_type: type, verb: str, name: str, known: Iterable[str]
    ) -> None:
        answer = await self._calls.service(
            service_type, f'{self._manager}/{verb}_controller', service_type.Request(name=name))
        if not answer.ok:
            raise CallFailed(
                f'controller {name!r} could not be {"loaded" if verb == "load" else "configured"}; '
                f'{near_matches(name, known)}')
