"""The execution node as this one sees it: start, stop, its state and what it has committed to."""
import time
from collections.abc import Callable

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_srvs.srv import Trigger

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpaceMismatch
from vla_core.conversion import chunk_from_message
from vla_core.policy_contract import ContractError, PolicyContract
from vla_inference.node.turns import Turns
from vla_interfaces.msg import ActionChunk as ActionChunkMessage, ExecutionStatus

__all__ = ['ExecutionLink']

ANSWER_S = 3.0
THERE_S = 2.0
STATUS_S = 1.0


class ExecutionLink:
    """Its services and topics; ``committed`` gets what it is going to execute."""

    def __init__(
        self, node: Node, turns: Turns, committed: Callable[[ActionChunk], None],
    ) -> None:
        self._turns = turns
        self._committed = committed
        self.status: ExecutionStatus | None = None
        self._heard_s = 0.0
        self._start = node.create_client(Trigger, 'execution/start')
        self._stop = node.create_client(Trigger, 'execution/stop')
        self._asking = node.create_client(GetParameters, 'execution/get_parameters')
        self._telling = node.create_client(SetParameters, 'execution/set_parameters')
        reliable = QoSProfile(depth=10)
        node.create_subscription(
            ActionChunkMessage, 'committed_chunk', self._take_chunk, QoSProfile(depth=1))
        node.create_subscription(
            ExecutionStatus, 'execution_status', self._take_status, reliable)

    @property
    def executing(self) -> bool:
        """Whether it says that the arm follows chunks."""
        return (self.status is not None and time.monotonic() - self._heard_s < STATUS_S
                and self.status.state == ExecutionStatus.EXECUTING)

    async def start(self) -> str:
        """Begin at rest where the robot is; '' or why it did not."""
        return await self._trigger(self._start)

    async def stop(self) -> str:
        """Come to a smooth stop and drop every chunk; '' or why it did not."""
        return await self._trigger(self._stop)

    async def use_contract(self, contract: PolicyContract, source: str) -> str:
        """
        See to it that chunks of ``contract`` are executed; '' or why they are not.

        An execution node that works by a contract with the same actions is left as it is, another
        is told to work by ``source``, the contract's name or path.
        """
        answer = await self._call(self._asking, GetParameters.Request(names=['contract']))
        if isinstance(answer, str):
            return answer
        executed = answer.values[0].string_value if answer.values else ''
        difference = _difference(contract, executed)
        if not difference:
            return ''
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=source)
        answer = await self._call(self._telling, SetParameters.Request(
            parameters=[Parameter(name='contract', value=value)]))
        if isinstance(answer, str):
            return answer
        if answer.results[0].successful:
            return ''
        return (f'execution works by contract {executed}: {difference}; start it with '
                f'contract:={source}')

    async def _trigger(self, client: Client) -> str:
        answer = await self._call(client, Trigger.Request())
        if isinstance(answer, str):
            return answer
        return '' if answer.success else f'{client.srv_name}: {answer.message or "refused"}'

    async def _call(self, client: Client, request: object) -> object | str:
        """The answer, or in one line why there is none."""
        if not await self._turns.until(client.service_is_ready, THERE_S):
            return f'{client.srv_name} is not there: is the execution node running?'
        answer = client.call_async(request)
        if not await self._turns.until(answer.done, ANSWER_S):
            client.remove_pending_request(answer)
            return f'{client.srv_name} did not answer for {ANSWER_S:g} s'
        return answer.result()

    def _take_chunk(self, message: ActionChunkMessage) -> None:
        try:
            self._committed(chunk_from_message(message))
        except ValueError:
            return

    def _take_status(self, message: ExecutionStatus) -> None:
        self.status = message
        self._heard_s = time.monotonic()


def _difference(contract: PolicyContract, executed: str) -> str:
    """In what the actions of the contract called ``executed`` differ, '' if in nothing."""
    try:
        other = PolicyContract.load(executed)
        contract.action.space.check_compatible(other.action.space)
    except (ContractError, ActionSpaceMismatch) as error:
        return str(error)
    if contract.rate_hz != other.rate_hz:
        return f'rate_hz: expected {contract.rate_hz:g}, got {other.rate_hz:g}'
    return ''
