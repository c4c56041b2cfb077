"""What the manager does for its services: controllers and hardware from state to state.

Controllers that move something live in the loop, broadcasters in the node; both have a node of
their own with their parameters from the moment they are configured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rclpy.node import Node

from vla_control.controllers import CONTROLLERS
from vla_control.loop import LoopError
from vla_control.node.broadcasters import make_broadcaster
from vla_control.node.configuration import ControllerConfiguration, parameters_model
from vla_control.node.controller_node import ControllerNode
from vla_control.node.executor_thread import ExecutorThread
from vla_control.node.gripper_interface import GripperInterface
from vla_control.node.loop_link import LoopLink
from vla_control.node.reporter import Reporter
from vla_control.node.roster import ControllerState, Roster, RosterError, SwitchPlan
from vla_control.node.target_streams import TargetStreams
from vla_control.node.trajectory_interface import STATE_RATE, TrajectoryInterface
from vla_core.profile import ArmProfile, RobotProfile

__all__ = ['Lifecycle']

Interface = GripperInterface | TrajectoryInterface


class Lifecycle:
    """Controllers, their nodes, and the hardware's state."""

    def __init__(
        self, node: Node, profile: RobotProfile, configuration: ControllerConfiguration,
        plugin: str, link: LoopLink, reporter: Reporter,
    ) -> None:
        self.profile = profile
        self.plugin = plugin
        self.component = profile.name
        self.roster = Roster(configuration.controllers)
        self.hardware = ControllerState.UNCONFIGURED
        self._node = node
        self._link = link
        self._reporter = reporter
        self._thread: ExecutorThread | None = None
        self._arms = {arm.name: arm for arm in (*profile.arms, *profile.leaders)}
        self._nodes: dict[str, ControllerNode] = {}
        self._interfaces: dict[str, Interface] = {}
        self._claims: dict[str, list[str]] = {}
        self._inputs: dict[str, set[str]] = {arm: set() for arm in self._arms}
        self.streams = TargetStreams(node, profile, link, self.listens)

    # ---- controllers

    def load(self, name: str) -> None:
        """Load a known controller; loading it again changes nothing."""
        self.roster.entry(name)
        if name in self.roster.states:
            raise RosterError(f'controller {name!r} is loaded already')
        self.roster.states[name] = ControllerState.UNCONFIGURED

    def configure(self, name: str) -> None:
        """Make the controller and its node; it is inactive then."""
        self.roster.require(name, ControllerState.UNCONFIGURED, ControllerState.INACTIVE)
        if self.roster.states[name] is ControllerState.INACTIVE:
            self.clean_up(name)
        entry = self.roster.known[name]
        node = ControllerNode(
            self._node, name, parameters_model(entry, self.profile), entry.parameters,
            partial(self._change, name))
        try:
            if not entry.broadcasts:
                self._put_into_loop(name, node.values)
        except BaseException:
            node.destroy_node()
            raise
        self._nodes[name] = node
        self._add_interface(name, node)
        if self._thread is None:
            self._thread = ExecutorThread(node)
        else:
            self._thread.add(node)
        self.roster.states[name] = ControllerState.INACTIVE

    def _put_into_loop(self, name: str, parameters: Mapping[str, Any]) -> None:
        spec = self.roster.known[name].spec.model_copy(update={'parameters': dict(parameters)})
        client = self._link.client
        client.load(name, spec)
        made = next(entry for entry in client.controllers() if entry['name'] == name)
        self._claims[name] = made['claims']
        self.roster.claims[name] = tuple(claim.rpartition('/')[0] for claim in made['claims'])

    def _add_interface(self, name: str, node: ControllerNode) -> None:
        entry = self.roster.known[name]
        if entry.type == 'joint_trajectory':
            self._interfaces[name] = TrajectoryInterface(node, self._arms[entry.arm], self._link)
        elif entry.type == 'gripper':
            self._interfaces[name] = GripperInterface(
                node, self._arms[entry.arm], self._link, self.streams)

    def clean_up(self, name: str) -> None:
        """Back to unconfigured."""
        self.roster.require(name, ControllerState.INACTIVE)
        if not self.roster.known[name].broadcasts and self._link.up:
            self._link.client.unload(name)
        self._remove_node(name)
        self.roster.states[name] = ControllerState.UNCONFIGURED

    def _remove_node(self, name: str) -> None:
        interface = self._interfaces.pop(name, None)
        if interface is not None:
            interface.close()
        node = self._nodes.pop(name, None)
        if node is not None:
            self._thread.remove(node)
            node.destroy_node()
        self._claims.pop(name, None)
        self.roster.claims.pop(name, None)

    def unload(self, name: str) -> None:
        """Forget a controller that is not active."""
        self.roster.require(name, ControllerState.UNCONFIGURED, ControllerState.INACTIVE)
        if self.roster.states[name] is ControllerState.INACTIVE:
            self.clean_up(name)
        del self.roster.states[name]

    def reload(self, force: bool) -> None:
        """Unload every controller, active ones only by `force`."""
        active = self.roster.active()
        if active and not force:
            raise RosterError(f'{", ".join(active)} active; deactivate them, or force it')
        self.switch((), active, strict=True)
        for name in list(self.roster.states):
            self.unload(name)

    def switch(
        self, activate: Sequence[str], deactivate: Sequence[str], strict: bool,
        timeout: float = 0.0,
    ) -> dict[str, str]:
        """Switch in one tick of the loop; returns why some were left out when not `strict`.

        RosterError when nothing of what was wanted can be done, LoopError when the loop refuses, or
        has not switched within `timeout` seconds; 0 waits for it as long as it lives.
        """
        plan = self.roster.plan(activate, deactivate, strict)
        if plan.empty and plan.refused and any(
                self.roster.states.get(name) is not ControllerState.ACTIVE
                for name in plan.refused if name in activate):
            raise RosterError('; '.join(plan.refused.values()))
        if plan.activate and self.hardware is not ControllerState.ACTIVE:
            raise RosterError(f'hardware {self.component!r} is {self.hardware.value}; '
                              'bring it to active first')
        self._carry_out(plan, timeout)
        return plan.refused

    def _carry_out(self, plan: SwitchPlan, timeout: float) -> None:
        coming = [name for name in plan.activate if name in self._claims]
        leaving = [name for name in plan.deactivate if name in self._claims]
        if coming or (leaving and self._link.up):
            self._link.client.switch(coming, leaving, timeout)
        self.roster.apply(plan)
        for name in plan.deactivate:
            self._reporter.remove(name)
        for name in plan.activate:
            self._report(name)
        self._listen()

    def _report(self, name: str) -> None:
        entry, node = self.roster.known[name], self._nodes[name]
        if entry.broadcasts:
            self._reporter.add(name, node.parameters.values.rate,
                               make_broadcaster(self._node, self.profile, entry))
        elif isinstance(self._interfaces.get(name), TrajectoryInterface):
            self._reporter.add(name, STATE_RATE, self._interfaces[name])

    def _listen(self) -> None:
        inputs: dict[str, set[str]] = {arm: set() for arm in self._arms}
        for name in self.roster.active():
            entry = self.roster.known[name]
            if not entry.broadcasts:
                inputs[entry.arm].update(CONTROLLERS[entry.type].inputs)
        self._inputs = inputs

    def listens(self, arm: str, kind: str) -> bool:
        """Whether an active controller of the arm takes targets of this kind."""
        return kind in self._inputs[arm]

    def _change(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Carry changed parameters to where they count; why not, or ''."""
        if self.roster.known[name].broadcasts:
            if self.roster.states[name] is ControllerState.ACTIVE:
                self._reporter.pace(name, parameters['rate'])
            return ''
        try:
            self._link.client.set_parameters(name, parameters)
        except LoopError as error:
            return str(error)
        return ''

    # ---- hardware

    def bring_hardware(self, wanted: ControllerState) -> None:
        """Bring the hardware to a state: unconfigured has no loop; inactive holds the arms."""
        if wanted is self.hardware:
            return
        if wanted is ControllerState.UNCONFIGURED:
            self.lose_hardware()
            self._link.close()
            return
        if self.hardware is ControllerState.UNCONFIGURED:
            self._link.start()
        if wanted is ControllerState.INACTIVE:
            moving = [name for name in self.roster.active() if name in self._claims]
            self.switch((), moving, strict=True)
        self.hardware = wanted

    def lose_hardware(self) -> None:
        """The loop is gone or goes: its controllers are unconfigured, the broadcasters stay."""
        self.hardware = ControllerState.UNCONFIGURED
        for name, entry in self.roster.known.items():
            if not entry.broadcasts and name in self.roster.states:
                self._reporter.remove(name)
                self._remove_node(name)
                self.roster.states[name] = ControllerState.UNCONFIGURED
        self._listen()

    def start_all(self) -> None:
        """Bring every configured controller to the state in which it starts."""
        for name, entry in self.roster.known.items():
            if entry.start != 'unloaded':
                if name not in self.roster.states:
                    self.load(name)
                if self.roster.states[name] is ControllerState.UNCONFIGURED:
                    self.configure(name)
        active = [name for name, entry in self.roster.known.items() if entry.start == 'active'
                  and self.roster.states[name] is ControllerState.INACTIVE]
        self.switch(active, (), strict=True)

    def close(self) -> None:
        """Destroy the nodes."""
        if self._thread is not None:
            self._thread.close()
        self.streams.close()
        for name in list(self._nodes):
            self._remove_node(name)

    # ---- what is there

    def interfaces(self, name: str) -> list[str]:
        """Command interfaces of a controller."""
        return self._claims.get(name, [])

    def update_rate(self, name: str) -> int:
        """Hz"""
        if self.roster.known[name].broadcasts and name in self._nodes:
            return round(self._nodes[name].parameters.values.rate)
        return round(self.profile.rate_hz)

    def state_interfaces(self, name: str) -> list[str]:
        """State interfaces that a controller reads: all of its arm."""
        arm = self.roster.known[name].arm
        return [interface for key in self._arms if arm in ('', key)
                for interface in self._arm_states(self._arms[key])]

    def _arm_states(self, arm: ArmProfile) -> list[str]:
        joints = [*arm.joints, *([arm.gripper.joints[0]] if arm.gripper else [])]
        return [f'{joint}/{kind}' for joint in joints
                for kind in ('position', 'velocity', 'effort')]

    def hardware_interfaces(self) -> tuple[list[str], list[str]]:
        """Command and state interfaces of the hardware."""
        leaders = {arm.name for arm in self.profile.leaders}
        commands: list[str] = []
        for arm in self._arms.values():
            modes = ('effort',) if arm.name in leaders else self.profile.control_modes
            commands += [f'{joint}/{mode}' for joint in arm.joints for mode in modes]
            if arm.gripper:
                commands.append(f'{arm.gripper.joints[0]}/position')
        return commands, [state for arm in self._arms.values() for state in self._arm_states(arm)]
