"""
The node between cameras, joints and policy: streams in, time-stamped chunks out, tasks on request.

What it does lies in the modules beside this folder; here the parts meet ROS.
"""
import sys
from functools import partial
from pathlib import Path

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile

from vla_core.action_chunk import ActionChunk
from vla_core.clock import RosClock
from vla_core.conversion import chunk_to_message, features_to_message
from vla_core.node import run_node
from vla_core.parameters import NodeParameters, mapping_of
from vla_core.profile import RobotProfile
from vla_inference.delays import Delays
from vla_inference.node.execution_link import ExecutionLink
from vla_inference.node.parameters import InferenceParameters
from vla_inference.node.policy_switch import PolicySwitch, SwitchError
from vla_inference.node.reporter import Reporter
from vla_inference.node.task_server import TaskServer
from vla_inference.node.turns import Turns
from vla_inference.policy_link import LinkOptions, PolicyLink, connect
from vla_inference.policy_session import PolicySession, SessionOptions
from vla_inference.success import make_sources
from vla_interfaces.msg import ActionChunk as ActionChunkMessage, PolicyFeatures
from vla_interfaces.srv import LoadPolicy

__all__ = ['InferenceNode', 'main']


class InferenceNode(Node):
    """Assembles observations, asks the policy, publishes chunks, runs tasks."""

    def __init__(self) -> None:
        super().__init__('inference')
        self._settings = NodeParameters(self, InferenceParameters)
        parameters = self._settings.values
        self._profile = RobotProfile.load(parameters.robot)
        self._delays = Delays() if not parameters.delays else Delays.load(
            Path(parameters.delays), self._profile.name)
        self._stamps = RosClock(self.get_clock())
        self._chunks = self.create_publisher(
            ActionChunkMessage, 'action_chunk', QoSProfile(depth=10))
        self._features = self.create_publisher(
            PolicyFeatures, 'policy_features', QoSProfile(depth=10))
        turns = Turns(self)
        self._switch = PolicySwitch(self, turns, self._profile, LinkOptions(
            in_flight=parameters.requests_in_flight,
            request_timeout_s=parameters.request_timeout,
            load_timeout_s=parameters.load_timeout,
            retry_s=parameters.retry, longest_retry_s=parameters.longest_retry,
            connect=partial(connect, **mapping_of('policy_options', parameters.policy_options))),
            self._make_session)
        sources = make_sources(parameters.success_sources, self)
        if parameters.policy:
            self._switch.open(parameters.policy, parameters.contract)
        execution = ExecutionLink(self, turns, self._take_committed)
        self._tasks = TaskServer(
            self, turns, lambda: self._settings.values, self._switch, execution, sources)
        # A callback that awaits keeps its group from everything else.
        self.create_service(LoadPolicy, 'load_policy', self._load_policy,
                            callback_group=MutuallyExclusiveCallbackGroup())
        self._reporter = Reporter(self, lambda: self._switch.session)

    def destroy_node(self) -> None:
        """End the policy's server with the node."""
        self._switch.close()
        super().destroy_node()

    def _make_session(self, link: PolicyLink) -> PolicySession:
        parameters = self._settings.values
        return PolicySession(
            link, self._profile, self._delays, self._stamps,
            SessionOptions(parameters.requests_in_flight, parameters.request_rate,
                           parameters.request_horizon, parameters.frozen_after),
            self._publish)

    def _publish(self, chunk: ActionChunk) -> None:
        if self.context.ok():
            self._chunks.publish(chunk_to_message(chunk, ActionChunkMessage()))
            if chunk.features and self._features.get_subscription_count():
                self._features.publish(features_to_message(chunk, PolicyFeatures()))

    def _take_committed(self, chunk: ActionChunk) -> None:
        if self._switch.session is not None:
            self._switch.session.plan.update(chunk)

    async def _load_policy(
        self, request: LoadPolicy.Request, response: LoadPolicy.Response,
    ) -> LoadPolicy.Response:
        try:
            session = await self._switch.load(
                request.policy, request.contract, lambda: self._tasks.running)
        except (SwitchError, ValueError) as error:
            response.message = str(error)
            return response
        response.success = True
        response.message = f'{request.policy} is warm and acts'
        response.load_time_ms = session.link.load_time_ms
        return response


def main() -> int:
    """Entry point."""
    return run_node(InferenceNode)


if __name__ == '__main__':
    sys.exit(main())
