"""The dashboard server (port 29999): one command a line, one line back."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ur_controller.modes import RobotMode, SafetyMode
from ur_controller.server import LineConnection, Server

if TYPE_CHECKING:
    from ur_controller.controller import Controller

PORT = 29999
UNLOCK_AFTER = 5.0  # s that a protective stop lasts at least


class DashboardConnection(LineConnection):
    """One client."""

    def __init__(self, stream: socket.socket, controller: Controller) -> None:
        super().__init__(stream)
        self._controller = controller
        self._questions = {
            'polyscopeversion': lambda: 'URSoftware {}.{}.{}.{} (Feb 01 2024)'.format(
                *controller.version),
            'robotmode': lambda: f'Robotmode: {controller.robot_mode.name}',
            'safetymode': lambda: f'Safetymode: {controller.safety_mode.name}',
            'safetystatus': lambda: f'Safetystatus: {controller.safety_mode.name}',
            'programstate': self._program_state,
            'running': lambda: f'Program running: {str(controller.program is not None).lower()}',
            'get robot model': lambda: 'UR5',
            'get serial number': lambda: '20245500001',
            'is in remote control': lambda: str(controller.remote).lower(),
        }
        self._orders = {
            'stop': self._stop, 'power on': self._power_on, 'power off': self._power_off,
            'brake release': self._release_brakes,
            'unlock protective stop': self._unlock,
            'close popup': lambda: 'closing popup',
            'close safety popup': lambda: 'closing safety popup',
        }
        self.send(b'Connected: Universal Robots Dashboard Server\n')

    def answer(self, line: str) -> str:
        command = line.lower()
        if command in self._questions:
            return self._questions[command]()
        if command == 'quit':
            return 'Disconnected'
        if command not in self._orders:
            return f'could not understand: {line}'
        if not self._controller.remote:
            return f'Failed to execute: {line}: the robot is in local control'
        return self._orders[command]()

    def _program_state(self) -> str:
        program = self._controller.program
        return 'STOPPED <unnamed>' if program is None else f'PLAYING {program.name}'

    def _stop(self) -> str:
        if self._controller.program is None:
            return 'Failed to execute: stop'
        self._controller.end_program()
        return 'Stopped'

    def _power_on(self) -> str:
        if self._controller.safety_mode is not SafetyMode.NORMAL:
            return 'Failed to execute: power on'
        if self._controller.robot_mode is RobotMode.POWER_OFF:
            self._controller.robot_mode = RobotMode.IDLE
        return 'Powering on'

    def _power_off(self) -> str:
        self._controller.power_off()
        return 'Powering off'

    def _release_brakes(self) -> str:
        if self._controller.safety_mode is not SafetyMode.NORMAL or \
                self._controller.robot_mode < RobotMode.IDLE:
            return 'Failed to execute: brake release'
        self._controller.robot_mode = RobotMode.RUNNING
        return 'Brake releasing'

    def _unlock(self) -> str:
        controller = self._controller
        if controller.time - controller.stopped_at < controller.unlock_after:
            return (f'Cannot unlock protective stop until {controller.unlock_after:g}s after '
                    'occurrence. Always inspect cause of protective stop before unlocking')
        if controller.safety_mode is SafetyMode.PROTECTIVE_STOP:
            controller.safety_mode = SafetyMode.NORMAL
        return 'Protective stop releasing'


class DashboardServer(Server):
    """All clients of the dashboard."""

    def __init__(self, address: str, controller: Controller) -> None:
        self._controller = controller
        super().__init__(address, PORT)

    def connect(self, stream: socket.socket) -> DashboardConnection:
        return DashboardConnection(stream, self._controller)
