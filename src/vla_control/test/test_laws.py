"""The laws do what their equations say."""
import numpy as np
import pytest

from vla_control.arm_model import ArmModel, ModelError
from vla_control.laws.force_feedback import FeedbackGains, reflected_torque
from vla_control.laws.friction import Friction
from vla_control.laws.gains import FrictionGains
from vla_control.laws.gripper import GripperMotion, GripperParameters
from vla_control.laws.inverse_kinematics import DampedLeastSquares, DampingGains
from vla_control.laws.joint_trajectory import JointTrajectory, TrajectoryError, TrajectoryPoints
from vla_control.laws.joint_velocity import braking_bounded
from vla_control.laws.null_space import PROJECTORS
from vla_control.laws.operational_space import REGULARIZATION, OperationalSpace
from vla_core.profile import RobotProfile


@pytest.fixture(scope='module', name='model')
def _model():
    profile = RobotProfile.load('franka')
    return ArmModel(profile, profile.arms[0])


def test_drift_and_jacobian_agree_with_differences(model):
    q, v, h = model.profile.home + 0.1, np.linspace(-0.5, 0.5, 7), 1e-6
    model.update(q, v)
    drift, twist, place = model.drift.copy(), model.twist.copy(), model.translation.copy()
    model.update(q + h * v, v)
    np.testing.assert_allclose((model.twist - twist) / h, drift, atol=1e-4)
    np.testing.assert_allclose((model.translation - place) / h, twist[:3], atol=1e-5)


def test_poses_are_in_the_base_frame_wherever_it_stands():
    """CRISP gives poses in the description's root even when the base is elsewhere."""
    profile = RobotProfile.load('franka')
    moved = profile.model_copy(update={'model_arguments': {
        **profile.model_arguments, 'base_xyz': '0.3 -0.2 0.5', 'base_rpy': '0 0 1.2'}})
    here, there = (ArmModel(p, p.arms[0]) for p in (profile, moved))
    q, v = profile.arms[0].home, np.full(7, 0.2)
    for model in (here, there):
        model.update(q, v)
    for name in ('translation', 'rotation', 'jacobian', 'drift'):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), atol=1e-9)


def test_an_unknown_tip_frame_is_named():
    profile = RobotProfile.load('franka')
    with pytest.raises(ModelError, match=r"no frame 'fr3_tool'.*fr3_hand_tcp"):
        ArmModel(profile, profile.arms[0], tip_frame='fr3_tool')


def test_projectors_leave_the_tip_alone(model):
    model.update(model.profile.home, np.zeros(7))
    space = OperationalSpace(7)
    space.update(model.jacobian, model.inverse_inertia)
    space.mobility.flat[::7] -= REGULARIZATION
    torque = np.arange(7.0)
    moved = PROJECTORS['dynamic'](torque, model.jacobian, space, 0.0)
    acceleration = model.jacobian @ np.linalg.solve(model.inertia, moved)
    np.testing.assert_allclose(acceleration, 0.0, atol=1e-8)
    still = PROJECTORS['kinematic'](torque, model.jacobian, space, 0.0)
    np.testing.assert_allclose(model.jacobian @ still, 0.0, atol=1e-8)
    assert PROJECTORS['none'](torque, model.jacobian, space, 0.0) is torque


def test_the_inertia_of_the_tip_is_bounded_near_singular_poses(model):
    stretched = np.array([0.0, 0.4, 0.0, -0.48, 0.0, 1.05, 0.785])
    for away in (0.0, 0.05, 0.2):
        model.update(stretched - [0, 0, 0, away, 0, 0, 0], np.zeros(7))
        space = OperationalSpace(7)
        space.update(model.jacobian, model.inverse_inertia)
        heaviest = 1.0 / np.linalg.eigvalsh(space.mobility)[0]
        assert heaviest < 27.0, f'{away} rad away'
    model.update(model.profile.home, np.zeros(7))
    space.update(model.jacobian, model.inverse_inertia)
    undamped = model.jacobian @ model.inverse_inertia @ model.jacobian.T
    np.testing.assert_allclose(space.mobility, undamped, atol=1.1 * REGULARIZATION)
    twist = np.array([0.1, -0.2, 0.1, 0.3, 0.0, 0.2])
    np.testing.assert_allclose(
        model.jacobian @ space.joint_velocity(twist), twist, atol=0.02)


def test_friction_follows_the_sigmoid_and_starts_at_zero():
    friction = Friction(FrictionGains(fp1=[2.0], fp2=[50.0], fp3=[0.1], viscous=[0.5]),
                        np.zeros(1), np.zeros(1))
    assert abs(friction.torque(np.zeros(1))[0]) < 1e-12
    expected = 2 / (1 + np.exp(-50 * 0.4)) - 2 / (1 + np.exp(-50 * 0.1)) + 0.15
    np.testing.assert_allclose(friction.torque(np.array([0.3]))[0], expected)
    with pytest.raises(ValueError, match=r'friction\.fp1: needs 1'):
        Friction(FrictionGains(fp1=[1.0, 2.0]), np.zeros(1), np.zeros(1))


