"""
A suite's world in MuJoCo: put in any scene at once, stepped, looked at, kept and put back.

One model holds a pool of bodies; a scene says which of them stand where and in which colour, so a
reset compiles nothing. A reset writes every field of the model that any scene writes, so nothing of
one episode is left in the next.
"""
from functools import cached_property

import mujoco
import numpy as np

from vla_core.profile import ArmProfile, ControlMode, RobotProfile
from vla_core.validation import near_matches
from vla_simulation import suites
from vla_simulation.bodies import COLOURS
from vla_simulation.contacts import Contacts
from vla_simulation.model import OPTICAL_TO_CAMERA, build_model, set_home
from vla_simulation.scene import Scene, SceneError
from vla_simulation.suites.suite import Suite

__all__ = ['DRESS', 'World', 'WorldState', 'arrange']

SETTLE_S = 0.15
MOST_SETTLING_M = 0.008
# What a scene writes into the model.
DRESS = ('geom_rgba', 'geom_contype', 'geom_conaffinity', 'body_contype',
         'body_conaffinity', 'body_gravcomp', 'cam_pos', 'cam_quat',
         'light_dir', 'light_diffuse', 'light_ambient')
PARKED = np.array([0.0, 0.0, -5.0])
_STATE = mujoco.mjtState.mjSTATE_INTEGRATION


