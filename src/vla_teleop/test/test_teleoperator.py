"""Dead-man, clutch, leaders and grippers: what a person's hand does to targets."""
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpace
from vla_core.profile import RobotProfile
from vla_core.rotation import IDENTITY, angle_between, rotation_vector_to_quaternion
from vla_teleop.arm_drive import DriveSettings
from vla_teleop.policy_gripper import PolicyGripper
from vla_teleop.sample import ANY_ARM, ArmInput, TeleopSample, merge
from vla_teleop.teleoperator import ArmState, Teleoperator

DT = 0.01
FRANKA = RobotProfile.load('franka')
FORWARD = np.array([1.0, 0, 0, 0, 0, 0])
HELD = frozenset({'dead_man'})


def twist(values=FORWARD, held=HELD, pressed=(), opening=None):
    return TeleopSample({ANY_ARM: ArmInput(twist=np.asarray(values, float), opening=opening)},
                        held, pressed)


def pose(position, turn=(0, 0, 0), held=HELD):
    return TeleopSample({ANY_ARM: ArmInput(
        position=np.asarray(position, float),
        rotation=rotation_vector_to_quaternion(np.asarray(turn, float)))}, held)


class Hand:
    """A teleoperator and the state of a robot that is where it is told to be."""

    def __init__(self, state, profile=FRANKA, **options):
        self.drive = Teleoperator(profile, options.pop('settings', DriveSettings()), **options)
        self.states = {arm.name: replace(state) for arm in profile.arms}
        self.target = None

    def __call__(self, sample, ticks=1, in_charge='person', person_moves=True, **options):
        for _ in range(ticks):
            targets = self.drive.update(
                sample, self.states, in_charge, person_moves, DT, **options)
            sample = replace(sample, pressed=())
            for name, target in targets.items():
                state = self.states[name]
                if target.pose is not None:
                    state.pose = state.told_pose = (target.pose[0].copy(), target.pose[1])
                if target.joints is not None:
                    state.joints = state.told_joints = target.joints.copy()
                if target.opening is not None:
                    state.opening = state.told_opening = target.opening
        self.target = next(iter(targets.values()), None)
        return self.target

    @property
    def x(self):
        return next(iter(self.states.values())).pose[0][0]


@pytest.fixture
def hand(state):
    return Hand(state)


def test_only_a_held_dead_man_moves_and_letting_go_stops(hand):
    assert hand(twist(held=frozenset()), 50).pose is None and hand.x == 0.45
    hand(twist(), 50)
    moved = hand.x
    assert 0.5 < moved < 0.56
    hand(twist(held=frozenset()), 20)
    stopped = hand.x
    assert stopped - moved < 0.02 and hand.drive.at_rest
    hand(twist(held=frozenset()), 100)
    assert hand.x == stopped and hand.target.pose is None  # the stream ends


def test_nothing_is_told_in_the_charge_of_others(hand):
    hand(twist(), 20)
    for in_charge in ('policy', 'nobody'):
        assert hand.drive.update(twist(), hand.states, in_charge, False, DT) == {}
    assert hand.drive.at_rest


def test_a_device_that_says_nothing_any_more_stops_the_arm(hand):
    hand(twist(), 50)
    hand(TeleopSample(), 20)
    assert hand.drive.at_rest and hand.target.pose is not None


def test_an_arm_whose_place_is_unknown_does_not_begin_and_stops(hand, state):
    hand(twist(), 30)
    hand.states['arm'].pose = None
    hand.drive.update(twist(), hand.states, 'person', True, DT)
    assert not hand.drive.engaged


def test_an_arm_that_is_held_back_is_waited_for(hand):
    start = hand.states['arm'].pose
    for _ in range(300):
        target = hand.drive.update(twist(), hand.states, 'person', True, DT)['arm']
        assert target.pose[0][0] - start[0][0] < 0.08
    begun = target.pose[0][0]
    hand(twist(), 50)  # it is free again
    assert hand.x > begun + 0.05


def test_a_clutch_lets_the_device_return_and_the_arm_stays(hand):
    for x in np.linspace(0, 0.05, 60):
        hand(pose([x, 0, 0]))
    hand(pose([0.05, 0, 0]), 100)
    assert abs(hand.x - 0.5) < 1e-3
    for x in np.linspace(0.05, -0.3, 30):
        hand(pose([x, 0, 0], held=HELD | {'clutch'}))
    assert abs(hand.x - 0.5) < 1e-3
    hand(pose([-0.3, 0, 0]), 50)
    assert abs(hand.x - 0.5) < 1e-3
    hand(pose([-0.25, 0, 0], turn=(0, 0, 0.2)), 200)
    assert abs(hand.x - 0.55) < 1e-3
    turned = hand.states['arm'].pose[1]
    assert abs(angle_between(turned, [1.0, 0, 0, 0]) - 0.2) < 1e-3


