"""
Who is in charge, and how charge passes on: there is never more than one who streams targets.

    nobody ─ dead-man ─► person ◄─ take_over / share ─► shared
    policy ─ take_over or share: the execution is asked to stop; once it has, and nobody has sent
             a target for `QUIET_S`, the person is in charge
    person, shared ─ hand_back: the motion comes to rest; `QUIET_S` after the last target the
             execution is asked to start, and begins where the robot is

A safety stop takes charge from everybody. If somebody else streams beside the person, the
person's targets are held back until they are silent, and an execution that was started meanwhile
is asked to stop again.
"""
from dataclasses import dataclass
from typing import Literal

__all__ = ['QUIET_S', 'Authority', 'Facts', 'InCharge', 'Request']

InCharge = Literal['nobody', 'policy', 'person', 'shared']
Request = Literal['stop_execution', 'start_execution']

QUIET_S = 0.6  # the controller remembers a silent publisher for 0.5 s
PATIENCE_S = 5.0  # for an execution to stop or start
ASK_AGAIN_S = 1.0
SETTLE_S = 0.3  # after its answer the execution still brakes, and says so ten times a second


@dataclass(frozen=True)
class Facts:
    """What is known at one moment."""

    execution_present: bool = False  # its services are there
    execution_running: bool = False  # it has something to execute, or will have
    quiet_s: float = float('inf')  # since somebody else sent a target
    own_quiet_s: float = float('inf')  # since we did
    at_rest: bool = True
    dead_man: bool = False
    stopped: bool = False  # by the safety chain


class Authority:
    """The state of charge. `update` every tick; answers of the execution go to `answered`."""

    def __init__(self, by_dead_man: bool = False) -> None:
        """``by_dead_man``: the dead-man alone takes over from a policy that runs."""
        self.in_charge: InCharge = 'nobody'
        self.message = ''
        self._by_dead_man = by_dead_man
        self._wanted: InCharge | None = None
        self._since_s = 0.0
        self._asked_s: float | None = None
        self._answer: tuple[bool, str] | None = None
        self._answered_s: float | None = None
        self._armed = True  # the dead-man was let go since charge was lost

    @property
    def changing(self) -> bool:
        """Whether charge is passing on."""
        return self._wanted is not None

    @property
    def person_moves(self) -> bool:
        """Whether a person's motion counts now."""
        return self.in_charge in ('person', 'shared') and self._wanted != 'policy'

    def may_publish(self, facts: Facts) -> bool:
        """Whether our targets may be streamed."""
        return self.in_charge in ('person', 'shared') and facts.quiet_s >= QUIET_S

    def answered(self, success: bool, message: str) -> None:
        """What the execution said to the last request."""
        self._answer = (success, message)

    def update(self, now_s: float, facts: Facts, pressed: tuple[str, ...] = ()) -> Request | None:
        """Move on; a request is to be carried out at once. ``now_s`` is of a steady clock."""
        if facts.stopped:
            if self.in_charge != 'nobody' or self._wanted:
                self.message = 'the safety chain has stopped the robot'
            self.in_charge, self._wanted, self._armed = 'nobody', None, False
            return None
        self._armed |= not facts.dead_man
        for name in pressed:
            self._press(name, now_s, facts)
        if self.in_charge in ('nobody', 'policy'):
            self.in_charge = 'policy' if facts.execution_running else 'nobody'
            if self._wanted is None and facts.dead_man and self._armed and (
                    self._by_dead_man or not facts.execution_running):
                self._want('person', now_s)
        if self._wanted in ('person', 'shared'):
            return self._take(now_s, facts)
        if self._wanted == 'policy':
            return self._hand_back(now_s, facts)
        return self._defend(now_s, facts)

    def _press(self, name: str, now_s: float, facts: Facts) -> None:
        goal = {'take_over': 'person', 'share': 'shared', 'hand_back': 'policy'}.get(name)
        if goal is None or goal == self._wanted:
            return
        if goal == 'policy':
            if self.in_charge in ('person', 'shared'):
                self._want('policy', now_s)
            else:
                self._wanted = None
        elif self.in_charge in ('person', 'shared') and self._asked_s is None:
            self.in_charge, self._wanted = goal, None
            self.message = _SAID[goal]
        else:
            self._want(goal, now_s)

    def _want(self, goal: InCharge, now_s: float) -> None:
        self._wanted, self._since_s = goal, now_s
        self._asked_s, self._answer, self._answered_s = None, None, None

    def _take(self, now_s: float, facts: Facts) -> Request | None:
        if facts.execution_present and self._asked_s is None:
            self._asked_s = now_s
            return 'stop_execution'
        if self._answer is not None and self._answered_s is None:
            self._answered_s = now_s
        answered = not facts.execution_present or (
            self._answered_s is not None and now_s - self._answered_s >= SETTLE_S)
        if answered and not facts.execution_running and facts.quiet_s >= QUIET_S:
            self.in_charge, self._wanted, self._asked_s = self._wanted, None, None
            self.message = _SAID[self.in_charge]
        elif now_s - self._since_s > PATIENCE_S:
            self._give_up('the execution does not stop' if facts.execution_running or not answered
                          else 'somebody else goes on streaming targets')
        return None

    def _hand_back(self, now_s: float, facts: Facts) -> Request | None:
        if not facts.execution_present:
            if facts.at_rest:
                self.in_charge, self._wanted = 'nobody', None
                self._armed, self.message = False, 'there is no execution to hand back to'
            return None
        if self._asked_s is None:
            if facts.at_rest and facts.own_quiet_s >= QUIET_S:
                self._asked_s = now_s
                return 'start_execution'
        elif self._answer is not None:
            success, text = self._answer
            self.in_charge, self._wanted, self._asked_s = 'nobody', None, None
            self._armed = False
            if success:
                self.in_charge = 'policy'
                self.message = _SAID['policy']
            else:
                self.message = f'the execution does not start: {text}'
            return None
        if now_s - self._since_s > PATIENCE_S:
            self._give_up('the execution does not answer')
        return None

    def _defend(self, now_s: float, facts: Facts) -> Request | None:
        if self.in_charge not in ('person', 'shared'):
            return None
        if facts.execution_running and facts.execution_present and (
                self._asked_s is None or now_s - self._asked_s > ASK_AGAIN_S):
            self._asked_s, self._answer = now_s, None
            self.message = 'the execution was started beside the person; it is stopped'
            return 'stop_execution'
        if not facts.execution_running:
            self._asked_s = None
        if facts.quiet_s < QUIET_S and not facts.execution_running:
            self.message = "somebody else streams targets; the person's are held back"
        return None

    def _give_up(self, reason: str) -> None:
        self._wanted, self._asked_s = None, None
        self._armed, self.message = False, reason


_SAID = {'person': 'the person is in charge', 'policy': 'the policy is in charge',
         'shared': 'the person moves the arm, the policy its gripper'}
