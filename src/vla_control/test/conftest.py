"""Robots in lockstep: the whole control core on the simulation, without processes or real time."""
import numpy as np
import pytest

from vla_control import so3
from vla_control.arm_model import ArmModel
from vla_control.core import ControlCore
from vla_control.safety.parameters import SafetyParameters
from vla_core.profile import RobotProfile
from vla_hardware import create

ALL = ('cartesian_impedance', 'operational_space', 'joint_impedance', 'gravity_compensation',
       'cartesian_admittance', 'cartesian_velocity', 'joint_position', 'joint_velocity',
       'joint_trajectory', 'gripper')


class Lockstep:
    """A core and its clock; every command that reached the hardware is kept in `commands`.

    `sides` are [lower, upper] of another workspace than the profile's.
    """

    def __init__(self, robot='franka', controllers=None, world='none', sides=None, **safety):
        self.profile = RobotProfile.load(robot)
        if sides is not None:
            arms = [arm.model_copy(update={'workspace': arm.workspace.model_copy(update=dict(
                zip(('lower', 'upper'), map(np.asarray, sides))))}) for arm in self.profile.arms]
            self.profile = self.profile.model_copy(update={'arms': tuple(arms)})
        self.hardware = create('sim', self.profile, world=world)
        self.arm = self.profile.arms[0]
        if controllers is None:
            controllers = {kind: {'type': kind, 'arm': self.arm.name} for kind in ALL}
            if robot != 'franka':
                controllers = {k: v for k, v in controllers.items() if k not in ALL[:4]}
        self.core = ControlCore(
            self.profile, self.hardware, controllers, SafetyParameters(**safety))
        self.core.start()
        self.runner = self.core.runners[self.arm.name]
        self.state = self.core.state.arms[0]
        self.model = ArmModel(self.profile, self.arm)
        self.time = 0.0
        self.commands = []

    def pose(self):
        self.model.update_kinematics(self.state.position)
        return self.model.translation.tolist(), so3.from_matrix(self.model.rotation)

    def run(self, seconds, kind=None, target=None, rate=50.0):
        """Tick on, streaming target(t) of a kind."""
        every = max(1, round(1.0 / rate / self.core.dt))
        for tick in range(round(seconds / self.core.dt)):
            if target is not None and tick % every == 0:
                self.core.take_target(self.arm.name, kind, target(self.time), self.time)
            self.core.tick(self.time)
            self.commands.append(self.runner.command.values.copy())
            self.time += self.core.dt
        return self

    def texts(self):
        return ' | '.join(text for _, text in self.core.events)

    def largest_torque_step(self):
        return np.abs(np.diff(np.array(self.commands), axis=0)).max()


@pytest.fixture(name='lockstep')
def _lockstep():
    return Lockstep