class WorldState:
    """All of a world at one time: physics as MuJoCo's integration state, its dress, its scene."""

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, scene: Scene | None = None,
    ) -> None:
        self.scene = scene
        self.physics = np.empty(mujoco.mj_stateSize(model, _STATE))
        mujoco.mj_getState(model, data, self.physics, _STATE)
        self.dress = {name: getattr(model, name).copy() for name in DRESS}
        self.headlight = model.vis.headlight.ambient.copy(), model.vis.headlight.diffuse.copy()

    def put_back(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Make model and data, of the same world or one built alike, what they were."""
        for name, values in self.dress.items():
            getattr(model, name)[:] = values
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = self.headlight
        mujoco.mj_setState(model, data, self.physics, _STATE)
        mujoco.mj_forward(model, data)


class World:
    """
    The robot of ``profile`` in the world of ``suite``.

    ``control_mode`` is the kind of the arms' actuators, by default the profile's first. With
    ``leaders`` the model has those of the profile, as the simulated robot has.
    """

    def __init__(
        self, suite: Suite | str, profile: RobotProfile | str | None = None,
        control_mode: ControlMode | None = None, leaders: bool = False,
    ) -> None:
        self.suite = suites.load(suite) if isinstance(suite, str) else suite
        profile = profile or self.suite.profiles[0]
        self.profile = RobotProfile.load(profile) if isinstance(profile, str) else profile
        self.suite.check_robot(self.profile)
        arguments = {'leaders': 'false'} if self.profile.leaders and not leaders else {}
        self.model = build_model(
            self.profile, self.suite, control_mode=control_mode, arguments=arguments)
        self.data = mujoco.MjData(self.model)
        self.contacts = Contacts(self.model, self.profile)
        self.scene: Scene | None = None

    def draw(self, family: str, seed: int, axes: tuple[str, ...] = ()) -> Scene:
        """Draw the scene of a seed, as `Suite.draw`."""
        return self.suite.draw(family, seed, axes, self.profile)

    def reset(self, scene: Scene | str, seed: int = 0, axes: tuple[str, ...] = ()) -> Scene:
        """
        Put the world in a scene, or in the one of a family and seed, and return it.

        SceneError names a body, colour or camera that there is not, a spot out of reach, and
        bodies that overlap or do not come to rest.
        """
        if isinstance(scene, str):
            scene = self.draw(scene, seed, axes)
        arrange(self.suite, self.profile, self.model, self.data, scene)
        self.scene = scene
        self.contacts.update(self.data)
        return scene

    def step(self, steps: int = 1) -> None:
        """Go on by ``steps`` of the model's time step."""
        mujoco.mj_step(self.model, self.data, steps)

    @property
    def time_ns(self) -> int:
        """Simulated time since the reset."""
        return round(self.data.time * 1e9)

    def state_snapshot(self) -> WorldState:
        """Keep the state; `restore` puts it back exactly."""
        return WorldState(self.model, self.data, self.scene)

    def restore(self, state: WorldState) -> None:
        """Put back what `state_snapshot` kept, of this world or one built alike."""
        state.put_back(self.model, self.data)
        self.scene = state.scene
        self.contacts.update(self.data)

    def position(self, body: str) -> np.ndarray:
        """World position [3] of a body's origin, m."""
        return self.data.xpos[self._body(body)].copy()

    def rotation(self, body: str) -> np.ndarray:
        """Rotation matrix [3, 3] of a body in the world."""
        return self.data.xmat[self._body(body)].reshape(3, 3).copy()

    def velocity(self, body: str) -> np.ndarray:
        """World linear velocity [3] of a body's origin, m/s."""
        result = np.zeros(6)
        mujoco.mj_objectVelocity(
            self.model, self.data, mujoco.mjtObj.mjOBJ_BODY, self._body(body), result, 0)
        return result[3:]

    def spin(self, body: str) -> float:
        """Angular speed of a body, rad/s."""
        result = np.zeros(6)
        mujoco.mj_objectVelocity(
            self.model, self.data, mujoco.mjtObj.mjOBJ_BODY, self._body(body), result, 0)
        return float(np.linalg.norm(result[:3]))

    def bottom(self, body: str) -> float:
        """Height of a movable body's lowest point above the table, m."""
        index = self._body(body)
        lowest = np.inf
        for geom in range(self.model.body_geomadr[index],
                          self.model.body_geomadr[index] + self.model.body_geomnum[index]):
            up = self.data.geom_xmat[geom].reshape(3, 3)[2]
            size, kind = self.model.geom_size[geom], self.model.geom_type[geom]
            if kind == mujoco.mjtGeom.mjGEOM_BOX:
                drop = np.abs(up) @ size
            elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
                drop = size[0]
            else:
                drop = size[1] * abs(up[2]) + size[0] * np.sqrt(max(0.0, 1 - up[2] ** 2))
            lowest = min(lowest, self.data.geom_xpos[geom][2] - drop)
        return float(lowest)

    def opening(self, arm: ArmProfile) -> float:
        """How far the arm's gripper is open, 0 closed and 1 open."""
        address = self.model.jnt_qposadr[self.model.joint(arm.gripper.joints[0]).id]
        return float(arm.gripper.from_joint(self.data.qpos[address]))

    def joints(self, arm: ArmProfile) -> np.ndarray:
        """Joint positions [n] of an arm, rad."""
        ids = [self.model.joint(name).id for name in arm.joints]
        return self.data.qpos[self.model.jnt_qposadr[ids]].copy()

    def site_pose(self, site: str) -> tuple[np.ndarray, np.ndarray]:
        """World position [3] and rotation matrix [3, 3] of a site."""
        index = self.model.site(site).id
        return self.data.site_xpos[index].copy(), self.data.site_xmat[index].reshape(3, 3).copy()

    @cached_property
    def movable_bodies(self) -> tuple[str, ...]:
        """All movable bodies of the pool, in the scene or not."""
        return tuple(self.suite.movables)

    @property
    def present_movables(self) -> list[str]:
        """The movable bodies of the scene."""
        return [place.body for place in self.scene.placements
                if place.body in self.suite.movables]

    def _body(self, name: str) -> int:
        index = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, name)
        if index < 0:
            raise SceneError(f'no body {name!r} in suite {self.suite.name}; '
                             f'{near_matches(name, [*self.suite.movables, *self.suite.fixtures])}')
        return index


