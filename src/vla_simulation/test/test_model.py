"""The MuJoCo model against the URDF that it was built from, and what was put on top of it."""
import mujoco
import numpy as np
import pinocchio
import pytest

from vla_core.description import robot_description
from vla_core.profile import RobotProfile
from vla_simulation.actuation import servo_lead
from vla_simulation.export import bare, main, to_mjcf
from vla_simulation.model import ModelError, build_model, build_spec, set_home

ROBOTS = ['franka', 'ur', 'aloha']


def at_home(name: str, mode: str | None = None, world=None):
    profile = RobotProfile.load(name)
    model = build_model(profile, world, control_mode=mode)
    data = mujoco.MjData(model)
    set_home(profile, model, data)
    return profile, model, data


def run(model: mujoco.MjModel, data: mujoco.MjData, seconds: float) -> None:
    for _ in range(round(seconds / model.opt.timestep)):
        mujoco.mj_step(model, data)


@pytest.mark.parametrize('name', ROBOTS)
def test_every_link_is_a_body_where_the_urdf_has_it(name):
    profile = RobotProfile.load(name)
    urdf = pinocchio.buildModelFromXML(robot_description(profile))
    computed = urdf.createData()
    model = build_model(profile)
    data = mujoco.MjData(model)
    bodies = [frame.name for frame in urdf.frames
              if frame.type == pinocchio.FrameType.BODY and frame.name != 'world']
    assert len(bodies) == model.nbody - 1
    for seed in range(20):
        pinocchio.seed(seed)
        q = pinocchio.randomConfiguration(urdf)
        pinocchio.framesForwardKinematics(urdf, computed, q)
        for index in range(1, urdf.njoints):
            data.joint(urdf.names[index]).qpos = q[urdf.idx_qs[index]]
        mujoco.mj_kinematics(model, data)
        for body in bodies:
            pose = computed.oMf[urdf.getFrameId(body)]
            assert np.allclose(data.body(body).xpos, pose.translation, atol=1e-9)
            assert np.allclose(data.body(body).xmat.reshape(3, 3), pose.rotation, atol=1e-9)


@pytest.mark.parametrize('name', ROBOTS)
def test_mass_matrix_and_gravity_are_those_of_the_urdf(name):
    """MuJoCo's own differ only by the rotors' inertia, which a URDF cannot say."""
    profile = RobotProfile.load(name)
    urdf = pinocchio.buildModelFromXML(robot_description(profile))
    computed = urdf.createData()
    model = build_model(profile)
    data = mujoco.MjData(model)
    dofs = [model.joint(urdf.names[index]).dofadr[0] for index in range(1, urdf.njoints)]
    order = [urdf.idx_vs[index] for index in range(1, urdf.njoints)]
    pinocchio.seed(3)
    q = pinocchio.randomConfiguration(urdf)
    for index in range(1, urdf.njoints):
        data.joint(urdf.names[index]).qpos = q[urdf.idx_qs[index]]
    mujoco.mj_forward(model, data)
    mass = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, mass)
    expected = pinocchio.crba(urdf, computed, q)
    expected = np.triu(expected) + np.triu(expected, 1).T
    rotors = np.diag(model.dof_armature[dofs])
    assert np.allclose(mass[np.ix_(dofs, dofs)] - rotors, expected[np.ix_(order, order)],
                       rtol=1e-6, atol=1e-9)
    gravity = pinocchio.computeGeneralizedGravity(urdf, computed, q)
    assert np.allclose(data.qfrc_bias[dofs], gravity[order], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('name', ROBOTS)
def test_home_stands_clear_of_the_table_and_of_itself(name):
    def table(spec: mujoco.MjSpec) -> None:
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])

    profile, _, data = at_home(name, world=table)
    assert data.ncon == 0
    for arm in profile.arms:
        assert data.site(arm.tip_frame).xpos[2] > 0.2


def test_far_links_do_collide():
    """The exclusions leave what can really meet: the hand folded onto the arm's own base."""
    profile, model, data = at_home('franka')
    for joint, angle in zip(profile.joints, [0.0, -1.2, 0.0, -3.0, 0.0, 1.4, 0.8]):
        data.joint(joint).qpos = angle
    data.joint('fr3_joint2').qpos = 0.6
    mujoco.mj_forward(model, data)
    pairs = {frozenset(model.body(model.geom_bodyid[geom]).name for geom in contact.geom)
             for contact in data.contact}
    assert any('fr3_link0' in pair or 'fr3_link1' in pair or 'fr3_link2' in pair
               for pair in pairs)


def test_an_effort_command_excludes_gravity_where_the_firmware_carries_the_arm():
    _, model, data = at_home('franka', 'effort')
    start = data.qpos.copy()
    run(model, data, 0.5)
    assert np.allclose(data.qpos, start, atol=1e-6)
    data.actuator('fr3_joint1').ctrl = 2.0
    run(model, data, 0.1)
    assert data.joint('fr3_joint1').qvel > 0.1
    assert data.sensor('fr3_joint1_effort').data == pytest.approx(2.0)


def test_effort_stays_within_the_makers_limit():
    _, model, data = at_home('franka', 'effort')
    data.actuator('fr3_joint7').ctrl = 1000.0
    mujoco.mj_step(model, data)
    assert data.actuator('fr3_joint7').force == pytest.approx(12.0)


@pytest.mark.parametrize('name', ROBOTS)
def test_position_servos_go_where_they_are_told(name):
    profile, model, data = at_home(name, 'position')
    goal = profile.home + 0.05
    for joint, angle in zip(profile.joints, goal):
        data.actuator(joint).ctrl = angle
    run(model, data, 1.0)
    reached = np.array([data.joint(joint).qpos[0] for joint in profile.joints])
    assert np.allclose(reached, goal, atol=0.012)


