"""The gripper as a tool: the point between its pads, how far its fingers reach, where it is."""
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_core.profile import ArmProfile
from vla_simulation.kinematics import ArmKinematics
from vla_simulation.world import World

__all__ = ['Tool']

# The frame between the pads where it is not the tip frame itself.
FIRM_N = 15.0
PADS = {'tool0': 'gripper_tcp'}


@dataclass(frozen=True, eq=False)
class Tool:
    """
    Poses of the point between an arm's pads, in the world.

    ``reach`` is how far the fingers go on beyond the point, ``depth`` half their depth across the
    direction in which they close, in m.
    """

    world: World
    arm: ArmProfile
    kinematics: ArmKinematics
    offset: np.ndarray
    reach: float
    depth: float
    home_yaw: float

    @classmethod
    def of(cls, world: World, arm_name: str) -> 'Tool':
        """The tool of an arm."""
        arm = world.profile.arm(arm_name)
        frame = PADS.get(arm.tip_frame, arm.tip_frame)
        kinematics = ArmKinematics(world.profile, arm)
        tip, turn = kinematics.forward(arm.home)
        pads, _ = ArmKinematics(world.profile, arm, frame).forward(arm.home)
        offset = turn.T @ (pads - tip)
        _, turn = kinematics.to_world(tip, turn)
        reach, depth = _finger_extent(world, arm, frame)
        return cls(world, arm, kinematics, offset, reach, depth,
                   float(np.arctan2(turn[1, 0], turn[0, 0])))

    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Position [3] and rotation [3, 3] of the point between the pads."""
        position, rotation = self.world.site_pose(self.arm.tip_frame)
        return position + rotation @ self.offset, rotation

    def opening(self) -> float:
        """How far the gripper is open."""
        return self.world.opening(self.arm)

    def joints(self) -> np.ndarray:
        """Joint positions [n] of the arm, rad."""
        return self.world.joints(self.arm)

    def servo_droop(self) -> np.ndarray:
        """
        How far [n] the joints hang below a set-point, rad: h(q, 0) / k, 0 for arms by effort.

        What is to be reached by a proportional servo must be commanded by so much beyond, as a
        leader arm in a person's hand does without thinking.
        """
        model, data = self.world.model, self.world.data
        actuators = [model.actuator(name).id for name in self.arm.joints]
        stiffness = -model.actuator_biasprm[actuators, 1]
        if not np.all(stiffness > 0):
            return np.zeros(len(actuators))
        dofs = model.jnt_dofadr[model.actuator_trnid[actuators, 0]]
        return (data.qfrc_bias[dofs] - data.qfrc_gravcomp[dofs]) / stiffness

    def holds(self, body: str) -> bool:
        """Whether the fingers hold a body."""
        return self.world.contacts.holds(self.arm.name, body)

    def grips(self, body: str) -> bool:
        """Whether the fingers hold a body and press on it firmly."""
        actuator = self.world.model.actuator(self.arm.gripper.joints[0]).id
        return self.holds(body) and abs(self.world.data.actuator_force[actuator]) > FIRM_N

    def tip_in_base(
        self, position: np.ndarray, rotation: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The tip pose in the base frame that brings the tool point to a pose in the world."""
        return self.kinematics.from_world(position - rotation @ self.offset, rotation)


def _finger_extent(world: World, arm: ArmProfile, frame: str) -> tuple[float, float]:
    """How far the finger tips go beyond ``frame`` along its approach axis, and half their depth."""
    model = world.model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    origin = data.body(frame)
    axes = origin.xmat.reshape(3, 3)
    finger = model.jnt_bodyid[model.joint(arm.gripper.joints[0]).id]
    closing = axes.T @ data.xaxis[model.joint(arm.gripper.joints[0]).id]
    approach = axes.T @ (data.xpos[finger] - origin.xpos)
    out = int(np.argmax(np.abs(approach) * (np.abs(closing) < 0.5)))
    across = 3 - out - int(np.argmax(np.abs(closing)))
    tips = []
    for geom in range(model.body_geomadr[finger],
                      model.body_geomadr[finger] + model.body_geomnum[finger]):
        turn = axes.T @ data.geom_xmat[geom].reshape(3, 3)
        centre = axes.T @ (data.geom_xpos[geom] - origin.xpos)
        half = np.abs(turn) @ model.geom_size[geom]
        tips.append((centre[out] + half[out], half[across]))
    return float(max(tips)[0]), float(max(tips)[1])
