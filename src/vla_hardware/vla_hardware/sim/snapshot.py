"""The simulated world's state, shared with the processes that render its cameras.

Positions and velocities are MuJoCo's own `qpos` and `qvel`; a reader builds the same model and
copies them into its own MjData, so that rendering never holds up the control loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_hardware.shared_memory import Seqlock, SharedBlock, seqlock_dtype

__all__ = ['Snapshot', 'SnapshotReader', 'SnapshotWriter']

_MAGIC, _VERSION = 'VLASNAP', 1


def _layout(model: mujoco.MjModel) -> np.dtype:
    payload = np.dtype([
        ('stamp_ns', '<i8'),
        ('time', '<f8'),
        ('resets', '<u8'),
        ('qpos', '<f8', (model.nq,)),
        ('qvel', '<f8', (model.nv,)),
        ('mocap_pos', '<f8', (model.nmocap, 3)),
        ('mocap_quat', '<f8', (model.nmocap, 4)),
    ], align=True)
    return np.dtype([('state', seqlock_dtype(payload))])


@dataclass
class Snapshot:
    """When the state was taken: steady-clock ns, simulated seconds, world resets so far."""

    stamp_ns: int
    time: float
    resets: int


class SnapshotWriter:
    """The simulation's side."""

    def __init__(self, name: str, model: mujoco.MjModel) -> None:
        self._block = SharedBlock.create(name, _MAGIC, _VERSION, _layout(model))
        self._lock = Seqlock(self._block.record['state'])
        local = self._lock.local
        self._qpos, self._qvel = local['qpos'], local['qvel']
        self._mocap_pos, self._mocap_quat = local['mocap_pos'], local['mocap_quat']

    def write(self, data: mujoco.MjData, stamp_ns: int, resets: int) -> None:
        """Publish the present state."""
        local = self._lock.local
        local['stamp_ns'] = stamp_ns
        local['time'] = data.time
        local['resets'] = resets
        self._qpos[:] = data.qpos
        self._qvel[:] = data.qvel
        if len(self._mocap_pos):
            self._mocap_pos[:] = data.mocap_pos
            self._mocap_quat[:] = data.mocap_quat
        self._lock.write()

    def close(self) -> None:
        """Remove the block's name."""
        self._block.close()


class SnapshotReader:
    """A camera's side; SharedMemoryError when no simulation of the same model runs."""

    def __init__(self, name: str, model: mujoco.MjModel) -> None:
        self._block = SharedBlock.attach(name, _MAGIC, _VERSION, _layout(model))
        self._lock = Seqlock(self._block.record['state'])

    def read(self, data: mujoco.MjData) -> Snapshot:
        """Copy the newest state into `data` (call `mj_forward` before rendering)."""
        state = self._lock.read()
        data.qpos[:] = state['qpos']
        data.qvel[:] = state['qvel']
        data.mocap_pos[:] = state['mocap_pos']
        data.mocap_quat[:] = state['mocap_quat']
        data.time = float(state['time'])
        return Snapshot(int(state['stamp_ns']), float(state['time']), int(state['resets']))