def test_singularities_and_joint_limits_are_met_softly():
    jacobian = np.diag([1.0, 1.0, 1.0, 1.0, 1.0, 1e-9])
    lower, upper, speed = -np.ones(6), np.ones(6), np.full(6, 2.0)
    solver = DampedLeastSquares(DampingGains(), lower, upper, speed)
    rate = solver.solve(jacobian, np.ones(6), np.zeros(6), np.zeros(6))
    assert np.abs(rate).max() < 1.5
    at_end = np.array([0.999, 0, 0, 0, 0, 0.0])
    rate = solver.solve(np.eye(6), np.ones(6), at_end, np.zeros(6))
    assert rate[0] < 0.1
    rate = solver.solve(np.eye(6), -np.ones(6), at_end, np.zeros(6))
    assert rate[0] < -0.9  # away from the end it moves freely
    rate = solver.solve(np.eye(6), np.array([10.0, 5, 0, 0, 0, 0]), np.zeros(6), np.zeros(6))
    np.testing.assert_allclose(rate[:2], [2.0, 1.0])  # scaled as a whole


def test_joint_velocities_brake_before_the_end():
    limits = RobotProfile.load('ur').arms[0].limits
    near = limits.position_upper - 0.011
    assert braking_bounded(limits.velocity, near, limits, 0.5).max() < 0.2


def points(times, positions, **more):
    return TrajectoryPoints(np.array(times), np.array(positions), **more)


def follow(trajectory_points, start=0.0, now=0.0):
    zero = np.zeros(1)
    return JointTrajectory(trajectory_points, start, now, zero, zero, zero)


def test_positions_alone_are_linear():
    trajectory = follow(points([1.0, 3.0], [[1.0], [5.0]]))
    assert trajectory.sample(0.5)[0][0] == pytest.approx(0.5)
    assert trajectory.sample(2.0)[1][0] == pytest.approx(2.0)


def test_velocities_make_cubics_and_accelerations_quintics():
    v = np.array([[0.5], [0.0]])
    cubic = follow(points([1.0, 2.0], [[1.0], [2.0]], velocities=v))
    assert cubic.sample(1.0)[1][0] == pytest.approx(0.5)
    quintic = follow(points([1.0, 2.0], [[1.0], [2.0]], velocities=v,
                            accelerations=np.array([[0.7], [0.0]])))
    position, velocity, acceleration = quintic.sample(1.0)
    assert (position[0], velocity[0], acceleration[0]) == pytest.approx((1.0, 0.5, 0.7))
    before = quintic.sample(1.0 - 1e-7)
    np.testing.assert_allclose([b[0] for b in before], [1.0, 0.5, 0.7], atol=1e-4)


def test_points_in_the_past_are_skipped_and_a_past_trajectory_refused():
    late = follow(points([1.0, 2.0], [[5.0], [2.0]]), start=0.0, now=1.5)
    assert late.sample(1.75)[0][0] == pytest.approx(1.0)  # from where it is to the second point
    with pytest.raises(TrajectoryError, match='past'):
        follow(points([1.0], [[1.0]]), start=0.0, now=2.0)


@pytest.mark.parametrize(('bad', 'field'), [
    (points([1.0, 1.0], [[0.0], [0.0]]), 'time_from_start'),
    (points([1.0], [[np.nan]]), 'positions'),
    (points([1.0], [[0.0, 1.0]]), 'positions'),
    (points([], np.zeros((0, 1))), 'points'),
    (points([1.0], [[0.0]], accelerations=np.zeros((1, 1))), 'accelerations'),
])
def test_bad_trajectories_are_refused_by_field(bad, field):
    with pytest.raises(TrajectoryError, match=field):
        follow(bad)


def test_a_gripper_reaches_or_stalls():
    profile = RobotProfile.load('franka').arms[0].gripper
    motion = GripperMotion(profile, GripperParameters())
    motion.aim(0.0, 20.0)
    assert motion.effort == 20.0
    first = motion.step(0.001, 1.0, 0.0)
    assert 0.999 < first <= 1.0
    for _ in range(400):
        motion.step(0.001, 0.4, 0.0)  # blocked by something
    assert motion.stalled
    assert not motion.reached
    motion.step(0.001, 0.01, 0.0)
    assert motion.reached


def test_reflected_torque_is_bounded_and_has_a_deadband():
    gains = FeedbackGains(k_fb=0.5, deadband=0.2, max_torque=1.0)
    np.testing.assert_allclose(
        reflected_torque(np.array([0.1, 1.2, -100.0]), gains), [0.0, -0.5, 1.0])
