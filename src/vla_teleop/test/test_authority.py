"""Charge passes on without a fight, whatever the execution does."""
from hypothesis import given, settings, strategies as st

from vla_teleop.authority import QUIET_S, Authority, Facts

DT = 0.02


class World:
    """An execution that stops and starts when asked, and a person beside it."""

    def __init__(self, running=True, present=True, **options):
        self.authority = Authority(**options)
        self.running, self.present = running, present
        self.now, self.foreign, self.own = 0.0, -10.0, -10.0
        self.stopping_until, self.obeys, self.asked = None, True, []
        self.moving_until, self.stopped, self.fights = 0.0, False, 0

    @property
    def facts(self):
        return Facts(self.present, self.running, self.now - self.foreign, self.now - self.own,
                     self.now >= self.moving_until, self.dead_man, self.stopped)

    def tick(self, pressed=(), dead_man=False):
        self.dead_man = dead_man
        self.now += DT
        if self.stopping_until is not None and self.now >= self.stopping_until:
            self.running, self.stopping_until = False, None
            self.authority.answered(True, '')
        if self.running and self.present:
            self.foreign = self.now
        request = self.authority.update(self.now, self.facts, pressed)
        if request is not None:
            self.asked.append(request)
            if self.obeys and request == 'stop_execution':
                self.stopping_until = self.now + 0.2
            elif self.obeys:
                self.running = True
                self.authority.answered(True, '')
        if self.authority.may_publish(self.facts):
            self.own = self.now
            self.fights += self.now - self.foreign < QUIET_S

    def wait(self, seconds, **given):
        for _ in range(round(seconds / DT)):
            self.tick(**given)


def test_take_over_and_hand_back():
    world = World()
    world.wait(1.0)
    assert world.authority.in_charge == 'policy' and not world.asked
    world.wait(0.5, dead_man=True)  # the dead-man alone does not take over
    assert world.authority.in_charge == 'policy'
    world.tick(pressed=('take_over',))
    assert world.authority.changing and world.asked == ['stop_execution']
    world.wait(0.2 + QUIET_S + 0.1)
    assert world.authority.in_charge == 'person' and world.authority.person_moves
    world.moving_until = world.now + 0.5
    world.tick(pressed=('hand_back',))
    assert not world.authority.person_moves and world.authority.in_charge == 'person'
    world.wait(0.4)
    assert world.asked == ['stop_execution']  # not before the arm is at rest
    world.authority.may_publish(world.facts)
    world.own = world.now
    for _ in range(60):
        world.now += 0  # targets end with the motion: nothing is sent any more
        world.dead_man = False
        world.now += DT
        request = world.authority.update(world.now, world.facts)
        if request == 'start_execution':
            assert world.now - world.own >= QUIET_S
            world.running = True
            world.authority.answered(True, '')
    assert world.authority.in_charge == 'policy' and not world.authority.changing


def test_the_dead_man_takes_over_where_it_is_told_to_and_where_nobody_is():
    world = World(by_dead_man=True)
    world.wait(0.2)
    world.wait(1.2, dead_man=True)
    assert world.authority.in_charge == 'person'
    alone = World(running=False, present=False)
    alone.wait(0.1)
    assert alone.authority.in_charge == 'nobody'
    alone.tick(dead_man=True)
    assert alone.authority.in_charge == 'person' and not alone.asked
    alone.tick(pressed=('hand_back',))
    alone.wait(0.1)
    assert alone.authority.in_charge == 'nobody'


def test_an_idle_execution_is_stopped_before_a_person_moves():
    world = World(running=False)
    world.wait(0.1)
    world.wait(1.0, dead_man=True)
    assert world.asked == ['stop_execution'] and world.authority.in_charge == 'person'


def test_sharing_begins_from_the_policy_and_changes_at_once_from_the_person():
    world = World()
    world.tick(pressed=('share',))
    world.wait(1.2)
    assert world.authority.in_charge == 'shared'
    world.tick(pressed=('take_over',))
    assert world.authority.in_charge == 'person'
    world.tick(pressed=('share',))
    assert world.authority.in_charge == 'shared' and world.asked == ['stop_execution']


def test_a_safety_stop_takes_charge_from_all_until_the_dead_man_is_let_go():
    world = World(running=False, present=False)
    world.wait(0.1)
    world.wait(0.2, dead_man=True)
    world.stopped = True
    world.tick(dead_man=True, pressed=('take_over',))
    assert world.authority.in_charge == 'nobody' and 'safety' in world.authority.message
    world.stopped = False
    world.wait(0.5, dead_man=True)
    assert world.authority.in_charge == 'nobody'
    world.wait(0.1)
    world.wait(0.1, dead_man=True)
    assert world.authority.in_charge == 'person'


def test_an_execution_that_does_not_stop_or_start_is_named():
    world = World()
    world.obeys = False
    world.tick(pressed=('take_over',))
    world.wait(6.0)
    assert not world.authority.changing and 'does not stop' in world.authority.message
    assert world.authority.in_charge == 'policy'

    world = World(running=False)
    world.wait(0.1)
    world.wait(1.0, dead_man=True)
    world.authority.update(world.now, world.facts, ('hand_back',))
    world.own = world.now - 1.0
    assert world.authority.update(world.now, world.facts) == 'start_execution'
    world.authority.answered(False, 'the safety chain has stopped the robot')
    world.authority.update(world.now, world.facts)
    assert world.authority.in_charge == 'nobody'
    assert 'does not start: the safety' in world.authority.message


def test_an_execution_that_is_started_beside_the_person_is_stopped_again():
    world = World()
    world.tick(pressed=('take_over',))
    world.wait(1.2)
    assert world.authority.in_charge == 'person'
    world.running = True
    world.wait(0.1)
    assert world.asked == ['stop_execution'] * 2
    assert not world.authority.may_publish(world.facts)
    world.wait(1.2)
    assert world.authority.may_publish(world.facts)
    world.foreign = world.now  # somebody else altogether
    world.tick()
    assert not world.authority.may_publish(world.facts)
    assert 'somebody else' in world.authority.message


events = st.lists(st.tuples(
    st.sampled_from([(), ('take_over',), ('share',), ('hand_back',)]), st.booleans(),
    st.sampled_from(['', 'start', 'deaf', 'obey', 'stop', 'release', 'gone', 'back']),
    st.integers(1, 60)), min_size=1, max_size=20)


@settings(max_examples=120, deadline=None)
@given(events, st.booleans(), st.booleans())
def test_two_never_stream_and_charge_is_always_somebodys(script, running, by_dead_man):
    world = World(running, by_dead_man=by_dead_man)
    for pressed, dead_man, happens, ticks in script:
        if happens == 'start' and world.present:
            world.running = True
        world.obeys = {'deaf': False, 'obey': True}.get(happens, world.obeys)
        world.stopped = {'stop': True, 'release': False}.get(happens, world.stopped)
        world.present = {'gone': False, 'back': True}.get(happens, world.present)
        world.running &= world.present
        for _ in range(ticks):
            world.tick(pressed, dead_man)
            pressed = ()
            assert world.authority.in_charge in ('nobody', 'policy', 'person', 'shared')
            if world.stopped:
                assert world.authority.in_charge == 'nobody'
    assert world.fights == 0
