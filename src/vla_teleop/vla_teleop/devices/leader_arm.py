"""
Leaders that a person moves: arms of ALOHA, or anything that publishes JointState.

The joint q_f of the arm that is driven follows the leader's q_l as q_f = s q_l + o; a negative s
turns the other way. Torques go back by the same map, so that power is kept: τ_l = s τ_f.
"""
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from vla_core.conversion import ConversionError, joint_order, time_from_message
from vla_core.profile import RobotProfile
from vla_core.validation import Real, StrictModel
from vla_teleop.device import Device, DeviceError, DeviceLost, Subscription
from vla_teleop.sample import ArmInput, TeleopSample

__all__ = ['DEVICE', 'JointMap', 'Leader', 'LeaderArm', 'LeaderArmSettings', 'LeaderGripper']

SQUEEZED = 0.2  # opening of a leader's gripper that takes hold


class JointMap(StrictModel):
    """Which joint of the leader one of the arm follows, and how."""

    source: str = Field(min_length=1, description='joint of the leader')
    scale: Real = Field(default=1.0, description='negative turns the other way')
    offset: Real = Field(default=0.0, description='rad or m, added after the scale')


class LeaderGripper(StrictModel):
    """The leader's handle: its joint, and where that is closed and open."""

    source: str = Field(min_length=1)
    closed: Real
    open: Real


class Leader(StrictModel):
    """One leader and the arm it drives."""

    arm: str = Field(description='arm that is driven')
    topic: str = Field(default='joint_states', description='sensor_msgs/JointState of the leader')
    joints: dict[str, JointMap] = Field(min_length=1, description='by joint of the arm')
    gripper: LeaderGripper | None = None
    effort_topic: str = Field(
        default='', description='target_joint_effort of its force_feedback controller, where that '
        'belongs to another controller manager; empty: none')


class LeaderArmSettings(StrictModel):
    """Options of the device."""

    leaders: tuple[Leader, ...] = Field(
        default=(), description="empty: the profile's leaders, joint for joint")
    dead_man: Literal['squeeze', 'buttons'] = Field(
        default='squeeze', description='closing the handles takes hold until charge is handed '
        'back, or the dead-man of another device')
    stall_s: Real = Field(default=0.2, gt=0, description='of the stream of joint states')


class LeaderArm(Device):
    """Joints of one or more arms, and openings."""

    Settings = LeaderArmSettings

    def __init__(self, settings: LeaderArmSettings, profile: RobotProfile) -> None:
        super().__init__(settings, profile)
        self.stall_s = settings.stall_s
        self.leaders = settings.leaders or leaders_of(profile)
        for leader in self.leaders:
            arm = profile.arm(leader.arm)
            unknown = [name for name in leader.joints if name not in arm.joints]
            if unknown:
                raise DeviceError(f'device leader_arm: arm {arm.name} has no joint {unknown[0]!r}; '
                                  f'there are {", ".join(arm.joints)}')
        if len({leader.arm for leader in self.leaders}) < len(self.leaders):
            raise DeviceError('device leader_arm: two leaders drive the same arm')
        if settings.dead_man == 'squeeze' and any(lead.gripper is None for lead in self.leaders):
            raise DeviceError('device leader_arm: a leader without a gripper cannot be squeezed; '
                              'give it one, or set dead_man: buttons and add a device with buttons')
        self._inputs: dict[str, ArmInput] = {}
        self._stamps: dict[str, int] = {}
        self._times: dict[str, int] = {}
        self._holding = False
        self._fresh = False
        self._problem = ''

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple((topic, 'sensor_msgs/msg/JointState')
                     for topic in dict.fromkeys(leader.topic for leader in self.leaders))

    def open(self) -> None:
        self.release()
        self._inputs.clear()
        self._stamps.clear()
        self._problem = ''

    def take(self, topic: str, message: Any, now_ns: int) -> None:
        """Joint states of one or more leaders; one that repeats its stamp says nothing new."""
        stamp = time_from_message(message.header.stamp)
        for leader in self.leaders:
            if leader.topic != topic or (stamp and self._stamps.get(leader.arm) == stamp):
                continue
            try:
                self._inputs[leader.arm] = _input(leader, message.name, message.position)
            except ConversionError as error:
                self._problem = f'{topic}: {error}'
                continue
            self._stamps[leader.arm], self._times[leader.arm] = stamp, now_ns
            self._fresh = True

    def read(self, now_ns: int) -> TeleopSample | None:
        if self._problem:
            problem, self._problem = self._problem, ''
            raise DeviceLost(problem)
        if not self._fresh:
            return None
        self._fresh = False
        oldest = now_ns - round(self.settings.stall_s * 1e9)
        live = {arm: given for arm, given in self._inputs.items() if self._times[arm] >= oldest}
        if len(live) < len(self._inputs):
            self._holding = False  # one of two has fallen silent: both let go
        if self.settings.dead_man == 'squeeze' and len(live) == len(self.leaders):
            self._holding |= all(given.opening < SQUEEZED for given in live.values())
        return TeleopSample(live, frozenset({'dead_man'}) if self._holding else frozenset())

    def release(self) -> None:
        self._holding = False

    def close(self) -> None:
        self._fresh = False

    def feedback(self, arm: str, torques: Sequence[float]) -> tuple[list[str], list[float]]:
        """Joints of a leader and what they feel, N·m, of ``torques`` [n] on its follower."""
        leader = next(leader for leader in self.leaders if leader.arm == arm)
        by_name: Mapping[str, float] = dict(zip(self.profile.arm(arm).joints, torques))
        return ([joint.source for joint in leader.joints.values()],
                [joint.scale * by_name[name] for name, joint in leader.joints.items()])


def leaders_of(profile: RobotProfile) -> tuple[Leader, ...]:
    """Leaders of a robot that has its own: the first drives the first arm, joint for joint."""
    if not profile.leaders:
        raise DeviceError(f'device leader_arm: robot {profile.name} has no leaders of its own; '
                          'name them in the option leaders')
    return tuple(Leader(
        arm=arm.name, joints={name: JointMap(source=source)
                              for name, source in zip(arm.joints, leader.joints)},
        gripper=leader.gripper and LeaderGripper(
            source=leader.gripper.joints[0], closed=leader.gripper.closed,
            open=leader.gripper.open)) for leader, arm in zip(profile.leaders, profile.arms))


def _input(leader: Leader, names: Sequence[str], positions: Sequence[float]) -> ArmInput:
    if len(names) != len(positions):
        raise ConversionError(f'{len(positions)} positions for {len(names)} joints')
    sources = [joint.source for joint in leader.joints.values()]
    places = np.asarray(positions, np.float64)[joint_order(names, sources)]
    joints = {name: joint.scale * place + joint.offset
              for (name, joint), place in zip(leader.joints.items(), places)}
    opening = None
    if leader.gripper is not None:
        grip = leader.gripper
        place = positions[int(joint_order(names, [grip.source])[0])]
        opening = float(np.clip((place - grip.closed) / (grip.open - grip.closed), 0.0, 1.0))
    return ArmInput(joints=joints, opening=opening)


DEVICE = LeaderArm