def test_slow_is_slow_in_speed_and_in_scale(state):
    fast, slow = Hand(state), Hand(state)
    fast(twist(), 60)
    slow(twist(held=HELD | {'slow'}), 60)
    assert slow.x - 0.45 < 0.3 * (fast.x - 0.45)
    small = Hand(state)
    small(pose([0, 0, 0], held=HELD | {'slow'}))
    small(pose([0.1, 0, 0], held=HELD | {'slow'}), 200)
    assert abs(small.x - 0.475) < 1e-3
    small(pose([0.1, 0, 0]), 50)  # the scale changes: no jump
    assert abs(small.x - 0.475) < 1e-3


def test_a_reference_begins_where_the_arm_was_told_to_be_if_it_is_there(hand):
    here = hand.states['arm'].pose
    hand.states['arm'].told_pose = (here[0] + [0, 0, 0.01], here[1])
    assert hand(twist(np.zeros(6))).pose[0][2] == pytest.approx(0.31)
    hand(TeleopSample(), 150)
    assert hand.target.pose is None
    hand.states['arm'].pose = (here[0] + [0, 0, 0.2], here[1])  # somebody moved it away
    assert hand(twist(np.zeros(6))).pose[0][2] == pytest.approx(0.5)


moves = st.lists(st.tuples(
    st.sampled_from(['twist', 'pose', 'none']), st.tuples(*[st.floats(-1, 1)] * 6),
    st.sets(st.sampled_from(['dead_man', 'clutch', 'slow', 'open', 'close'])),
    st.sampled_from(['person', 'shared', 'policy', 'nobody']),
    st.sampled_from([(), ('frame',), ('toggle_gripper',), ('next_arm',)]),
    st.one_of(st.none(), st.floats(0, 1)), st.integers(1, 15)), min_size=1, max_size=25)


@settings(max_examples=30, deadline=None)
@given(moves)
def test_whatever_a_hand_does_targets_are_continuous_and_bounded(script):
    state = ArmState(pose=(np.array([0.45, 0.0, 0.3]), np.array([1.0, 0.0, 0.0, 0.0])),
                     joints=np.zeros(7), opening=1.0)
    hand = Hand(state)
    told, opening = None, 1.0
    for kind, values, held, in_charge, pressed, grip, ticks in script:
        given_ = {'twist': ArmInput(twist=np.array(values), opening=grip),
                  'pose': ArmInput(position=np.array(values[:3]), opening=grip,
                                   rotation=rotation_vector_to_quaternion(np.array(values[3:]))),
                  'none': ArmInput()}[kind]
        sample = TeleopSample({ANY_ARM: given_}, frozenset(held), pressed)
        for _ in range(ticks):
            target = hand(sample, in_charge=in_charge, policy_opening=lambda arm: 0.3)
            if target is None:
                told = None
                continue
            if target.pose is not None:
                place, turn = target.pose
                if told is not None:
                    assert np.linalg.norm(place - told[0]) <= 0.2 * DT + 1e-9
                    assert angle_between(turn, told[1]) <= 0.625 * DT + 1e-6
                told = (place.copy(), turn)
            if target.opening is not None:
                assert abs(target.opening - opening) <= 1.25 * DT + 1e-9
                assert 0.0 <= target.opening <= 1.0
                opening = target.opening


def test_a_gripper_moves_while_held_toggles_to_its_end_and_drops_nothing(hand):
    assert hand(twist(np.zeros(6)), 10).opening is None  # nothing was said about it
    hand(twist(np.zeros(6), held=HELD | {'close'}), 30)
    assert hand.target.opening == pytest.approx(0.7)
    hand(twist(np.zeros(6), held=frozenset({'close'})), 20)
    assert hand.target.opening == pytest.approx(0.7)  # without the dead-man
    hand(twist(np.zeros(6), pressed=('toggle_gripper',)), 200)
    assert hand.states['arm'].opening == 0.0
    # taken over with something grasped: a slider elsewhere does not open it until it is moved
    holding = Hand(hand.states['arm'])
    holding.states['arm'].opening = 0.4
    holding(twist(np.zeros(6), opening=1.0), 50)
    assert holding.target.opening is None
    for place in np.linspace(1.0, 0.5, 40):
        holding(twist(np.zeros(6), opening=place))
    holding(twist(np.zeros(6), opening=0.5), 100)
    assert holding.states['arm'].told_opening == pytest.approx(0.5)


def test_a_toggle_that_comes_before_the_charge_is_taken_is_done_then(hand):
    nothing = np.zeros(6)
    hand(twist(nothing, pressed=('toggle_gripper',)), 50, in_charge='nobody')
    hand(twist(nothing), 200)
    assert hand.states['arm'].opening == 0.0
    hand(twist(nothing, pressed=('toggle_gripper',)), 150, in_charge='nobody')  # long ago
    hand(twist(nothing), 200)
    hand(twist(nothing, pressed=('toggle_gripper',)), 1, in_charge='nobody')
    hand(twist(nothing, held=frozenset()), 1, in_charge='nobody')  # let go
    hand(twist(nothing), 200)
    assert hand.states['arm'].opening == 0.0


def test_a_gripper_that_somebody_opened_wide_begins_there(hand):
    state = hand.states['arm']
    state.opening, state.told_opening = 1.0, 0.0  # a simulated world was put back
    hand(twist(np.zeros(6), held=HELD | {'close'}), 30)
    assert hand.target.opening == pytest.approx(0.7)