def arrange(
    suite: Suite, profile: RobotProfile, model: mujoco.MjModel, data: mujoco.MjData, scene: Scene,
) -> None:
    """Put ``scene`` into a model that was built with the world of ``suite``; see `World.reset`."""
    _check(suite, profile, model, scene)
    mujoco.mj_resetData(model, data)
    set_home(profile, model, data)
    _offset_arms(profile, model, data, scene)
    placed = {place.body: place for place in scene.placements}
    for name in suite.movables:
        address = model.jnt_qposadr[model.joint(f'{name}_free').id]
        if name in placed:
            place = placed[name]
            data.qpos[address:address + 3] = place.position
            data.qpos[address + 3:address + 7] = _yaw(place.yaw)
            _show(model, name, place.colour, solid=True)
            model.body_gravcomp[model.body(name).id] = 0.0
        else:
            data.qpos[address:address + 3] = PARKED
            _show(model, name, None, solid=False)
    for name, kind in suite.fixtures.items():
        mocap = model.body_mocapid[model.body(name).id]
        if name in placed:
            place = placed[name]
            data.mocap_pos[mocap], data.mocap_quat[mocap] = place.position, _yaw(place.yaw)
            _show(model, name, place.colour, solid=kind != 'pad')
        else:
            data.mocap_pos[mocap] = PARKED
            _show(model, name, None, solid=False)
    _dress(model, scene)
    mujoco.mj_forward(model, data)
    _settle(suite, profile, model, data, scene)


def _check(suite: Suite, profile: RobotProfile, model: mujoco.MjModel, scene: Scene) -> None:
    if scene.suite != suite.name:
        raise SceneError(f'scene: suite: is of {scene.suite!r}, not of {suite.name!r}')
    suite.family(scene.family)
    for place in scene.placements:
        known = [*suite.movables, *suite.fixtures]
        if place.body not in known:
            raise SceneError(f'scene: no body {place.body!r}; {near_matches(place.body, known)}')
        if place.colour not in COLOURS:
            raise SceneError(
                f'scene: {place.body}: no colour {place.colour!r}; '
                f'{near_matches(place.colour, COLOURS)}')
        _check_reach(profile, model, scene, place.body, np.array(place.position))
    cameras = [model.camera(index).name for index in range(model.ncam)]
    for shift in scene.appearance.cameras:
        if shift.camera not in cameras:
            raise SceneError(
                f'scene: no camera {shift.camera!r}; {near_matches(shift.camera, cameras)}')
    if len(scene.start) != len(profile.joints):
        raise SceneError(f'scene: start: needs {len(profile.joints)} numbers, one a joint of '
                         f'{profile.name}, has {len(scene.start)}')
    for arm in scene.arms:
        profile.arm(arm)


def _check_reach(profile: RobotProfile, model: mujoco.MjModel, scene: Scene, body: str,
                 position: np.ndarray) -> None:
    """Refuse a spot that is in no arm's workspace."""
    for arm in profile.arms:
        base = model.body(arm.base_frame).id
        at, turn = _pose_in_world(model, base)
        local = turn.T @ (position - at)
        inside = (arm.workspace.lower[:2] <= local[:2]) & (local[:2] <= arm.workspace.upper[:2])
        if inside.all() and position[2] >= 0.0 and local[2] <= arm.workspace.upper[2]:
            return
    where = ', '.join(f'{value:.3f}' for value in position)
    raise SceneError(f'scene: {body} at ({where}) is out of reach of {profile.name}')


def _pose_in_world(model: mujoco.MjModel, body: int) -> tuple[np.ndarray, np.ndarray]:
    """Pose of a body that does not move."""
    position, turn = np.zeros(3), np.eye(3)
    while body:
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, model.body_quat[body])
        matrix = matrix.reshape(3, 3)
        position, turn = model.body_pos[body] + matrix @ position, matrix @ turn
        body = model.body_parentid[body]
    return position, turn


def _offset_arms(
    profile: RobotProfile, model: mujoco.MjModel, data: mujoco.MjData, scene: Scene,
) -> None:
    limits = profile.limits
    positions = np.clip(profile.home + scene.start, limits.position_lower, limits.position_upper)
    for name, position in zip(profile.joints, positions):
        data.qpos[model.jnt_qposadr[model.joint(name).id]] = position
        actuator = model.actuator(name).id
        if model.actuator_biasprm[actuator, 1] != 0.0:
            data.ctrl[actuator] = position