def test_servo_lead_is_the_time_by_which_a_servo_trails():
    profile, model, data = at_home('ur', 'position')
    lead, speed = servo_lead(model, profile.joints), 0.1
    for _ in range(1500):
        for joint, home in zip(profile.joints, profile.home):
            data.actuator(joint).ctrl = home + speed * (data.time + model.opt.timestep)
        mujoco.mj_step(model, data)
    behind = [data.actuator(joint).ctrl[0] - data.joint(joint).qpos[0]
              for joint in profile.joints]
    assert np.allclose(behind, speed * lead, rtol=0.1)


def test_velocity_servos_keep_the_speed():
    _, model, data = at_home('ur', 'velocity')
    data.actuator('wrist_3_joint').ctrl = 0.5
    run(model, data, 0.5)
    assert data.sensor('wrist_3_joint_velocity').data == pytest.approx(0.5, rel=0.02)
    assert data.joint('elbow_joint').qpos == pytest.approx(np.pi / 2, abs=1e-3)


@pytest.mark.parametrize('name', ROBOTS)
def test_fingers_close_together(name):
    profile, model, data = at_home(name)
    for arm in profile.arms:
        data.actuator(arm.gripper.joints[0]).ctrl = arm.gripper.closed
    run(model, data, 0.8)
    for arm in profile.arms:
        first, second = (data.joint(joint).qpos[0] for joint in arm.gripper.joints)
        assert first == pytest.approx(arm.gripper.closed, abs=1e-3)
        assert abs(second) == pytest.approx(first, abs=1e-3)


def test_the_hand_lifts_a_cube():
    def cube(spec: mujoco.MjSpec) -> None:
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.1])
        body = spec.worldbody.add_body(name='cube', pos=[0.30689, 0, 0.486882])
        body.add_freejoint()
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.02, 0.02, 0.02], mass=0.1)

    profile, model, data = at_home('franka', 'position', cube)
    data.actuator('fr3_finger_joint1').ctrl = 0.0
    cube_id = model.body('cube').id
    model.body_gravcomp[cube_id] = 1.0
    run(model, data, 0.5)
    model.body_gravcomp[cube_id] = 0.0
    data.actuator('fr3_joint4').ctrl = profile.home[3] + 0.2
    run(model, data, 1.5)
    tip = data.site('fr3_hand_tcp').xpos
    assert np.linalg.norm(data.body('cube').xpos - tip) < 0.01
    assert tip[2] > 0.5


def test_the_wrist_sensor_feels_a_push_on_the_tool():
    _, model, data = at_home('franka', 'position')
    run(model, data, 0.2)
    before = data.sensor('arm_force').data.copy()
    data.body('fr3_hand').xfrc_applied[:3] = [0.0, 0.0, 10.0]
    run(model, data, 0.2)
    wrist = data.site('arm_wrist').xmat.reshape(3, 3)
    felt = wrist @ (data.sensor('arm_force').data - before)
    assert np.allclose(felt, [0.0, 0.0, -10.0], atol=0.3)


def test_a_world_is_added_before_compilation():
    seen = []

    def world(spec: mujoco.MjSpec) -> None:
        seen.append(spec.modelname)
        spec.worldbody.add_site(name='here')

    model = build_model(RobotProfile.load('ur'), world)
    assert seen == ['ur']
    assert model.site('here').id >= 0


def test_leaders_can_be_left_out():
    profile = RobotProfile.load('aloha')
    model = build_model(profile, arguments={'leaders': 'false'})
    assert model.nu == 14
    set_home(profile, model, mujoco.MjData(model))


def test_leaders_are_moved_by_force():
    profile, model, data = at_home('aloha')
    start = data.qpos.copy()
    run(model, data, 0.3)
    leader = [model.joint(joint).qposadr[0] for joint in profile.leaders[0].joints]
    assert np.allclose(data.qpos[leader], start[leader], atol=1e-3)
    assert model.actuator('leader_left_waist').biasprm[1] == 0.0


def test_the_bare_arm_can_be_written_for_another_simulator(capsys):
    text = to_mjcf(bare(RobotProfile.load('franka'), 'fr3_link8'),
                   {'hand': 'false', 'cameras': 'false'})
    model = mujoco.MjModel.from_xml_string(text)
    assert [model.joint(index).name for index in range(model.njnt)] == [
        f'fr3_joint{index}' for index in range(1, 8)]
    assert all(model.body(f'fr3_link{index}').id > 0 for index in range(9))
    assert main(['franka', '--bare', 'fr3_link8', 'hand=false', 'cameras=false']) == 0
    assert capsys.readouterr().out == text
    assert main(['franka', 'hand=false']) == 1
    assert 'fr3_finger_joint1' in capsys.readouterr().err


def test_what_does_not_fit_is_named():
    profile = RobotProfile.load('ur')
    with pytest.raises(ModelError, match="no control mode 'effort'; it has position, velocity"):
        build_spec(profile, control_mode='effort')
    arm = profile.arms[0]
    lost = profile.model_copy(update={'arms': (arm.model_copy(update={'tip_frame': 'tol0'}),)})
    with pytest.raises(ModelError, match="arm: the robot description has no link 'tol0'"):
        build_spec(lost)
    camera = profile.cameras[0].model_copy(update={'frame': 'frnt'})
    with pytest.raises(ModelError, match="camera front: the robot description has no link 'frnt'"):
        build_spec(profile.model_copy(update={'cameras': (camera,)}))
