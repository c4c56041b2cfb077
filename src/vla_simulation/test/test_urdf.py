"""Reading a URDF: capsules, extensions, and what is refused."""
import numpy as np
import pytest

from vla_simulation.urdf import UrdfError, parse

ROD = """
<robot name='rod'>
  <material name='red'><color rgba='1 0 0 1'/></material>
  <link name='base'/>
  <link name='rod'>
    <inertial><mass value='1'/>
      <inertia ixx='1' iyy='1' izz='1' ixy='0' ixz='0' iyz='0'/></inertial>
    <visual><origin rpy='0 1.5707963268 0' xyz='0.1 0 0'/>
      <geometry><cylinder radius='0.02' length='0.2'/></geometry><material name='red'/></visual>
    <visual><geometry><sphere radius='0.02'/></geometry></visual>
    <visual><origin xyz='0.2 0 0'/><geometry><sphere radius='0.02'/></geometry></visual>
    <visual><origin xyz='0 0 1'/><geometry><sphere radius='0.02'/></geometry></visual>
  </link>
  <joint name='turn' type='revolute'><parent link='base'/><child link='rod'/>
    <axis xyz='0 1 0'/><limit lower='-1' upper='2' velocity='3' effort='4'/>
    <dynamics damping='0.1' friction='0.2' armature='0.3' servo_stiffness='5' servo_damping='6'/>
  </joint>
</robot>"""


def test_a_cylinder_closed_by_spheres_is_a_capsule():
    solids = parse(ROD).links['rod'].visuals
    assert [solid.kind for solid in solids] == ['capsule', 'sphere']
    assert solids[0].size == (0.02, 0.2)
    assert solids[0].rgba == (1, 0, 0, 1)
    assert np.allclose(solids[1].pose.position, [0, 0, 1])


def test_a_joint_keeps_all_that_is_said_of_it():
    joint = parse(ROD).joints['turn']
    assert (joint.lower, joint.upper, joint.velocity, joint.effort) == (-1, 2, 3, 4)
    assert (joint.damping, joint.friction, joint.armature) == (0.1, 0.2, 0.3)
    assert (joint.servo_stiffness, joint.servo_damping) == (5, 6)
    assert [link.name for link in parse(ROD).chain('rod')] == ['turn']


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ("<robot name='rod'>", "<robot name='rod'", 'is not XML'),
    ("<robot name='rod'>", "<robot name='rod'><link name='base'/>", "link 'base' is there twice"),
    ("<child link='rod'/>", "<child link='rood'/>", "joint turn: there is no link 'rood'"),
    ("<robot name='rod'>", "<robot name='rod'><link name='loose'/>", 'one tree.*base, loose'),
    ("type='revolute'", "type='planar'", 'joint turn: a planar joint cannot be simulated'),
    ("<sphere radius='0.02'/>", "<mesh filename='a.stl'/>", 'link rod: a mesh cannot'),
])
def test_what_cannot_be_built_is_named(old, new, message):
    with pytest.raises(UrdfError, match=message):
        parse(ROD.replace(old, new))