def _yaw(angle: float) -> tuple[float, float, float, float]:
    return float(np.cos(angle / 2)), 0.0, 0.0, float(np.sin(angle / 2))


def _show(model: mujoco.MjModel, name: str, colour: str | None, solid: bool) -> None:
    """Colour a body of the pool and let it collide, or hide it."""
    body = model.body(name).id
    geoms = slice(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body])
    model.geom_rgba[geoms] = (0, 0, 0, 0) if colour is None else (*COLOURS[colour], 1)
    model.geom_contype[geoms] = model.geom_conaffinity[geoms] = int(solid)
    model.body_contype[body] = model.body_conaffinity[body] = int(solid)
    model.body_gravcomp[body] = 1.0


def _dress(model: mujoco.MjModel, scene: Scene) -> None:
    look = scene.appearance
    for name in ('table', 'floor', 'wall'):
        model.geom_rgba[model.geom(name).id] = (*np.clip(getattr(look, name), 0, 1), 1)
    lamp = model.light('lamp').id
    model.light_dir[lamp] = look.light_direction
    model.light_diffuse[lamp] = look.light * np.array(look.tint)
    model.light_ambient[lamp] = 0.0
    model.vis.headlight.ambient[:] = look.ambient * np.array(look.tint)
    model.vis.headlight.diffuse[:] = 0.18 * np.array(look.tint)
    model.cam_pos[:] = 0.0
    model.cam_quat[:] = OPTICAL_TO_CAMERA
    for shift in look.cameras:
        camera = model.camera(shift.camera).id
        turn = np.array(shift.rotation)
        angle = np.linalg.norm(turn)
        delta = np.array([1.0, 0.0, 0.0, 0.0])
        if angle > 0:
            mujoco.mju_axisAngle2Quat(delta, turn / angle, angle)
        model.cam_pos[camera] = shift.translation
        mujoco.mju_mulQuat(model.cam_quat[camera], delta, np.array(OPTICAL_TO_CAMERA))


def _settle(
    suite: Suite, profile: RobotProfile, model: mujoco.MjModel, data: mujoco.MjData, scene: Scene,
) -> None:
    """Let the bodies come to rest with the arms held still; SceneError if they do not."""
    arms = [model.joint(name).id for name in profile.joints]
    qpos, dofs = model.jnt_qposadr[arms], model.jnt_dofadr[arms]
    held = data.qpos[qpos].copy()
    bodies = [place.body for place in scene.placements if place.body in suite.movables]
    for body in bodies:
        _refuse_overlap(model, data, body)
    for _ in range(round(SETTLE_S / model.opt.timestep)):
        mujoco.mj_step(model, data)
        data.qpos[qpos], data.qvel[dofs] = held, 0.0
    for body in bodies:
        moved = np.linalg.norm(data.body(body).xpos - scene.placement(body).position)
        if moved > MOST_SETTLING_M:
            raise SceneError(f'scene: {body} does not rest where it is placed: '
                             f'it moved {1000 * moved:.0f} mm before the start')
    data.time = 0.0
    data.qvel[:] = 0.0
    data.qacc_warmstart[:] = 0.0
    mujoco.mj_forward(model, data)


def _refuse_overlap(model: mujoco.MjModel, data: mujoco.MjData, body: str) -> None:
    index = model.body(body).id
    for contact in data.contact[:data.ncon]:
        pair = model.geom_bodyid[contact.geom[0]], model.geom_bodyid[contact.geom[1]]
        if index in pair and contact.dist < -0.001:
            other = pair[0] if pair[1] == index else pair[1]
            name = model.body(other).name
            raise SceneError(
                f'scene: {body} overlaps {"the table" if name == "world" else name} '
                f'by {-1000 * contact.dist:.0f} mm')
