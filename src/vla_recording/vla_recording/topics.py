"""
The names of what is recorded, and of what an episode's actions are read from.

All are relative, so that a namespace moves them; `absolute` gives the name in a bag.
"""
from collections.abc import Mapping

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile

__all__ = ['CHUNKS', 'EVENTS', 'JOINT_STATES', 'TELEOPERATION', 'absolute', 'gripper_commands',
           'recorded', 'target']

JOINT_STATES = 'joint_states'
CHUNKS = 'committed_chunk'
EVENTS = 'episode_event'
TELEOPERATION = 'teleop_status'
_TARGETS = ('target_pose', 'target_joint', 'target_twist', 'target_joint_velocity',
            'target_wrench', 'target_stiffness')
_MEASURED = ('current_pose', 'current_twist', 'external_wrench')
_STACK = ('action_chunk', CHUNKS, 'execution_status', 'policy_status', 'safety_state',
          TELEOPERATION, 'task_check', EVENTS, 'robot_description', '/tf', '/tf_static')


def recorded(
    profile: RobotProfile, contract: PolicyContract | None = None, more: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """
    What an episode needs: what the contract sees, targets, chunks, safety, TF and joint states.

    Without a contract every camera of the profile takes its place. ``more`` is added, ``without``
    left out, both as names.
    """
    names = [JOINT_STATES]
    if contract is not None:
        names += contract.topics
        images = [image.topic for image in contract.images]
        names += [topic.removesuffix('/compressed').rpartition('/')[0] + '/camera_info'
                  for topic in images if '/' in topic]
    else:
        for camera in profile.cameras:
            names += [f'{camera.name}/image_raw', f'{camera.name}/camera_info']
    for arm in (*profile.arms, *profile.leaders):
        own = _prefix(profile, arm.name)
        names += [own + topic for topic in (*_TARGETS, *_MEASURED)]
    names += [gripper_commands(profile, arm.name)
              for arm in (*profile.arms, *profile.leaders) if arm.gripper]
    names += [*_STACK, *more]
    return tuple(name for name in dict.fromkeys(names) if name not in without)


def target(profile: RobotProfile, arm: str, kind: str) -> str:
    """The topic of an arm's targets of an action kind."""
    name = {'pose': 'target_pose', 'joint_position': 'target_joint', 'twist': 'target_twist',
            'joint_velocity': 'target_joint_velocity'}[kind]
    return _prefix(profile, arm) + name


def gripper_commands(profile: RobotProfile, arm: str) -> str:
    """The topic of an arm's gripper controller: positions of its first joint."""
    name = _prefix(profile, arm).replace('/', '_') + 'gripper_position_controller'
    return f'{name}/commands'


def absolute(name: str, namespace: str = '/', renamed: Mapping[str, str] | None = None) -> str:
    """The name in a bag of a relative one, which ``renamed`` may give another."""
    if renamed and name in renamed:
        name = renamed[name]
    return name if name.startswith('/') else f'{namespace.rstrip("/")}/{name}'


def _prefix(profile: RobotProfile, arm: str) -> str:
    return '' if len(profile.arms) + len(profile.leaders) == 1 else f'{arm}/'
