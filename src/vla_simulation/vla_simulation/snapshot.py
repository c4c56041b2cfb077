"""
The state of a world as others see it: what another process needs to render its cameras.

Physics (positions, mocap bodies) changes with every step and is small; dress (colours, cameras,
lights, what a scene writes into the model) is ten times as much and changes with a reset. They lie
apart in one block of shared memory, each behind a sequence lock, so that a step copies only the
first. The state carries the number of the dress that it wears, so that no reader mixes two scenes.
"""
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_core.shared_memory import Seqlock, SharedBlock, SharedMemoryError, seqlock_dtype
from vla_simulation.scene import Scene
from vla_simulation.world import DRESS

__all__ = ['Snapshot', 'SnapshotReader', 'SnapshotWriter']

_MAGIC, _VERSION = 'VLASNAP', 3
_ATTEMPTS = 1000


@dataclass(frozen=True)
class Snapshot:
    """
    When the state was taken: ns of the steady clock, simulated s, resets of the world so far.

    ``task`` (suite/family), ``seed`` and ``axes`` are those of the scene; empty without one.
    """

    stamp_ns: int
    time: float
    resets: int
    task: str = ''
    seed: int = 0
    axes: tuple[str, ...] = ()


def _layout(model: mujoco.MjModel) -> np.dtype:
    state = np.dtype([
        ('stamp_ns', '<i8'),
        ('time', '<f8'),
        ('resets', '<u8'),
        ('qpos', '<f8', (model.nq,)),
        ('mocap_pos', '<f8', (model.nmocap, 3)),
        ('mocap_quat', '<f8', (model.nmocap, 4)),
    ], align=True)
    dress = np.dtype([
        ('resets', '<u8'),
        ('task', 'S200'),
        ('seed', '<u8'),
        ('axes', 'S200'),
        *((name, getattr(model, name).dtype.str, getattr(model, name).shape) for name in DRESS),
        ('ambient', '<f4', (3,)),
        ('diffuse', '<f4', (3,)),
    ], align=True)
    return np.dtype([('state', seqlock_dtype(state)), ('dress', seqlock_dtype(dress))], align=True)


class SnapshotWriter:
    """The side that steps; a write never waits."""

    def __init__(self, name: str, model: mujoco.MjModel) -> None:
        self._model = model
        self._block = SharedBlock.create(name, _MAGIC, _VERSION, _layout(model))
        self._state = Seqlock(self._block.record['state'])
        self._dress = Seqlock(self._block.record['dress'])
        state = self._state.local
        self._qpos = state['qpos']
        self._mocap_pos, self._mocap_quat = state['mocap_pos'], state['mocap_quat']
        self._worn = -1

    def write(
        self, data: mujoco.MjData, stamp_ns: int, resets: int, scene: Scene | None = None,
    ) -> None:
        """Publish the present state, and dress and scene when ``resets`` has changed."""
        if resets != self._worn:
            self._write_dress(resets, scene)
        state = self._state.local
        state['stamp_ns'] = stamp_ns
        state['time'] = data.time
        state['resets'] = resets
        self._qpos[:] = data.qpos
        if len(self._mocap_pos):
            self._mocap_pos[:] = data.mocap_pos
            self._mocap_quat[:] = data.mocap_quat
        self._state.write()

    def _write_dress(self, resets: int, scene: Scene | None) -> None:
        dress, model = self._dress.local, self._model
        dress['resets'] = resets
        dress['task'] = f'{scene.suite}/{scene.family}'.encode() if scene else b''
        dress['seed'] = scene.seed if scene else 0
        dress['axes'] = '+'.join(scene.axes).encode() if scene else b''
        for name in DRESS:
            dress[name] = getattr(model, name)
        dress['ambient'] = model.vis.headlight.ambient
        dress['diffuse'] = model.vis.headlight.diffuse
        self._dress.write()
        self._worn = resets

    def close(self) -> None:
        """Remove the block's name."""
        self._block.close()


class SnapshotReader:
    """
    The side that renders, with a model built alike.

    SharedMemoryError when there is no such block, or one of another model.
    """

    def __init__(self, name: str, model: mujoco.MjModel) -> None:
        self._model = model
        self._block = SharedBlock.attach(name, _MAGIC, _VERSION, _layout(model))
        self._state = Seqlock(self._block.record['state'])
        self._dress = Seqlock(self._block.record['dress'])
        self._worn = -1
        self._scene: tuple[str, int, tuple[str, ...]] = ('', 0, ())

    def read(self, data: mujoco.MjData) -> Snapshot:
        """Put the newest state into the model and ``data``, ready to render."""
        state = self._read_matching()
        data.time = float(state['time'])
        data.qpos[:] = state['qpos']
        data.mocap_pos[:], data.mocap_quat[:] = state['mocap_pos'], state['mocap_quat']
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        return Snapshot(int(state['stamp_ns']), data.time, self._worn, *self._scene)

    def _read_matching(self) -> np.ndarray:
        """A state and, in the model, the dress that belongs to it."""
        for _ in range(_ATTEMPTS):
            state = self._state.read()
            if int(state['resets']) == self._worn:
                return state
            self._put_on(self._dress.read())
        raise SharedMemoryError('the world is reset faster than it can be read')

    def _put_on(self, dress: np.ndarray) -> None:
        model = self._model
        for name in DRESS:
            getattr(model, name)[...] = dress[name]
        model.vis.headlight.ambient[:] = dress['ambient']
        model.vis.headlight.diffuse[:] = dress['diffuse']
        axes = dress['axes'].item().decode()
        self._scene = (dress['task'].item().decode(), int(dress['seed']),
                       tuple(axes.split('+')) if axes else ())
        self._worn = int(dress['resets'])
