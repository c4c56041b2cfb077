"""Writes the loop's state to shared memory, field by field into one preallocated record."""

from __future__ import annotations

import numpy as np

from vla_control import so3
from vla_control.arm_runner import ArmRunner
from vla_control.controllers.trajectory import JointTrajectoryController
from vla_control.core import ControlCore
from vla_control.loop.lateness import Histogram
from vla_core.shared_memory import Seqlock
from vla_hardware import ControlMode

__all__ = ['MODES', 'StatePublisher']

MODES = tuple(ControlMode)


class _ArmPublisher:
    def __init__(self, runner: ArmRunner, record: np.ndarray) -> None:
        self._runner = runner
        self._record = record
        n = runner.context.model.joints
        self._views = {name: record[name][:n] for name in (
            'position', 'velocity', 'effort', 'command', 'reference_position',
            'reference_velocity')}
        self._wrench, self._pose, self._twist = record['wrench'], record['pose'], record['twist']
        self._reference_pose, self._gripper = record['reference_pose'], record['gripper']
        self._names: tuple[object, object] = (0, 0)

    def fill(self, time: float) -> None:
        runner, record, views = self._runner, self._record, self._views
        state, model, controller = runner.context.state, runner.context.model, runner.controller
        views['position'][:] = state.position
        views['velocity'][:] = state.velocity
        views['effort'][:] = state.effort
        views['command'][:] = runner.command.values
        self._wrench[:] = state.wrench
        model.update_kinematics(state.position)
        pose = self._pose
        pose[:3] = model.translation
        pose[3:] = so3.from_matrix(model.rotation)
        np.matmul(model.jacobian, state.velocity, out=self._twist)
        joints = reference = None
        if controller is not None:
            joints, reference = controller.reference_joints(), controller.reference_pose()
        views['reference_position'][:] = state.position if joints is None else joints
        if reference is None:
            self._reference_pose[:] = pose
        else:
            self._reference_pose[:3], self._reference_pose[3:] = reference
        record['target_age'] = runner.target_age(time)
        record['mode'] = MODES.index(runner.command.mode)
        record['status'] = runner.status
        record['limited'] = runner.limiter.limited
        gripper = runner.gripper
        goal = float('nan') if gripper is None else gripper.motion.goal
        self._gripper[:] = (
            state.gripper_position, state.gripper_velocity, state.gripper_effort, goal)
        if gripper is not None:
            record['gripper_stalled'] = gripper.motion.stalled
            record['gripper_reached'] = gripper.motion.reached
        if isinstance(controller, JointTrajectoryController):
            record['trajectory_number'] = controller.number
            record['trajectory_status'] = controller.status
            views['reference_velocity'][:] = controller.velocity
        if self._names != (controller, gripper):
            self._names = (controller, gripper)
            record['controller'] = '' if controller is None else controller.name
            record['gripper_controller'] = '' if gripper is None else gripper.name


class StatePublisher:
    """Fills and publishes the state record after each tick."""

    def __init__(self, core: ControlCore, lock: Seqlock) -> None:
        self._core = core
        self._lock = lock
        self._record = lock.local
        self._arms = [_ArmPublisher(runner, lock.local['arms'][index])
                      for index, runner in enumerate(core.runners.values())]
        self._texts = ('', '')

    def publish(self, late: Histogram, work: Histogram, missed: int) -> None:
        """Write the present state; the timing figures once in a thousand ticks."""
        core, record = self._core, self._record
        record['stamp_ns'] = core.state.stamp_ns
        record['ticks'] = core.ticks
        record['missed'] = missed
        record['stopped'] = core.latch.engaged
        record['stop_count'] = core.latch.count
        texts = core.latch.reason, core.fault_text
        if texts != self._texts:
            self._texts = texts
            record['stop_reason'], record['fault'] = (text.encode()[:200] for text in texts)
        if core.ticks % 1000 == 1:
            record['late_us'] = (*late.percentiles(0.5, 0.99), late.worst_us)
            record['work_us'] = (*work.percentiles(0.5, 0.99), work.worst_us)
        for arm in self._arms:
            arm.fill(core.time)
        self._lock.write()
