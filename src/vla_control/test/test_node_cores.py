"""What the node decides without ROS: lifecycle, rates, and who publishes."""
import pytest

from vla_control.node.broadcasting import Pace
from vla_control.node.configuration import ControllerConfiguration, load_configuration
from vla_control.node.publishers import PublisherWatch
from vla_control.node.roster import ControllerState, Roster, RosterError
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError

ENTRY = {'type': 'joint_position', 'arm': 'arm'}


@pytest.fixture
def roster():
    """Three controllers of one arm and one gripper; `a` is active, the others inactive."""
    known = ControllerConfiguration.model_validate({'controllers': {
        'a': ENTRY, 'b': ENTRY, 'c': ENTRY, 'unloaded': ENTRY,
        'gripper': {'type': 'gripper', 'arm': 'arm'}}}).controllers
    roster = Roster(known)
    for name in ('a', 'b', 'c', 'gripper'):
        roster.states[name] = ControllerState.INACTIVE
        roster.claims[name] = ('finger',) if name == 'gripper' else ('j1', 'j2')
    roster.states['a'] = ControllerState.ACTIVE
    return roster


def test_strict_switch_changes_nothing_when_anything_cannot_be_done(roster):
    for activate, deactivate, named in (
            (['b'], [], "'a' and 'b' both claim j1"),
            (['b', 'c'], ['a'], "'b' and 'c' both claim j1"),
            (['unloaded'], ['a'], "'unloaded' is not loaded"),
            (['bb'], ['a'], "no controller 'bb'"),
            (['b'], ['a', 'c'], "'c' is inactive; it must be active")):
        with pytest.raises(RosterError, match=named):
            roster.plan(activate, deactivate, strict=True)


def test_best_effort_switch_does_what_can_be_done_and_says_what_not(roster):
    plan = roster.plan(['b', 'nobody', 'gripper'], ['a', 'c'], strict=False)
    assert plan.activate == ('b', 'gripper')
    assert plan.deactivate == ('a',)
    assert set(plan.refused) == {'nobody', 'c'}
    roster.apply(plan)
    assert roster.active() == ['b', 'gripper']


def test_a_controller_may_be_restarted_in_one_switch(roster):
    plan = roster.plan(['a'], ['a'], strict=True)
    assert plan.activate == plan.deactivate == ('a',)


@pytest.mark.parametrize('robot', ['franka', 'ur', 'aloha'])
def test_configuration_of_each_robot_fits_its_profile(robot):
    configuration = load_configuration(robot)
    configuration.check(RobotProfile.load(robot))
    assert any(entry.start == 'active' for entry in configuration.controllers.values())


@pytest.mark.parametrize(('text', 'named'), [
    ('controllers: {a: {type: joint_positon, arm: arm}}', "did you mean 'joint_position'"),
    ('controllers: {a: {type: joint_position}}', 'needs an arm'),
    ('controllers: {a: {type: pose_broadcaster, begin: active}}', 'begin: unknown key'),
    ('controllers: {}\nsafty: {}', 'safty: unknown key'),
])
def test_wrong_configuration_is_named(tmp_path, text, named):
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        load_configuration(str(path))


def test_configuration_with_a_foreign_arm_is_named():
    configuration = ControllerConfiguration.model_validate({'controllers': {
        'a': {'type': 'joint_position', 'arm': 'third'}}})
    with pytest.raises(ConfigurationError, match="robot franka has no arm 'third'"):
        configuration.check(RobotProfile.load('franka'))


def stream(watch, *publishers, messages=20, period=0.02):
    """Let publishers send in turn; each is a first count. Returns the time of the last message."""
    now = 0.0
    for index in range(messages):
        for first in publishers:
            now += period / len(publishers)
            watch.saw(first + index, now)
    return now


@pytest.mark.parametrize(('publishers', 'streams'), [
    ((1,), 1), ((1, 500), 2), ((7, 7), 2), ((1, 2), 2), ((1, 300, 9000), 3)])
def test_publishers_are_told_apart_by_their_counts(publishers, streams):
    watch = PublisherWatch()
    now = stream(watch, *publishers)
    assert watch.streaming(now) == streams


def test_one_publisher_that_loses_messages_stays_one():
    watch = PublisherWatch()
    for index, count in enumerate((1, 2, 9, 10, 40, 41)):
        watch.saw(count, 0.02 * index)
    assert watch.streaming(0.1) == 1


def test_a_publisher_that_fell_silent_is_forgotten():
    watch = PublisherWatch()
    now = stream(watch, 1, 500)
    for index in range(40):
        now += 0.02
        watch.saw(21 + index, now)
    assert watch.streaming(now) == 1


def test_pace_keeps_its_rate_and_makes_up_for_nothing():
    pace = Pace(100.0)
    assert sum(pace.due(0.0003 * tick) for tick in range(3334)) in (100, 101, 102)
    assert pace.due(5.0)
    assert not pace.due(5.001)
