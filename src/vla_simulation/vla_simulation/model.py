"""
The MuJoCo model of a robot, built from the same xacro that ROS uses.

Every link is a body and every joint a joint of the same name; nothing is merged away, so a frame
of the URDF is found by name. On top come

- an actuator ``<joint>`` for each joint of an arm, by control mode, and for ``joints[0]`` of a
  gripper; mimic joints follow by an equality constraint,
- a site named after each arm's tip frame, and ``<arm>_wrist`` where its tool is fastened,
- sensors ``<joint>_position``, ``<joint>_velocity``, ``<joint>_effort`` (what the actuator applies)
  and ``<arm>_force``, ``<arm>_torque`` at the wrist site, by which the arm holds its tool against
  weight and contact, in the site's axes,
- the cameras of the profile, in their optical frames.

Where the firmware carries the arm (``gravity_compensated``), so does the model: an effort command
then excludes gravity, as libfranka's does. Solids that are seen are in group 2, those that collide
in group 3. Units are SI.
"""
from collections.abc import Callable, Iterator
from itertools import combinations

import mujoco
import numpy as np

from vla_core.description import robot_description
from vla_core.profile import ArmProfile, ControlMode, RobotProfile
from vla_simulation import urdf
from vla_simulation.actuation import add_gripper_actuator, add_joint_actuator

__all__ = ['ModelError', 'World', 'build_model', 'build_spec', 'set_home']

World = Callable[[mujoco.MjSpec], None]

TIMESTEP = 0.001
VISUAL_GROUP, COLLISION_GROUP = 2, 3
# Rubber: sliding, torsional (m) and rolling (m) friction of what grips.
FINGER_FRICTION = (1.2, 0.01, 0.0005)
MIMIC_SOLREF, MIMIC_SOLIMP = (0.005, 1.0), (0.95, 0.99, 0.001, 0.5, 2.0)
# An optical frame looks along z with y down, a MuJoCo camera along −z with y up (wxyz).
OPTICAL_TO_CAMERA = (0.0, 1.0, 0.0, 0.0)


class ModelError(ValueError):
    """A profile and a robot description that do not fit together; one line."""


def build_model(
    profile: RobotProfile, world: World | None = None, *,
    control_mode: ControlMode | None = None, arguments: dict[str, str] | None = None,
) -> mujoco.MjModel:
    """
    Compile the robot of ``profile``, and what ``world`` adds around it.

    ``world`` is called with the MjSpec before it is compiled. ``control_mode`` defaults to the
    first of the profile's. ``arguments`` override xacro arguments of the profile; an arm or a
    leader that they leave out is left out here too.
    """
    spec = build_spec(profile, control_mode=control_mode, arguments=arguments)
    if world is not None:
        world(spec)
    return spec.compile()


def build_spec(
    profile: RobotProfile, *, control_mode: ControlMode | None = None,
    arguments: dict[str, str] | None = None,
) -> mujoco.MjSpec:
    """As `build_model`, but an MjSpec that can still be edited."""
    mode = control_mode or profile.control_modes[0]
    if mode not in profile.control_modes:
        raise ModelError(f'robot {profile.name} has no control mode {mode!r}; '
                         f'it has {", ".join(profile.control_modes)}')
    robot = urdf.parse(robot_description(profile, **(arguments or {})))
    spec = mujoco.MjSpec()
    spec.modelname = profile.name
    spec.compiler.degree = False
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    leaders = [arm for arm in profile.leaders if arm.base_frame in robot.links]
    carried = {link for arm in (*leaders, *(profile.arms if profile.gravity_compensated else ()))
               for link in _links_of(robot, arm)}
    _add_links(spec, robot, carried)
    _add_mimics(spec, robot)
    _add_exclusions(spec, robot)
    for arm in profile.arms:
        _add_arm(spec, robot, arm, mode)
    for leader in leaders:
        _add_arm(spec, robot, leader, 'effort')
    for camera in profile.cameras:
        body = _body(spec, camera.frame, f'camera {camera.name}')
        body.add_camera(name=camera.name, quat=OPTICAL_TO_CAMERA, fovy=camera.fovy,
                        resolution=[camera.width, camera.height])
    return spec


