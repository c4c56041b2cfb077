"""Descriptions, good and bad, and the kinematics of joints against SciPy."""
import numpy as np
import pytest
from robot_state_publisher.urdf import UrdfError, parse
from scipy.spatial.transform import Rotation


def robot(*joints, links=('base', 'arm', 'hand', 'finger')):
    return ("<robot name='test'>" + ''.join(f"<link name='{link}'/>" for link in links)
            + ''.join(joints) + '</robot>')


def joint(name, kind, parent, child, inside=''):
    return (f"<joint name='{name}' type='{kind}'><parent link='{parent}'/>"
            f"<child link='{child}'/>{inside}</joint>")


SHOULDER = joint('shoulder', 'revolute', 'base', 'arm',
                 "<origin xyz='0.1 0.2 0.3' rpy='0.4 -0.5 0.6'/><axis xyz='0 2 2'/>")
SLIDE = joint('slide', 'prismatic', 'arm', 'hand',
              "<origin xyz='1 0 0' rpy='0 0 1.5'/><axis xyz='0 1 0'/>")
FINGER = joint('finger_joint', 'continuous', 'hand', 'finger',
               "<mimic joint='slide' multiplier='-2' offset='0.5'/>")


@pytest.mark.parametrize('angle', [-3.0, 0.0, 0.7, 6.5])
def test_revolute_joint_turns_about_its_normalised_axis(angle):
    shoulder = parse(robot(SHOULDER, SLIDE, FINGER)).moving['shoulder']
    translation, rotation = shoulder.transform(angle)
    axis = np.array([0, 1, 1]) / np.sqrt(2)
    expected = Rotation.from_euler('xyz', [0.4, -0.5, 0.6]) * Rotation.from_rotvec(angle * axis)
    np.testing.assert_allclose(Rotation.from_quat(rotation).as_matrix(), expected.as_matrix(),
                               atol=1e-12)
    assert translation == (0.1, 0.2, 0.3)


def test_prismatic_joint_slides_along_its_turned_axis():
    translation, rotation = parse(robot(SHOULDER, SLIDE, FINGER)).moving['slide'].transform(0.4)
    turn = Rotation.from_euler('xyz', [0, 0, 1.5])
    np.testing.assert_allclose(translation, [1, 0, 0] + turn.apply([0, 0.4, 0]), atol=1e-12)
    np.testing.assert_allclose(rotation, turn.as_quat(), atol=1e-12)


def test_tree_kinds_and_followers():
    found = parse(robot(
        SHOULDER, SLIDE, FINGER,
        joint('mount', 'fixed', 'hand', 'camera'), joint('free', 'floating', 'hand', 'ball'),
        joint('tip', 'revolute', 'finger', 'nail', "<mimic joint='finger_joint' offset='1'/>"),
        links=('base', 'arm', 'hand', 'finger', 'camera', 'ball', 'nail')))
    assert found.root == 'base'
    assert [one.name for one in found.fixed] == ['mount']
    assert set(found.moving) == {'shoulder', 'slide', 'finger_joint', 'tip'}
    followers = [(one.name, a, b) for one, a, b in found.followers['slide']]
    assert followers == [('finger_joint', -2.0, 0.5), ('tip', -2.0, 1.5)]


@pytest.mark.parametrize('text, reason', [
    ('', 'empty'),
    ('<robot', 'not XML.*line 1'),
    ('<model/>', 'root element is <model>'),
    ('<robot/>', 'no link'),
    ("<robot xmlns:xacro='http://www.ros.org/wiki/xacro'><link name='a'/><xacro:arm/></robot>",
     'run it through xacro'),
    (robot(links=('a', 'a')), "link 'a' is there twice"),
    (robot(SHOULDER, SLIDE), "more than one root link: 'base', 'finger'"),
    (robot(SHOULDER, SHOULDER, SLIDE, FINGER), "joint 'shoulder' is there twice"),
    (robot(joint('j', 'ball', 'base', 'arm')), "joint 'j' has the unknown type 'ball'"),
    (robot(joint('j', 'fixed', 'base', 'moon')), "child 'moon' of joint 'j' is no link"),
    (robot("<joint name='j' type='fixed'><child link='arm'/></joint>"),
     "joint 'j' has no <parent>"),
    (robot(joint('j', 'fixed', 'base', 'arm'), joint('k', 'fixed', 'hand', 'arm')),
     "link 'arm' hangs from two joints, 'j' and 'k'"),
    (robot(joint('j', 'fixed', 'arm', 'hand'), joint('k', 'fixed', 'hand', 'arm'),
           links=('base', 'arm', 'hand')), 'form a loop'),
    (robot(joint('j', 'revolute', 'base', 'arm', "<axis xyz='0 0 0'/>"), links=('base', 'arm')),
     "joint 'j' has an axis of no length"),
    (robot(joint('j', 'revolute', 'base', 'arm', "<origin xyz='0 0'/>"), links=('base', 'arm')),
     "joint 'j': <origin xyz='0 0'> should be 3 numbers"),
    (robot(joint('j', 'revolute', 'base', 'arm', "<origin rpy='0 0 nan'/>"),
           links=('base', 'arm')), "rpy='0 0 nan'"),
    (robot(joint('j', 'revolute', 'base', 'arm', "<mimic joint='k'/>"), links=('base', 'arm')),
     "joint 'j' mimics 'k', which does not exist"),
    (robot(joint('j', 'revolute', 'base', 'arm', "<mimic joint='j'/>"), links=('base', 'arm')),
     "joint 'j' mimics itself"),
    (robot("<joint type='fixed'/>"), "a joint has no attribute 'name'"),
])
def test_malformed_descriptions_are_refused_by_name(text, reason):
    with pytest.raises(UrdfError, match=reason) as caught:
        parse(text)
    assert '\n' not in str(caught.value)
