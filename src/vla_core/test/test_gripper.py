"""Every gripper convention says the same opening."""
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from vla_core.action_space import GripperConvention
from vla_core.gripper import from_opening, start_of_motion, to_opening
from vla_core.profile import GripperProfile

GRIPPER = GripperProfile(
    joints=['f'], closed=0.01, open=0.04, max_velocity=1, max_effort=1, width_per_unit=2.0)


@given(
    st.floats(0, 1),
    st.sampled_from([c for c in get_args(GripperConvention) if c not in ('none', 'binary_open')]))
def test_a_convention_round_trips(opening, convention):
    number = from_opening(opening, convention, GRIPPER)
    assert to_opening(number, convention, GRIPPER) == pytest.approx(opening, abs=1e-12)


@pytest.mark.parametrize(('convention', 'closed', 'opened'), [
    ('normalised_open', 0, 1), ('normalised_closed', 1, 0), ('binary_open', -1, 1),
    ('width', 0, 0.06), ('joint', 0.01, 0.04)])
def test_both_ends_of_each_convention(convention, closed, opened):
    assert from_opening(0, convention, GRIPPER) == pytest.approx(closed)
    assert from_opening(1, convention, GRIPPER) == pytest.approx(opened)
    assert to_opening(closed, convention, GRIPPER) == pytest.approx(0)
    assert to_opening(opened, convention, GRIPPER) == pytest.approx(1)


def test_values_beyond_the_ends_are_clipped_and_none_is_refused():
    assert to_opening(1.3, 'normalised_open', GRIPPER) == 1
    assert to_opening(0.5, 'joint', GRIPPER) == 1
    with pytest.raises(ValueError, match='without gripper'):
        to_opening(0.5, 'none', GRIPPER)


def test_a_grasp_is_let_go_from_where_the_fingers_are():
    assert start_of_motion(setpoint=0.0, goal=1.0, opening=0.7) == 0.7
    assert start_of_motion(setpoint=1.0, goal=0.0, opening=0.3) == 0.3


def test_a_goal_beyond_what_is_held_takes_no_force_from_the_grasp():
    assert start_of_motion(setpoint=0.0, goal=0.05, opening=0.7) == 0.05


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_fingers_that_lag_behind_change_nothing(setpoint, goal, behind):
    opening = setpoint + behind * (setpoint - goal)
    assert start_of_motion(setpoint, goal, opening) == setpoint


@pytest.mark.parametrize('goal', [0.0, 1.0])
def test_a_set_point_goes_on_where_the_opening_is_not_known(goal):
    assert start_of_motion(0.5, goal, float('nan')) == 0.5
