"""What the execution node is told."""
from typing import Literal

from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel
from vla_execution.faults import Faults

__all__ = ['ExecutionParameters', 'FaultParameters']


class FaultParameters(StrictModel):
    """A bad link between policy and robot, to try a strategy on; nothing by default."""

    delay: Real = parameter(0.0, ge=0, le=10, unit='s', description='added to every chunk')
    jitter: Real = parameter(
        0.0, ge=0, le=10, unit='s', description='uniformly up to this much more')
    loss: Real = parameter(0.0, ge=0, le=1, description='share of chunks that never arrive')
    reorder: Real = parameter(
        0.0, ge=0, le=1, description='share of chunks that later ones overtake')
    cold_start: Real = parameter(
        0.0, ge=0, le=60, unit='s', description='added to the first chunk')
    seed: int = parameter(0, ge=0, description='of the random faults')

    @property
    def faults(self) -> Faults:
        """The same for `FaultInjector`."""
        return Faults(delay_s=self.delay, jitter_s=self.jitter, loss=self.loss,
                      reorder=self.reorder, cold_start_s=self.cold_start)


class ExecutionParameters(StrictModel):
    """Parameters of the node `execution`."""

    contract: str = parameter(
        'mini_franka', read_only=True,
        description='policy contract whose actions are executed, by name or path')
    robot: str = parameter(
        '', read_only=True,
        description="robot profile, by name or path; empty takes the contract's")
    strategy: str = parameter('rtc', description='how chunks that overlap are merged')
    rate: Real = parameter(
        100.0, ge=10, le=1000, read_only=True, unit='Hz', description='of the targets streamed')
    law: Literal['jerk_limited', 'stepped'] = parameter(
        'jerk_limited', read_only=True,
        description='within the limits, or each action at once as it is')
    limit_scale: Real = parameter(
        0.8, gt=0, le=1, read_only=True, description="share of the profile's motion limits used")
    horizon: Literal['full', 'consensus'] = parameter(
        'full', read_only=True, description='how many steps of a chunk are run')
    speed: Real = parameter(
        1.0, ge=0.1, le=10, read_only=True,
        description='of the robot, relative to that of the policy')
    output: Literal['targets', 'trajectory', 'commands'] = parameter(
        'targets', read_only=True,
        description='target_pose and target_joint, or topics of ros2_control')
    trajectory_controller: str = parameter(
        'joint_trajectory_controller', read_only=True,
        description='takes joint_trajectory under output trajectory')
    position_controller: str = parameter(
        'forward_position_controller', read_only=True,
        description='takes commands under output commands')
    gripper_controller: str = parameter(
        'gripper_position_controller', read_only=True,
        description='takes gripper commands; empty: none does')
    autostart: bool = parameter(
        True, read_only=True, description='begin as soon as the state of the robot is known')
    hold_timeout: Real = parameter(
        1.0, ge=0, le=60, unit='s',
        description='targets are streamed for so long after the plan has ended')
    max_state_age: Real = parameter(
        0.5, gt=0, le=10, unit='s', description='an older state of the robot is not known')
    max_deviation: Real = parameter(
        0.4, gt=0, description='of the robot from its reference; beyond, chunks are refused '
        '(m, or rad for joints)')
    faults: FaultParameters = FaultParameters()
