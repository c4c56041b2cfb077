"""The node `run_recorder`: keeps the folder of the run that it is part of."""
import threading
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError, StrictModel
from vla_interfaces.msg import SafetyState
from vla_monitoring.health import LEVELS
from vla_monitoring.run_log.folder import RunFolder
from vla_monitoring.run_log.histogram import Histogram
from vla_monitoring.visualisation.scene import EXECUTION_STATES, POLICY_STATES, LiveScene

__all__ = ['RecorderParameters', 'RunRecorder', 'main']

LATCHED = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PARAMETERS_S = 5.0  # until nodes that came since are asked for their parameters
VALUES = {ParameterType.PARAMETER_BOOL: 'bool_value',
          ParameterType.PARAMETER_INTEGER: 'integer_value',
          ParameterType.PARAMETER_DOUBLE: 'double_value',
          ParameterType.PARAMETER_STRING: 'string_value',
          ParameterType.PARAMETER_BOOL_ARRAY: 'bool_array_value',
          ParameterType.PARAMETER_INTEGER_ARRAY: 'integer_array_value',
          ParameterType.PARAMETER_DOUBLE_ARRAY: 'double_array_value',
          ParameterType.PARAMETER_STRING_ARRAY: 'string_array_value'}
LONGEST = 2000  # characters of a parameter


class RecorderParameters(StrictModel):
    """What the recorder of the run is told."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    runs: str = parameter('~/.ros/vla_runs', read_only=True, description='folder of all runs')


class RunRecorder(Node):
    """Notes what changes, and once a second how things stand."""

    def __init__(self) -> None:
        super().__init__('run_recorder')
        parameters = declare(self, RecorderParameters)
        profile = RobotProfile.load(parameters.robot)
        try:
            self._folder = RunFolder(Path(parameters.runs).expanduser(), {
                'robot': profile.name, 'namespace': self.get_namespace()})
        except OSError as error:
            raise ConfigurationError(f'parameter runs: {error}') from error
        self._scene = LiveScene(self, profile)
        self._histograms = {name: Histogram() for name in (
            'inference', 'observation_to_chunk', 'chunk_age')}
        self._counted = -1
        self._said: dict[str, str] = {}
        self._found_parameters: dict[str, dict[str, Any]] = {}
        self.create_subscription(SafetyState, 'safety_state', self._on_safety, LATCHED)
        for topic in ('supervision', 'health'):
            self.create_subscription(
                DiagnosticStatus, topic,
                lambda message, topic=topic: self._on_status(topic, message), LATCHED)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(0.1, self._look, clock=steady)
        self.create_timer(1.0, self._note, clock=steady)
        self.create_timer(PARAMETERS_S, self._ask_parameters, clock=steady)
        self.get_logger().info(f'this run is kept in {self._folder.path}')

    def _on_safety(self, message: SafetyState) -> None:
        level = ('ok', 'ok', 'warn', 'error', 'error')[min(message.level, 4)]
        self._tell('safety', level, message.message + (
            f' (by {message.stopped_by})' if message.stopped_by else ''))

    def _on_status(self, topic: str, message: DiagnosticStatus) -> None:
        number = message.level[0] if message.level else 2
        self._tell(topic, LEVELS[number] if number < len(LEVELS) else 'error', message.message)

    def _tell(self, kind: str, level: str, text: str) -> None:
        """An event, when it says something new."""
        if self._said.get(kind) != f'{level} {text}':
            self._said[kind] = f'{level} {text}'
            self._folder.event(kind, level, text)

    def _look(self) -> None:
        scene = self._scene
        scene.look()
        self._histograms['chunk_age'].add(1000 * scene.chunk_age_s())
        for shown in scene.predicted:
            if shown.chunk.sequence > self._counted or shown.chunk.sequence == 0:
                self._counted = shown.chunk.sequence
                self._histograms['inference'].add(shown.chunk.inference_ns / 1e6)
                self._histograms['observation_to_chunk'].add(scene.delay_ms())
        if scene.policy is not None:
            state = POLICY_STATES[min(scene.policy.state, len(POLICY_STATES) - 1)]
            self._tell('policy', 'error' if state == 'failed' else 'ok', ' '.join(filter(None, (
                state, scene.policy.policy, scene.policy.instruction, scene.policy.message))))
        if scene.execution is not None:
            state = EXECUTION_STATES[min(scene.execution.state, len(EXECUTION_STATES) - 1)]
            self._tell('execution', 'warn' if state == 'starved' else 'ok',
                       f'{state}, {scene.execution.strategy}')

    def _note(self) -> None:
        scene = self._scene
        nan = float('nan')
        policy, execution = scene.policy, scene.execution
        self._folder.row(
            delay_ms=scene.delay_ms(), chunk_age_ms=1000 * scene.chunk_age_s(),
            inference_ms=policy.latency_p50_ms if policy else nan,
            rate_hz=policy.rate_hz if policy else nan,
            health=self._said.get('health', '').partition(' ')[0],
            safety=self._said.get('safety', '').partition(' ')[0],
            starvation_ratio=execution.starvation_ratio if execution else nan)
        self._folder.latencies(self._histograms)
        if policy is not None:
            self._folder.policy(policy.policy)

    # ---- parameters of the other nodes

    def _ask_parameters(self) -> None:
        own = self.get_namespace()
        for name, namespace in self.get_node_names_and_namespaces():
            full = f'{namespace.rstrip("/")}/{name}'
            if namespace.startswith(own) and full not in self._found_parameters:
                self._found_parameters[full] = {}
                self._ask(full)

    def _ask(self, name: str) -> None:
        lister = self.create_client(ListParameters, f'{name}/list_parameters')
        getter = self.create_client(GetParameters, f'{name}/get_parameters')

        def listed(future: Any) -> None:
            names = list(future.result().result.names)
            getter.call_async(GetParameters.Request(names=names)).add_done_callback(
                lambda answer: got(names, answer))

        def got(names: list[str], future: Any) -> None:
            for key, value in zip(names, future.result().values):
                if value.type in VALUES:
                    self._found_parameters[name][key] = _plain(getattr(value, VALUES[value.type]))
            self._folder.parameters(self._found_parameters)
        lister.call_async(ListParameters.Request()).add_done_callback(listed)

    def destroy_node(self) -> None:
        """Close the folder with the node."""
        if hasattr(self, '_folder') and threading.current_thread() is threading.main_thread():
            self._folder.close()
        super().destroy_node()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + '…'
    return value if isinstance(value, bool | int | float) else list(value)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run_node(RunRecorder, args)


if __name__ == '__main__':
    raise SystemExit(main())
