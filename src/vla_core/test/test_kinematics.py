"""Where joints bring a tip, one by one and many at once, and the way back."""
import numpy as np
import pytest

from vla_core.kinematics import ArmKinematics, Unreachable
from vla_core.profile import RobotProfile


@pytest.fixture(name='arm', params=['franka', 'ur', 'aloha'], scope='module')
def _arm(request):
    profile = RobotProfile.load(request.param)
    arm = profile.arms[-1]
    return arm, ArmKinematics(profile, arm)


def spread(arm, shape):
    """Joints about the home position, within their limits."""
    offsets = np.random.default_rng(3).normal(0.0, 0.2, (*shape, len(arm.joints)))
    return np.clip(arm.home + offsets, arm.limits.position_lower, arm.limits.position_upper)


def test_many_poses_are_those_told_one_by_one(arm):
    arm, kinematics = arm
    joints = spread(arm, (4, 5))
    poses = kinematics.forward(joints)
    assert poses.shape == (4, 5, 7)
    assert np.allclose(poses, [[kinematics.forward(row) for row in rows] for rows in joints])
    assert kinematics.forward(joints[:, :0]).shape == (4, 0, 7)


def test_joints_are_found_again_from_nearby(arm):
    arm, kinematics = arm
    for joints in spread(arm, (20,)):
        pose = kinematics.forward(joints)
        found = kinematics.inverse(pose, arm.home)
        assert np.allclose(kinematics.forward(found), pose, atol=1e-3)


def test_a_pose_out_of_reach_is_told_and_come_near_to(arm):
    arm, kinematics = arm
    pose = kinematics.forward(np.asarray(arm.home))
    pose[0] += 5.0
    with pytest.raises(Unreachable, match='out of reach'):
        kinematics.inverse(pose, arm.home)
    assert np.all(np.isfinite(kinematics.nearest(pose, arm.home)))


def test_no_joint_turns_further_than_it_can_in_the_time(arm):
    arm, kinematics = arm
    for joints in spread(arm, (20,)):
        turned = kinematics.nearest(kinematics.forward(joints), arm.home, 0.05)
        assert np.all(np.abs(turned - arm.home) <= 0.05 * arm.limits.velocity + 1e-9)
    near = arm.home + 0.01 * arm.limits.velocity
    found = kinematics.nearest(kinematics.forward(near), arm.home, 0.05)
    assert np.allclose(kinematics.forward(found), kinematics.forward(near), atol=1e-3)
