"""
The camera of a simulated robot, rendered here from the state that the simulation shares.

The control loop writes its state into a block of shared memory and never waits for a camera. A
picture's capture is the time of the state it shows; when the state stands still no picture comes,
so an old state never gets a new stamp. While nobody looks, none is rendered; that the camera works
is told all the same.
"""
import threading
import time
from dataclasses import replace
from typing import Any, Literal

import mujoco
from pydantic import Field

from vla_cameras.camera_info import Intrinsics, pinhole
from vla_cameras.frame import Frame, SourceLost
from vla_cameras.sources.source import Source, SourceConfig
from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedMemoryError
from vla_core.validation import ConfigurationError
from vla_simulation.model import build_model
from vla_simulation.rendering import Renderer, RenderError
from vla_simulation.snapshot import SnapshotReader
from vla_simulation.suites import load_world, made_for

__all__ = ['CameraSource', 'SimulatedConfig']

STANDS_STILL_NS = 1_000_000_000
DRAWN_AT_MOST_HZ = 30.0
#: The robot and its cameras are started together; until then a simulation is awaited, not missed.
COMES_UP_S, LOOKED_FOR_EVERY_S = 15.0, 0.2
# xacro keeps its state in its module: one description at a time.
_building = threading.Lock()


class SimulatedConfig(SourceConfig):
    """A camera of the model, by the name it has in the robot profile."""

    kind: Literal['simulated'] = 'simulated'
    robot: str = Field('', description='profile by name or path; empty: as the node has it')
    world: str = Field(
        '', description='a suite by name, module:name, or none; empty: that of the robot')
    snapshot: str = Field('', description='name of the shared state; empty: as the node has it')
    depth: bool = False

    def usual_rate_hz(self, profile_hz: float) -> float:
        """No faster than a processor draws beside a robot and a policy."""
        return min(profile_hz, DRAWN_AT_MOST_HZ)


class CameraSource(Source):
    """One camera of the simulation."""

    Config = SimulatedConfig

    def __init__(self, camera: Any) -> None:
        super().__init__(camera)
        self._renderer: Renderer | None = None
        self._last: Frame | None = None
        self._period_ns = round(1e9 / camera.rate_hz)
        self._next_ns = 0
        self._state_ns = -1
        self._advanced_ns = 0
        self._awaited_until = time.monotonic() + COMES_UP_S

    @property
    def place(self) -> str:
        return f'simulation {self.options.snapshot}'

    @property
    def intrinsics(self) -> Intrinsics:
        return pinhole(self.camera.width, self.camera.height, self.camera.fovy)

    def open(self) -> None:
        options, camera = self.options, self.camera
        try:
            with _building:
                profile = RobotProfile.load(options.robot)
                world = load_world(options.world or made_for(profile.name), profile)
                self._model = build_model(profile, world)
            self._reader = self._attach()
            self._data = mujoco.MjData(self._model)
            self._camera = mujoco.mj_name2id(
                self._model, mujoco.mjtObj.mjOBJ_CAMERA, camera.name)
            if self._camera < 0:
                raise SourceLost(f'robot {options.robot} has no camera {camera.name!r}')
            self._renderer = Renderer(self._model, camera.height, camera.width)
        except (ConfigurationError, SharedMemoryError, RenderError) as error:
            raise SourceLost(str(error)) from error
        self._next_ns = self._advanced_ns = time.monotonic_ns()

    def _attach(self) -> SnapshotReader:
        while True:
            try:
                return SnapshotReader(self.options.snapshot, self._model)
            except SharedMemoryError:
                over = time.monotonic() > self._awaited_until
                if over or self.stopping.wait(LOOKED_FOR_EVERY_S):
                    raise

    def _attach_anew(self) -> None:
        try:
            self._reader = self._attach()
        except SharedMemoryError as error:
            raise SourceLost(str(error)) from error
        self._advanced_ns = time.monotonic_ns()

    def read(self) -> Frame | None:
        now_ns = time.monotonic_ns()
        if now_ns < self._next_ns and self.stopping.wait((self._next_ns - now_ns) / 1e9):
            return None
        self._next_ns = max(self._next_ns + self._period_ns, now_ns)
        try:
            state_ns = self._reader.read(self._data).stamp_ns
        except SharedMemoryError as error:
            raise SourceLost(str(error)) from error
        if state_ns == self._state_ns:
            if time.monotonic_ns() - self._advanced_ns > STANDS_STILL_NS:
                if time.monotonic() < self._awaited_until:  # it has a scene, but no time yet
                    self._attach_anew()
                    return None
                raise SourceLost(f'{self.place} stands still: is the simulated robot running?')
            return None
        if self._state_ns >= 0:
            self._awaited_until = 0.0
        self._state_ns, self._advanced_ns = state_ns, time.monotonic_ns()
        if self._last is not None and not self.heard():
            return replace(self._last, captured_ns=state_ns, shown=False)
        name = self.camera.name
        self._last = Frame(
            self._renderer.rgb(self._data, name), 'rgb8', state_ns, 'schedule',
            self._renderer.depth(self._data, name) if self.options.depth else None)
        return self._last

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
