"""ALOHA's arms: MuJoCo's model of them, moved by the motors of simulated servos.

Ids, drive modes and secondary ids are those that the maker ships. A servo that is mounted as its
pair's mirror image turns the other way; its drive mode makes its register agree.
"""

from __future__ import annotations

import math
import threading
import time

import mujoco
import numpy as np

from vla_core.profile import ArmProfile, RobotProfile
from vla_simulation.model import build_model, set_home

from .control_table import SERVOS
from .servo import Servo

__all__ = ['Arm', 'Arms']

TIMESTEP = 0.004  # s of the physics and of the firmware
HAND_STIFFNESS, HAND_DAMPING = 400.0, 40.0  # 1/s² and 1/s, times inertia, of a leading hand
ROTOR = 0.008  # kg·m², inertia of the gripper's motor at its horn
XM540, XM430, XL430 = 'XM540-W270', 'XM430-W350', 'XL430-W250'


# Of each joint and then of the gripper: (id, model, mounted reversed).
VIPERX = (
    ((1, XM540, False),), ((2, XM540, True), (3, XM540, False)),
    ((4, XM540, True), (5, XM540, False)), ((6, XM540, False),), ((7, XM540, True),),
    ((8, XM430, False),), ((9, XM430, False),))
WIDOWX = (
    ((1, XM430, False),), ((2, XM430, False), (3, XM430, True)),
    ((4, XM430, False), (5, XM430, True)), ((6, XM430, False),), ((7, XM430, True),),
    ((8, XL430, False),), ((9, XL430, False),))
VIPERX_CRANK, WIDOWX_CRANK = (0.022, 0.036), (0.014, 0.024)
ASKEW = {3: 9, 5: -14}  # pulses by which the shadows' horns are mounted off