def test_the_policy_drives_the_gripper_while_the_person_drives_the_arm(hand, franka):
    space = ActionSpace.of_robot(
        franka, 'pose', frame='base', rotation='rotation_6d', gripper='normalised_closed')
    rows = np.tile([0.4, 0, 0.3, 1, 0, 0, 0, -1, 0, 0.0], (4, 1))
    rows[2:, 9] = 1.0
    gripper = PolicyGripper(franka)
    assert gripper.opening('arm', 0) is None
    gripper.add(ActionChunk(10**9, space, np.array([0.1, 0.2, 0.3, 0.4]), rows))
    assert [gripper.opening('arm', round(t * 1e9)) for t in (1.0, 1.15, 1.25, 9.0)] == [1, 1, 0, 0]
    gripper.add(ActionChunk(0, space, np.array([0.1]), rows[:1]))  # an older one
    assert gripper.opening('arm', 9 * 10**9) == 0.0
    with pytest.raises(ChunkError, match='nan'):
        gripper.add(ActionChunk(2 * 10**9, space, np.array([0.1]), rows[:1] * np.nan))

    for now in range(100):
        target = hand(twist(held=HELD | {'open'}), in_charge='shared',
                      policy_opening=lambda arm, now=now: gripper.opening(
                          arm, 10**9 + now * 10**7))
    assert hand.x > 0.5 and target.opening < 0.3  # the person's own key does not count


def leader_sample(joints, held=HELD, **more):
    return TeleopSample({'left': ArmInput(joints=joints, **more)}, held)


def test_a_leader_is_caught_up_with_slowly_and_then_followed(aloha):
    arm = aloha.arm('left')
    state = ArmState(joints=arm.home.copy(), opening=0.5)
    hand = Hand(state, aloha, settings=DriveSettings(share=0.5, catch_up=0.2))
    goal = arm.home + 0.4
    sample = leader_sample(dict(zip(arm.joints, goal)), opening=0.2)
    speeds = []
    for _ in range(400):
        before = hand.states['left'].joints.copy()
        hand(sample)
        speeds.append(np.abs(hand.states['left'].joints - before).max() / DT)
    assert max(speeds) <= 0.5 * 0.2 * 4.82 + 1e-6
    assert np.allclose(hand.states['left'].joints, goal, atol=2e-3)
    assert np.array_equal(hand.states['right'].joints, arm.home)
    goal = goal - 0.5
    for _ in range(40):
        before = hand.states['left'].joints.copy()
        hand(leader_sample(dict(zip(arm.joints, goal))))
        speeds.append(np.abs(hand.states['left'].joints - before).max() / DT)
    assert max(speeds) > 0.5 * 0.2 * 4.82


def test_a_relative_leader_takes_hold_anew_after_each_release(aloha):
    arm = aloha.arm('left')
    hand = Hand(ArmState(joints=arm.home.copy(), opening=0.5), aloha,
                settings=DriveSettings(relative=True))
    for offset in (0.0, 0.1):
        hand(leader_sample(dict(zip(arm.joints, arm.home + 1.0 + offset))), 200)
    assert np.allclose(hand.states['left'].joints, arm.home + 0.1, atol=2e-3)
    hand(leader_sample({}, held=frozenset()), 30)
    hand(leader_sample(dict(zip(arm.joints, arm.home - 1.0))), 100)
    assert np.allclose(hand.states['left'].joints, arm.home + 0.1, atol=2e-3)


def test_devices_for_one_arm_move_the_one_that_is_selected(aloha, state):
    hand = Hand(replace(state, joints=np.zeros(6)), aloha)
    hand(twist(), 30)
    hand(twist(np.zeros(6), pressed=('next_arm',)), 5)
    assert hand.drive.arm == 'right'
    hand(twist(), 30)
    assert hand.states['left'].pose[0][0] > 0.46 and hand.states['right'].pose[0][0] > 0.46


def test_devices_unite():
    mover = twist(held=frozenset())
    pedal = TeleopSample({ANY_ARM: ArmInput(opening=0.2)}, HELD, ('mark',))
    both = merge((mover, pedal))
    assert both.arms[ANY_ARM].twist is mover.arms[ANY_ARM].twist
    assert both.arms[ANY_ARM].opening == 0.2 and both.held == HELD and both.pressed == ('mark',)
    assert merge(()).arms == {}


@pytest.mark.parametrize('arm', [
    ArmInput(twist=np.array([np.nan] * 6)), ArmInput(twist=np.ones(3)),
    ArmInput(twist=np.full(6, 2.0)), ArmInput(position=np.zeros(3)),
    ArmInput(position=np.zeros(3), rotation=2 * IDENTITY), ArmInput(joints={'a': np.inf}),
    ArmInput(opening=float('nan'))])
def test_numbers_that_cannot_be_are_noticed(arm):
    assert not TeleopSample({ANY_ARM: arm}).is_sound()
    assert not TeleopSample(held=frozenset({'dead_men'})).is_sound()
    assert twist().is_sound()