def set_home(profile: RobotProfile, model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Put every arm at home with its gripper open, at rest, and aim position servos there."""
    for arm in (*profile.arms, *profile.leaders):
        if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, arm.joints[0]) < 0:
            continue
        for name, position in zip(arm.joints, arm.home):
            _place(model, data, name, position)
        if arm.gripper is not None:
            _place(model, data, arm.gripper.joints[0], arm.gripper.open)
    for index in range(model.neq):
        if model.eq_type[index] == mujoco.mjtEq.mjEQ_JOINT:
            follower, leader = model.eq_obj1id[index], model.eq_obj2id[index]
            offset, multiplier = model.eq_data[index][:2]
            data.qpos[model.jnt_qposadr[follower]] = (
                offset + multiplier * data.qpos[model.jnt_qposadr[leader]])
    mujoco.mj_forward(model, data)


def _place(model: mujoco.MjModel, data: mujoco.MjData, name: str, position: float) -> None:
    joint = model.joint(name).id
    data.qpos[model.jnt_qposadr[joint]] = position
    data.qvel[model.jnt_dofadr[joint]] = 0.0
    actuator = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_ACTUATOR, name)
    if actuator >= 0:
        holds = model.actuator_biasprm[actuator, 1] != 0.0
        data.ctrl[actuator] = position if holds else 0.0


def _links_of(robot: urdf.Robot, arm: ArmProfile) -> Iterator[str]:
    """The links that move with the arm's first joint."""
    waiting = [_joint(robot, arm, arm.joints[0]).child]
    while waiting:
        link = waiting.pop()
        yield link
        waiting.extend(joint.child for joint in robot.children(link))


def _joint(robot: urdf.Robot, arm: ArmProfile, name: str) -> urdf.Joint:
    if name not in robot.joints:
        raise ModelError(f'arm {arm.name}: the robot description has no joint {name!r}')
    return robot.joints[name]


def _body(spec: mujoco.MjSpec, name: str, what: str) -> mujoco.MjsBody:
    body = spec.body(name)
    if body is None:
        raise ModelError(f'{what}: the robot description has no link {name!r}')
    return body


def _wxyz(quaternion: np.ndarray) -> np.ndarray:
    return np.roll(quaternion, 1)


def _add_links(spec: mujoco.MjSpec, robot: urdf.Robot, carried: set[str]) -> None:
    root = spec.worldbody
    if robot.root != 'world':
        root = root.add_body(name=robot.root)
    gripping = {joint.child for joint in robot.joints.values() if joint.kind == 'prismatic'}
    waiting = [(robot.root, root)]
    while waiting:
        name, body = waiting.pop()
        _fill_body(body, robot.links[name], name in carried, name in gripping)
        for joint in robot.children(name):
            child = body.add_body(name=joint.child, pos=joint.pose.position,
                                  quat=_wxyz(joint.pose.quaternion))
            if joint.moves:
                _add_joint(child, joint)
            waiting.append((joint.child, child))


def _fill_body(body: mujoco.MjsBody, link: urdf.Link, carried: bool, gripping: bool) -> None:
    if carried:
        body.gravcomp = 1.0
    if link.inertial is not None and link.name != 'world':
        body.explicitinertial = True
        body.mass = link.inertial.mass
        body.ipos = link.inertial.pose.position
        moments, axes = np.linalg.eigh(link.inertial.inertia)
        if np.linalg.det(axes) < 0:
            axes[:, 0] *= -1
        turn = np.empty(4)
        mujoco.mju_mat2Quat(turn, axes.ravel())
        body.iquat = np.empty(4)
        mujoco.mju_mulQuat(body.iquat, _wxyz(link.inertial.pose.quaternion), turn)
        body.inertia = moments
    for solid in link.visuals:
        _add_geom(body, solid, group=VISUAL_GROUP, contype=0, conaffinity=0)
    grip = {'friction': FINGER_FRICTION, 'condim': 4, 'priority': 1} if gripping else {}
    for solid in link.collisions:
        _add_geom(body, solid, group=COLLISION_GROUP, **grip)


def _add_geom(body: mujoco.MjsBody, solid: urdf.Solid, **properties) -> None:
    kinds = {'box': mujoco.mjtGeom.mjGEOM_BOX, 'sphere': mujoco.mjtGeom.mjGEOM_SPHERE,
             'cylinder': mujoco.mjtGeom.mjGEOM_CYLINDER, 'capsule': mujoco.mjtGeom.mjGEOM_CAPSULE}
    if solid.kind == 'box':
        size = [side / 2 for side in solid.size]
    elif solid.kind == 'sphere':
        size = [solid.size[0], 0.0, 0.0]
    else:
        size = [solid.size[0], solid.size[1] / 2, 0.0]
    body.add_geom(type=kinds[solid.kind], size=size, pos=solid.pose.position,
                  quat=_wxyz(solid.pose.quaternion), rgba=solid.rgba, mass=0.0, **properties)


def _add_joint(body: mujoco.MjsBody, joint: urdf.Joint) -> None:
    slides = joint.kind == 'prismatic'
    added = body.add_joint(
        name=joint.name, axis=joint.axis, damping=joint.damping, frictionloss=joint.friction,
        armature=joint.armature,
        type=mujoco.mjtJoint.mjJNT_SLIDE if slides else mujoco.mjtJoint.mjJNT_HINGE)
    added.limited = np.isfinite(joint.lower)
    if np.isfinite(joint.lower):
        added.range = [joint.lower, joint.upper]


def _add_mimics(spec: mujoco.MjSpec, robot: urdf.Robot) -> None:
    for joint in robot.joints.values():
        if joint.mimic is not None:
            equality = spec.add_equality(
                type=mujoco.mjtEq.mjEQ_JOINT, name=f'{joint.name}_mimic', name1=joint.name,
                name2=joint.mimic.joint, solref=MIMIC_SOLREF, solimp=MIMIC_SOLIMP)
            equality.data[:2] = [joint.mimic.offset, joint.mimic.multiplier]


def _add_exclusions(spec: mujoco.MjSpec, robot: urdf.Robot) -> None:
    """No contact between links that have at most two moving joints between them."""
    solid = [link.name for link in robot.links.values() if link.collisions]
    chains = {name: [joint.name for joint in robot.chain(name) if joint.moves] for name in solid}
    for first, second in combinations(solid, 2):
        between = set(chains[first]) ^ set(chains[second])
        if 0 < len(between) <= 2 and (chains[first] or chains[second]):
            spec.add_exclude(bodyname1=first, bodyname2=second)


def _add_arm(
    spec: mujoco.MjSpec, robot: urdf.Robot, arm: ArmProfile, mode: ControlMode,
) -> None:
    for name in arm.joints:
        add_joint_actuator(spec, _joint(robot, arm, name), mode)
    if arm.gripper is not None:
        add_gripper_actuator(
            spec, _joint(robot, arm, arm.gripper.joints[0]), arm.gripper)
    _body(spec, arm.tip_frame, f'arm {arm.name}').add_site(name=arm.tip_frame, group=4)
    wrist = f'{arm.name}_wrist'
    _body(spec, _flange(robot, arm), f'arm {arm.name}').add_site(name=wrist, group=4)
    sensor = mujoco.mjtSensor
    for name in (*arm.joints, *(arm.gripper.joints if arm.gripper else ())):
        for quantity, kind in (('position', sensor.mjSENS_JOINTPOS),
                               ('velocity', sensor.mjSENS_JOINTVEL),
                               ('effort', sensor.mjSENS_JOINTACTFRC)):
            spec.add_sensor(name=f'{name}_{quantity}', type=kind, objname=name,
                            objtype=mujoco.mjtObj.mjOBJ_JOINT)
    for quantity, kind in (('force', sensor.mjSENS_FORCE), ('torque', sensor.mjSENS_TORQUE)):
        spec.add_sensor(name=f'{arm.name}_{quantity}', type=kind, objname=wrist,
                        objtype=mujoco.mjtObj.mjOBJ_SITE)


def _flange(robot: urdf.Robot, arm: ArmProfile) -> str:
    """The first link on the way to the tip that is fixed to the last joint's link."""
    last = _joint(robot, arm, arm.joints[-1])
    chain = robot.chain(arm.tip_frame)
    if last not in chain:
        raise ModelError(f'arm {arm.name}: {arm.joints[-1]} does not carry {arm.tip_frame}')
    beyond = chain[chain.index(last) + 1:]
    return beyond[0].child if beyond else last.child