class Arm:
    """One arm: its place in the model and its servos."""

    def __init__(self, model: mujoco.MjModel, profile: ArmProfile, leads: bool) -> None:
        self.name = profile.name
        mountings, self.crank = (WIDOWX, WIDOWX_CRANK) if leads else (VIPERX, VIPERX_CRANK)
        joints = (*profile.joints, profile.gripper.joints[0])
        ids = [model.joint(name).id for name in joints]
        self.joints = joints
        self.joint_ids = np.array(ids)
        self.qpos = model.jnt_qposadr[ids].copy()
        self.dof = model.jnt_dofadr[ids].copy()
        self.actuators = np.array([model.actuator(name).id for name in joints])
        self.servos: list[list[Servo]] = []
        self.home = profile.home
        self._leads = leads
        self._inertia = 1.0 / model.dof_invweight0[self.dof]
        self.load = np.zeros(len(joints))  # N·m from outside
        for servos in mountings:
            main = servos[0][0]
            self.servos.append([
                Servo(SERVOS[kind], id_, {
                    'drive_mode': int(turned),
                    'secondary_id': 255 if id_ == main else main,
                    'homing_offset': (1 if turned else -1) * ASKEW.get(id_, 0),
                }, ASKEW.get(id_, 0))
                for id_, kind, turned in servos])
        self.all_servos = [servo for servos in self.servos for servo in servos]
        self.restore()
        self._turned = [[-1.0 if turned else 1.0 for _, _, turned in servos]
                        for servos in mountings]

    def restore(self) -> None:
        """Nothing is wrong, nothing pulls; a follower without torque is supported."""
        # Where a person leads the joints, rad, and from where: (time, duration, position).
        self.hand: np.ndarray | None = None if self._leads else self.home
        self.hand_from: tuple[float, float, np.ndarray] = (0.0, 1.0, self.home)
        self._supported = not self._leads
        self.load[:] = 0.0
        for servo in self.all_servos:
            servo.restore()

    def servo(self, id_: int) -> Servo:
        """One by its id."""
        return next(servo for servo in self.all_servos if servo.id == id_)

    def to_horns(self, data: mujoco.MjData) -> None:
        """Tell the motors where the joints are, and what they give."""
        for index, servos in enumerate(self.servos):
            angle, speed = float(data.qpos[self.qpos[index]]), float(data.qvel[self.dof[index]])
            if index == len(self.servos) - 1:
                angle, rate = self._horn(angle)
                speed /= rate
            for servo, turned in zip(servos, self._turned[index]):
                motor = servo.motor
                motor.angle, motor.speed = turned * angle, turned * speed
                torque = motor.effort - motor.damping * motor.speed
                motor.torque = min(max(torque, -motor.limit), motor.limit)

    def _horn(self, place: float) -> tuple[float, float]:
        """Angle of the gripper's horn and dx/dθ, kept off the crank's dead centres."""
        horn, rod = self.crank
        sine = (place**2 + horn**2 - rod**2) / (2.0 * horn * place)
        angle = math.asin(min(max(sine, -0.99), 0.99))
        across = horn * math.cos(angle)
        return angle, across * (1.0 + horn * math.sin(angle) / math.sqrt(rod**2 - across**2))

    def drive(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Let the motors act."""
        for index, servos in enumerate(self.servos):
            effort = damping = limit = 0.0
            for servo, turned in zip(servos, self._turned[index]):
                effort += turned * servo.motor.effort
                damping += servo.motor.damping
                limit += servo.motor.limit
            if index == len(self.servos) - 1:
                _, rate = self._horn(data.qpos[self.qpos[index]])
                effort, damping, limit = effort / rate, damping / rate**2, limit / rate
                model.dof_armature[self.dof[index]] = ROTOR / rate**2
            actuator = self.actuators[index]
            data.ctrl[actuator] = effort
            model.actuator_biasprm[actuator, 2] = -damping
            model.actuator_forcerange[actuator] = (-limit, limit)

    def lead(self, data: mujoco.MjData) -> None:
        """What comes from outside: loads, and a hand that leads the arm."""
        data.qfrc_applied[self.dof] = self.load
        if self._supported and all(
                servo.value('torque_enable') for servo in self.all_servos):
            self._supported, self.hand = False, None
        if self.hand is None:
            return
        begun, duration, start = self.hand_from
        share = min((time.monotonic() - begun) / duration, 1.0)
        share = 0.5 - 0.5 * math.cos(math.pi * share)
        target = start + share * (self.hand - start)
        qpos, dof = self.qpos[:len(target)], self.dof[:len(target)]
        data.qfrc_applied[dof] += data.qfrc_bias[dof] + self._inertia[:len(target)] * (
            HAND_STIFFNESS * (target - data.qpos[qpos]) - HAND_DAMPING * data.qvel[dof])


class Arms:
    """All arms of a robot in one world that keeps pace with the clock."""

    def __init__(self, robot: str) -> None:
        profile = RobotProfile.load(robot)
        self.lock = threading.Lock()
        self.model = model = build_model(profile)
        model.opt.timestep = TIMESTEP
        self.data = mujoco.MjData(model)
        set_home(profile, model, self.data)
        leaders = {arm.name for arm in profile.leaders}
        self.arms = {arm.name: Arm(model, arm, arm.name in leaders)
                     for arm in (*profile.arms, *profile.leaders)}
        for arm in self.arms.values():
            model.actuator_gainprm[arm.actuators, 0] = 1.0
            model.actuator_biastype[arm.actuators] = mujoco.mjtBias.mjBIAS_AFFINE
            model.actuator_biasprm[arm.actuators] = 0.0
            model.actuator_ctrllimited[arm.actuators] = 0
            arm.to_horns(self.data)
        self.late = 0

    def lead(self, arm: str, position: list[float] | None, duration: float) -> None:
        """Let a hand lead the arm's joints to `position` (rad) within `duration`, or let go."""
        own = self.arms[arm]
        if position is not None:
            start = self.data.qpos[own.qpos][:len(position)].copy()
            own.hand_from = (time.monotonic(), duration, start)
        own.hand = None if position is None else np.array(position)

    def restore(self, arm: str) -> None:
        """Put an arm home, well and supported."""
        own = self.arms[arm]
        own.restore()
        self.data.qpos[own.qpos[:-1]] = own.home
        self.data.qvel[own.dof] = 0.0

    def step(self) -> None:
        """One step of everything."""
        for arm in self.arms.values():
            for servo in arm.all_servos:
                servo.control(TIMESTEP)
            arm.drive(self.model, self.data)
            arm.lead(self.data)
        mujoco.mj_step(self.model, self.data)
        for arm in self.arms.values():
            arm.to_horns(self.data)

    def run(self, ending: threading.Event) -> None:
        """Step in real time until told to end; time that was lost is not made up for."""
        due = time.monotonic()
        while not ending.is_set():
            due += TIMESTEP
            wait = due - time.monotonic()
            if wait > 0.0:
                time.sleep(wait)
            elif wait < -0.1:
                self.late += 1
                due = time.monotonic()
            with self.lock:
                self.step()
