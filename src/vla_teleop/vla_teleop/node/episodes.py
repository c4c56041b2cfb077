"""Buttons of a device start, mark and end the episodes of the recorder."""
from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger

from vla_interfaces.msg import EpisodeStatus
from vla_interfaces.srv import FinishEpisode, StartEpisode
from vla_teleop.node.services import Asker

__all__ = ['Episodes']

_END = FinishEpisode.Request
_ENDS = {'keep': (_END.KEEP, _END.UNKNOWN), 'succeeded': (_END.KEEP, _END.SUCCEEDED),
         'failed': (_END.KEEP, _END.FAILED), 'discard': (_END.DISCARD, _END.UNKNOWN)}
_STATES = {EpisodeStatus.IDLE: '', EpisodeStatus.RECORDING: 'recording',
           EpisodeStatus.FINISHING: 'writing', EpisodeStatus.FAILED: 'FAILED'}


class Episodes:
    """The recorder, as seen from a device."""

    def __init__(self, node: Node, asker: Asker, say: Callable[[str], None]) -> None:
        self._asker, self._say = asker, say
        self._status: EpisodeStatus | None = None
        asker.expect(StartEpisode, 'start_episode')
        asker.expect(FinishEpisode, 'finish_episode')
        asker.expect(Trigger, 'mark_episode')
        node.create_subscription(
            EpisodeStatus, 'episode_status', self._take,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))

    @property
    def recording(self) -> bool:
        """Whether an episode is being recorded."""
        return self._status is not None and self._status.state == EpisodeStatus.RECORDING

    @property
    def line(self) -> str:
        """How recording goes, for people."""
        if self._status is None or not _STATES.get(self._status.state):
            return ''
        lost = f', {self._status.lost_messages} lost' if self._status.lost_messages else ''
        return f'{_STATES[self._status.state]} {self._status.duration:.0f} s{lost}'

    def press(self, button: str, instruction: str, labels: tuple[str, ...]) -> None:
        """Do what a button means; what comes of it is said."""
        def answered(success: bool, message: str) -> None:
            self._say(f'{button}: {message or ("done" if success else "refused")}')

        if button == 'record':  # the one button of a small device
            button = 'keep' if self.recording else 'start'
        if button == 'start':
            self._asker.ask('start_episode', answered, instruction=instruction,
                            labels=list(labels))
        elif button == 'mark':
            self._asker.ask('mark_episode', answered)
        elif button in _ENDS:
            disposition, outcome = _ENDS[button]
            self._asker.ask(
                'finish_episode', answered, disposition=disposition, outcome=outcome)

    def _take(self, message: EpisodeStatus) -> None:
        self._status = message
