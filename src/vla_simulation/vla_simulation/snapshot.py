"""
The state of a world as others see it: what a camera process needs to render it.

`WorldSnapshot` lays physics (qpos, mocap bodies) and dress (colours, cameras, lights, what a scene
writes into the model) into one NumPy record, so that it can lie in shared memory. A writer never
waits: the record is guarded by a sequence number that is odd while it is written, and a reader that
saw it change reads again (Lamport, "Concurrent reading and writing", 1977).
"""
from multiprocessing import shared_memory

import mujoco
import numpy as np

from vla_simulation.world import DRESS

__all__ = ['SharedSnapshot', 'WorldSnapshot']

READ_ATTEMPTS = 1000


class WorldSnapshot:
    """Copies a world's state between MuJoCo and a record of ``layout``."""

    def __init__(self, model: mujoco.MjModel) -> None:
        state = [('time', '<f8'), ('qpos', '<f8', (model.nq,)),
                 ('mocap_pos', '<f8', (model.nmocap, 3)),
                 ('mocap_quat', '<f8', (model.nmocap, 4))]
        dress = [(name, getattr(model, name).dtype.str, getattr(model, name).shape)
                 for name in DRESS]
        light = [('ambient', '<f4', (3,)), ('diffuse', '<f4', (3,))]
        self.layout = np.dtype([*state, *dress, *light], align=True)

    def write(
        self, record: np.ndarray, model: mujoco.MjModel, data: mujoco.MjData, dress: bool = True,
    ) -> None:
        """Copy the present state into ``record``; without ``dress`` only what physics moves."""
        record['time'] = data.time
        record['qpos'] = data.qpos
        record['mocap_pos'], record['mocap_quat'] = data.mocap_pos, data.mocap_quat
        if dress:
            for name in DRESS:
                record[name] = getattr(model, name)
            record['ambient'] = model.vis.headlight.ambient
            record['diffuse'] = model.vis.headlight.diffuse

    def read(self, record: np.ndarray, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Put the state of ``record`` into a model built alike and its data, ready to render."""
        data.time = float(record['time'])
        data.qpos[:] = record['qpos']
        data.mocap_pos[:], data.mocap_quat[:] = record['mocap_pos'], record['mocap_quat']
        for name in DRESS:
            getattr(model, name)[...] = record[name]
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = (
            record['ambient'], record['diffuse'])
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)


class SharedSnapshot:
    """A snapshot in a block of shared memory called ``name``; one writer, any number of readers."""

    def __init__(self, model: mujoco.MjModel, name: str, create: bool = False) -> None:
        self._model, self._snapshot = model, WorldSnapshot(model)
        layout = np.dtype([('sequence', '<u8'), ('state', self._snapshot.layout)], align=True)
        self._memory = shared_memory.SharedMemory(name, create, layout.itemsize)
        if self._memory.size < layout.itemsize:
            self._memory.close()
            raise ValueError(f'shared memory {name!r} holds another world than this one')
        self._record = np.ndarray((), layout, self._memory.buf)
        self._copy = np.zeros((), self._snapshot.layout)
        self._owner = create

    def write(self, data: mujoco.MjData, dress: bool = True) -> None:
        """Publish the state; never waits."""
        self._record['sequence'] += 1
        self._snapshot.write(self._record['state'], self._model, data, dress)
        self._record['sequence'] += 1

    def read(self, data: mujoco.MjData) -> int:
        """Take the newest state into the model and ``data``; returns how many were written."""
        for _ in range(READ_ATTEMPTS):
            before = int(self._record['sequence'])
            self._copy[...] = self._record['state']
            if before % 2 == 0 and before == int(self._record['sequence']):
                self._snapshot.read(self._copy, self._model, data)
                return before // 2
        raise RuntimeError('no steady snapshot: the writer is stuck in the middle of one')

    def close(self) -> None:
        """Let go of the memory; the writer removes it."""
        self._record = None
        self._memory.close()
        if self._owner:
            self._memory.unlink()
