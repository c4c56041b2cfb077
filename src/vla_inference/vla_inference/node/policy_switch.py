"""The policy that acts and, while it loads, the one that is to follow it."""
import threading
from collections.abc import Callable

from rclpy.node import Node

from vla_core.action_space import ActionSpaceMismatch
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_inference.node.streams import StreamSubscriptions
from vla_inference.node.turns import Turns
from vla_inference.policy_link import LinkOptions, LinkState, PolicyLink
from vla_inference.policy_session import PolicySession

__all__ = ['PolicySwitch', 'SwitchError']

STREAMS_S = 1.0


class SwitchError(RuntimeError):
    """Another policy was not switched to; the one that ran still does."""


class PolicySwitch:
    """
    Holds one session and replaces it by another once that is warm.

    ``make_session(link)`` makes the session of a link.
    """

    def __init__(
        self, node: Node, turns: Turns, profile: RobotProfile, options: LinkOptions,
        make_session: Callable[[PolicyLink], PolicySession],
    ) -> None:
        self._node, self._turns = node, turns
        self._profile = profile
        self._options = options
        self._make_session = make_session
        self._subscriptions: StreamSubscriptions | None = None
        self._loading = ''
        self.session: PolicySession | None = None

    def open(self, source: str, contract: str) -> None:
        """Begin with a policy, which loads meanwhile; ConfigurationError if it cannot be one."""
        self.session = self._make_session(
            PolicyLink(source, contract, self._profile, self._options))
        self._subscriptions = self._subscribe(self.session)

    async def load(
        self, source: str, contract: str, running: Callable[[], bool],
    ) -> PolicySession:
        """
        Load a policy beside the one that acts, and switch to it once it is warm.

        SwitchError or ConfigurationError when that cannot be; then all is as it was. While a task
        is ``running`` the two must have the same action space.
        """
        if self._loading:
            raise SwitchError(f'{self._loading} is still loading')
        self._loading = source
        link: PolicyLink | None = None
        try:
            link = PolicyLink(source, contract, self._profile, self._options)
            await self._turns.until(
                lambda: link.state is not LinkState.LOADING, self._options.load_timeout_s)
            if link.state is not LinkState.READY:
                raise SwitchError(link.message if link.state is not LinkState.LOADING else
                                  f'{source} was not ready after '
                                  f'{self._options.load_timeout_s:g} s')
            if running() and self.session is not None:
                self._check_alike(link)
            session = self._make_session(link)
            subscriptions = self._subscribe(session)
            if running():
                await self._turns.until(lambda: not session.problems, STREAMS_S)
        except (SwitchError, ConfigurationError, ActionSpaceMismatch):
            if link is not None:
                _in_background(link.close)
            raise
        finally:
            self._loading = ''
        self._replace(session, subscriptions)
        return session

    def close(self) -> None:
        """Give up the policy."""
        if self._subscriptions is not None:
            self._subscriptions.close()
        if self.session is not None:
            self.session.close()

    def _check_alike(self, link: PolicyLink) -> None:
        mine = self.session.contract
        try:
            mine.action.space.check_compatible(link.contract.action.space)
        except ActionSpaceMismatch as mismatch:
            raise SwitchError(f'{mismatch}; end the task first') from mismatch
        if mine.rate_hz != link.contract.rate_hz:
            raise SwitchError(
                f'contract: rate_hz: {link.contract.rate_hz:g} Hz is not the {mine.rate_hz:g} Hz '
                'of the running task; end the task first')

    def _subscribe(self, session: PolicySession) -> StreamSubscriptions:
        return StreamSubscriptions(
            self._node, session.contract, session.add, session.assembly.refuse)

    def _replace(self, session: PolicySession, subscriptions: StreamSubscriptions) -> None:
        old, old_subscriptions = self.session, self._subscriptions
        self.session, self._subscriptions = session, subscriptions
        if old is not None:
            if old.inference.running:
                instruction = old.instruction
                old.pause()
                session.begin(instruction)
            old_subscriptions.close()
            _in_background(old.close)


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()
