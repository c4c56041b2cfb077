"""The chains of the robots against figures published apart from any URDF."""
import numpy as np
import pinocchio
import pytest

from vla_core.description import robot_description
from vla_core.profile import RobotProfile

CONFIGURATIONS = 1000
POSITION_TOLERANCE, ANGLE_TOLERANCE = 1e-4, 1e-4

# Franka Control Interface documentation, Denavit-Hartenberg parameters of the FR3 in Craig's
# convention: a, d, alpha of joints 1 to 7 and of the flange.
FR3_DH = np.array([
    [0.0, 0.333, 0.0],
    [0.0, 0.0, -np.pi / 2],
    [0.0, 0.316, np.pi / 2],
    [0.0825, 0.0, np.pi / 2],
    [-0.0825, 0.384, -np.pi / 2],
    [0.0, 0.0, np.pi / 2],
    [0.088, 0.0, np.pi / 2],
    [0.0, 0.107, 0.0],
])
# Universal Robots, "DH parameters for calculations of kinematics and dynamics", UR5e: a, d, alpha
# in the classic convention, from the controller's base frame to the flange.
UR5E_DH = np.array([
    [0.0, 0.1625, np.pi / 2],
    [-0.425, 0.0, 0.0],
    [-0.3922, 0.0, 0.0],
    [0.0, 0.1333, np.pi / 2],
    [0.0, 0.0997, -np.pi / 2],
    [0.0, 0.0996, 0.0],
])
# Trossen's product-of-exponentials model: position of ee_gripper_link at zero, and the screw axes
# (direction, moment) of waist, shoulder, elbow, forearm roll, wrist angle and wrist rotation.
SCREWS = {
    'follower': ([0.536494, 0.0, 0.42705], np.array([
        [0, 0, 1, 0, 0, 0],
        [0, 1, 0, -0.12705, 0, 0],
        [0, 1, 0, -0.42705, 0, 0.05955],
        [1, 0, 0, 0, 0.42705, 0],
        [0, 1, 0, -0.42705, 0, 0.35955],
        [1, 0, 0, 0, 0.42705, 0],
    ])),
    'leader': ([0.458325, 0.0, 0.36065], np.array([
        [0, 0, 1, 0, 0, 0],
        [0, 1, 0, -0.11065, 0, 0],
        [0, 1, 0, -0.36065, 0, 0.04975],
        [1, 0, 0, 0, 0.36065, 0],
        [0, 1, 0, -0.36065, 0, 0.29975],
        [1, 0, 0, 0, 0.36065, 0],
    ])),
}


def _screw(axis: str, angle: float, along: float) -> np.ndarray:
    """Turn about, and move along, the x or z axis."""
    c, s = np.cos(angle), np.sin(angle)
    if axis == 'x':
        return np.array([[1, 0, 0, along], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1.0]])
    return np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, along], [0, 0, 0, 1.0]])


def fr3_flange(q: np.ndarray) -> np.ndarray:
    pose = np.eye(4)
    for (a, d, alpha), angle in zip(FR3_DH, [*q, 0.0]):
        pose = pose @ _screw('x', alpha, a) @ _screw('z', angle, d)
    return pose


def fr3_hand_tcp(q: np.ndarray) -> np.ndarray:
    # The hand is mounted at −45°; its tool centre point lies 103.4 mm beyond the flange.
    return fr3_flange(q) @ _screw('z', -np.pi / 4, 0.1034)


def ur5e_tool0(q: np.ndarray) -> np.ndarray:
    pose = np.eye(4)
    for (a, d, alpha), angle in zip(UR5E_DH, q):
        pose = pose @ _screw('z', angle, d) @ _screw('x', alpha, a)
    return pose


def x_series_gripper(kind: str, q: np.ndarray) -> np.ndarray:
    origin, screws = SCREWS[kind]
    pose = np.eye(4)
    for screw, angle in zip(screws, q):
        pose = pose @ pinocchio.exp6(
            np.concatenate([screw[3:], screw[:3]]) * angle).homogeneous
    home = np.eye(4)
    home[:3, 3] = origin
    return pose @ home


CHAINS = [
    ('franka', 'arm', 'fr3_link0', 'fr3_link8', fr3_flange),
    ('franka', 'arm', 'base', 'fr3_hand_tcp', fr3_hand_tcp),
    ('ur', 'arm', 'base', 'tool0', ur5e_tool0),
    *[('aloha', name, f'{prefix}_base_link', f'{prefix}_ee_gripper_link',
       lambda q, kind=kind: x_series_gripper(kind, q))
      for name, prefix, kind in (
          ('left', 'follower_left', 'follower'), ('right', 'follower_right', 'follower'),
          ('leader_left', 'leader_left', 'leader'), ('leader_right', 'leader_right', 'leader'))],
]


@pytest.mark.parametrize(
    ('robot', 'arm_name', 'base', 'tip', 'expected'), CHAINS, ids=lambda value: str(value)[:24])
def test_forward_kinematics_are_the_makers(robot, arm_name, base, tip, expected):
    profile = RobotProfile.load(robot)
    arm = next(a for a in (*profile.arms, *profile.leaders) if a.name == arm_name)
    model = pinocchio.buildModelFromXML(robot_description(profile))
    data = model.createData()
    first = [model.idx_qs[model.getJointId(name)] for name in arm.joints]
    random = np.random.default_rng(1)
    for _ in range(CONFIGURATIONS):
        angles = random.uniform(arm.limits.position_lower, arm.limits.position_upper)
        q = pinocchio.neutral(model)
        q[first] = angles
        pinocchio.framesForwardKinematics(model, data, q)
        pose = data.oMf[model.getFrameId(base)].actInv(data.oMf[model.getFrameId(tip)])
        error = pinocchio.SE3(expected(angles)).actInv(pose)
        assert np.linalg.norm(error.translation) < POSITION_TOLERANCE
        assert np.linalg.norm(pinocchio.log3(error.rotation)) < ANGLE_TOLERANCE


def test_aloha_stands_as_in_gym_aloha():
    """Bases 0.938 m apart over the table, the right one turned about; fingertips 0.15 m ahead."""
    model = pinocchio.buildModelFromXML(robot_description(RobotProfile.load('aloha')))
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, pinocchio.neutral(model))
    left, right = (data.oMf[model.getFrameId(f'follower_{side}_base_link')]
                   for side in ('left', 'right'))
    assert np.allclose(left.homogeneous, pinocchio.SE3(np.eye(3), np.array([-0.469, 0.5, 0])))
    assert np.allclose(right.translation, [0.469, 0.5, 0])
    assert np.allclose(right.rotation, np.diag([-1, -1, 1]))
    wrist, tip = (data.oMf[model.getFrameId(f'follower_left_{link}')]
                  for link in ('gripper_link', 'tcp'))
    assert np.allclose(wrist.actInv(tip).translation, [0.15, 0, 0])
