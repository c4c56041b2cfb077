"""What every robot description must be, and that its profile says the same."""
from xml.etree import ElementTree

import numpy as np
import pinocchio
import pytest

from vla_core.description import robot_description
from vla_core.profile import ProfileError, RobotProfile

ROBOTS = ['franka', 'ur', 'aloha']


@pytest.fixture(scope='module', params=ROBOTS)
def robot(request):
    profile = RobotProfile.load(request.param)
    return profile, ElementTree.fromstring(robot_description(profile))


def test_names_are_unique_and_the_links_form_one_tree(robot):
    profile, urdf = robot
    links = [link.get('name') for link in urdf.findall('link')]
    joints = [joint.get('name') for joint in urdf.findall('joint')]
    children = [joint.find('child').get('link') for joint in urdf.findall('joint')]
    assert len(set(links)) == len(links)
    assert len(set(joints)) == len(joints)
    assert len(set(children)) == len(children)
    assert set(links) - set(children) == {profile.root_frame}


def test_it_loads_with_every_joint(robot):
    profile, urdf = robot
    model = pinocchio.buildModelFromXML(ElementTree.tostring(urdf, encoding='unicode'))
    for arm in (*profile.arms, *profile.leaders):
        for joint in arm.joints:
            assert model.existJointName(joint)


def test_mass_properties_are_physical(robot):
    """Positive masses; inertias that some body of positive density can have."""
    _, urdf = robot
    for link in urdf.findall('link'):
        inertial = link.find('inertial')
        if inertial is None:
            continue
        assert float(inertial.find('mass').get('value')) > 0, link.get('name')
        xx, yy, zz, xy, xz, yz = (float(inertial.find('inertia').get(key))
                                  for key in ('ixx', 'iyy', 'izz', 'ixy', 'ixz', 'iyz'))
        moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        assert moments[0] > 0, link.get('name')
        assert moments[0] + moments[1] >= moments[2] * (1 - 1e-3), link.get('name')


def test_what_moves_has_mass(robot):
    _, urdf = robot
    heavy = {link.get('name') for link in urdf.findall('link')
             if link.find('inertial') is not None}
    for joint in urdf.findall('joint'):
        if joint.get('type') != 'fixed':
            assert joint.find('child').get('link') in heavy


def test_what_is_seen_collides_and_needs_no_mesh(robot):
    _, urdf = robot
    assert not list(urdf.iter('mesh'))
    names = {material.get('name') for material in urdf.findall('material')}
    assert {visual.find('material').get('name') for visual in urdf.iter('visual')} <= names


def test_profile_and_description_have_the_same_limits(robot):
    profile, urdf = robot
    limits = {joint.get('name'): joint.find('limit') for joint in urdf.findall('joint')}
    for arm in (*profile.arms, *profile.leaders):
        for key, values in (('lower', arm.limits.position_lower),
                            ('upper', arm.limits.position_upper),
                            ('velocity', arm.limits.velocity), ('effort', arm.limits.effort)):
            stated = [float(limits[joint].get(key)) for joint in arm.joints]
            assert np.allclose(stated, values, atol=1e-6), (arm.name, key)


def test_grippers_move_within_their_joints(robot):
    profile, urdf = robot
    joints = {joint.get('name'): joint for joint in urdf.findall('joint')}
    for arm in (*profile.arms, *profile.leaders):
        first, *followers = arm.gripper.joints
        limit = joints[first].find('limit')
        for position in (arm.gripper.closed, arm.gripper.open):
            assert float(limit.get('lower')) <= position <= float(limit.get('upper'))
        assert arm.gripper.max_effort <= float(limit.get('effort'))
        assert arm.gripper.max_velocity <= float(limit.get('velocity'))
        for follower in followers:
            assert joints[follower].find('mimic').get('joint') == first


def test_frames_of_the_profile_are_links(robot):
    profile, urdf = robot
    links = {link.get('name') for link in urdf.findall('link')}
    frames = {camera.frame for camera in profile.cameras}
    for arm in (*profile.arms, *profile.leaders):
        frames |= {arm.base_frame, arm.tip_frame}
    assert frames <= links


def test_home_is_inside_the_workspace(robot):
    profile, urdf = robot
    model = pinocchio.buildModelFromXML(ElementTree.tostring(urdf, encoding='unicode'))
    data = model.createData()
    for arm in (*profile.arms, *profile.leaders):
        q = pinocchio.neutral(model)
        q[[model.idx_qs[model.getJointId(name)] for name in arm.joints]] = arm.home
        pinocchio.framesForwardKinematics(model, data, q)
        tip = data.oMf[model.getFrameId(arm.base_frame)].actInv(
            data.oMf[model.getFrameId(arm.tip_frame)]).translation
        assert np.all(tip > arm.workspace.lower)
        assert np.all(tip < arm.workspace.upper)


def test_a_mounting_is_an_argument():
    profile = RobotProfile.load('franka')
    model = pinocchio.buildModelFromXML(robot_description(profile, base_xyz='0.1 0.2 0.3'))
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, pinocchio.neutral(model))
    assert np.allclose(data.oMf[model.getFrameId('fr3_link0')].translation, [0.1, 0.2, 0.3])


def test_an_unknown_argument_is_named():
    with pytest.raises(ProfileError, match=r"no argument 'hnad'; it has .*hand"):
        robot_description(RobotProfile.load('franka'), hnad='true')
