"""
Cameras rendered in a process of their own, so that physics never waits for a picture.

The stepping process publishes snapshots; each `CameraRenderer` takes the newest at its own rate,
renders, and leaves image, depth and the simulated time of capture in shared memory.
"""
import multiprocessing
import os
import time
from dataclasses import dataclass
from multiprocessing import shared_memory

import mujoco
import numpy as np

from vla_simulation.rendering import Renderer, RenderError
from vla_simulation.snapshot import SnapshotReader, SnapshotWriter
from vla_simulation.world import World

__all__ = ['CameraRenderer', 'Picture']

START_TIMEOUT_S = 30.0


@dataclass(frozen=True, eq=False)
class Picture:
    """uint8 [h, w, 3], float32 [h, w] in m or None, the simulated time and a running number."""

    image: np.ndarray
    depth: np.ndarray | None
    time: float
    number: int


class CameraRenderer:
    """
    Renders one camera of ``world`` elsewhere, from the snapshots that `publish` hands over.

    RenderError, with the package that is missing, where the other process cannot render.
    """

    def __init__(
        self, world: World, camera: str, width: int, height: int, rate_hz: float = 30.0,
        depth: bool = False,
    ) -> None:
        world.profile.camera(camera)
        name = f'vla_{os.getpid()}_{id(self):x}'
        self._world, self._depth = world, depth
        self._snapshot = SnapshotWriter(f'{name}_state', world.model)
        self._resets = 0
        layout = _picture_layout(width, height, depth)
        self._memory = shared_memory.SharedMemory(f'{name}_picture', True, layout.itemsize)
        self._record = np.ndarray((), layout, self._memory.buf)
        self._record['number'] = 0
        context = multiprocessing.get_context('spawn')
        self._ready, told = context.Pipe(duplex=False)
        self._stop = context.Event()
        self.publish()
        self._process = context.Process(
            target=_render, daemon=True,
            args=(world.suite.name, world.profile.name, name, camera, width, height, rate_hz,
                  depth, told, self._stop))
        self._process.start()
        told.close()
        try:
            problem = self._ready.recv() if self._ready.poll(START_TIMEOUT_S) else 'timed out'
        except EOFError:
            problem = 'its process ended'
        if problem:
            self.close()
            raise RenderError(f'camera {camera}: {problem}')

    def publish(self, dress: bool = True) -> None:
        """Hand over the world's present state; ``dress`` only after a reset."""
        self._resets += dress
        self._snapshot.write(self._world.data, time.monotonic_ns(), self._resets)

    def picture(self) -> Picture | None:
        """The newest picture; None before the first."""
        while True:
            before = int(self._record['number'])
            image = self._record['image'].copy()
            depth = self._record['depth'].copy() if self._depth else None
            taken = float(self._record['time'])
            if before % 2 == 0 and before == int(self._record['number']):
                return Picture(image, depth, taken, before // 2) if before else None

    def close(self) -> None:
        """End the process and give its memory back."""
        self._stop.set()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._snapshot.close()
        self._record = None
        self._memory.close()
        self._memory.unlink()

    def __enter__(self) -> 'CameraRenderer':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _picture_layout(width: int, height: int, depth: bool) -> np.dtype:
    fields = [('number', '<u8'), ('time', '<f8'), ('image', 'u1', (height, width, 3))]
    return np.dtype([*fields, *([('depth', '<f4', (height, width))] if depth else [])], align=True)


def _render(
    suite: str, profile: str, name: str, camera: str, width: int, height: int, rate_hz: float,
    depth: bool, ready: 'multiprocessing.connection.Connection', stop: object,
) -> None:
    """The body of the process."""
    try:
        world = World(suite, profile)
        renderer = Renderer(world.model, height, width)
    except (RenderError, ValueError) as error:
        ready.send(str(error))
        return
    data = mujoco.MjData(world.model)
    snapshot = SnapshotReader(f'{name}_state', world.model)
    memory = shared_memory.SharedMemory(f'{name}_picture')
    record = np.ndarray((), _picture_layout(width, height, depth), memory.buf)
    ready.send('')
    due = time.monotonic()
    parent = os.getppid()
    while not stop.wait(max(0.0, due - time.monotonic())) and os.getppid() == parent:
        due = max(due + 1.0 / rate_hz, time.monotonic())
        snapshot.read(data)
        image = renderer.rgb(data, camera)
        distance = renderer.depth(data, camera) if depth else None
        record['number'] += 1
        record['image'], record['time'] = image, data.time
        if depth:
            record['depth'] = distance
        record['number'] += 1
    renderer.close()
    del record
    memory.close()
