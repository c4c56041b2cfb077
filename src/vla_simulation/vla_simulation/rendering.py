"""
Images of a simulated camera without a screen.

`Renderer` picks EGL, then OSMesa, unless MUJOCO_GL says which; where neither works RenderError
names the Debian package that is missing. A renderer belongs to the thread that made it.
"""
import ctypes.util
import importlib
import os
from dataclasses import dataclass
from types import TracebackType

import mujoco
import numpy as np

__all__ = ['Part', 'RenderError', 'Renderer', 'choose_backend']

LIBRARIES = {'egl': 'EGL', 'osmesa': 'OSMesa'}
BACKENDS = ('egl', 'osmesa', 'glfw')
MOST_GEOMS = 5000
PACKAGES = {'egl': 'libegl1 libgl1-mesa-dri', 'osmesa': 'libosmesa6'}


class RenderError(RuntimeError):
    """No image can be rendered; one line that names what to install or mend."""


def choose_backend() -> str:
    """
    Name the OpenGL backend: 'egl' or 'osmesa', or what MUJOCO_GL says.

    RenderError when its library is not on this machine.
    """
    backend = os.environ.get('MUJOCO_GL', '').lower()
    if not backend:
        backend = next((name for name, library in LIBRARIES.items()
                        if ctypes.util.find_library(library)), '')
        if not backend:
            raise RenderError(
                f'no OpenGL for rendering without a screen: apt-get install {PACKAGES["egl"]} '
                f'(or {PACKAGES["osmesa"]})')
    if backend not in BACKENDS:
        raise RenderError(f'MUJOCO_GL={backend} is unknown; use {" or ".join(BACKENDS)}')
    if backend in LIBRARIES and ctypes.util.find_library(LIBRARIES[backend]) is None:
        raise RenderError(f'MUJOCO_GL={backend}, but lib{LIBRARIES[backend]} is missing: '
                          f'apt-get install {PACKAGES[backend]}')
    return backend


@dataclass(frozen=True)
class Part:
    """Where a part begins, ``left`` and ``top``, in an image of ``width`` × ``height`` pixels."""

    left: int
    top: int
    width: int
    height: int


class Renderer:
    """
    RGB, depth and segmentation of a model's cameras, ``height`` × ``width`` pixels.

    Shadows, reflections and multisampling are off unless ``fine``: on a CPU they cost more than
    all the rest, and a policy's images need none. ``within`` makes the image a part of
    a larger one, and costs only that part.
    """

    def __init__(
        self, model: mujoco.MjModel, height: int, width: int, *, fine: bool = False,
        within: Part | None = None,
    ) -> None:
        self._model = model
        self._shape = (height, width)
        self._within = within
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._options = mujoco.MjvOption()
        self._options.sitegroup[:] = 0
        self._scene = mujoco.MjvScene(model, maxgeom=MOST_GEOMS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = fine
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = fine
        backend = choose_backend()
        # Mesa on a processor shares one picture among threads, which costs a third more than to
        # draw it in one; cameras have threads of their own.
        os.environ.setdefault('LP_NUM_THREADS', '0')
        try:
            self._gl = importlib.import_module(f'mujoco.{backend}').GLContext(width, height)
            self._gl.make_current()
            self._context = _offscreen_context(model, height, width, fine)
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise RenderError(
                f'rendering by {backend} failed ({reason}): '
                f'apt-get install {PACKAGES.get(backend, PACKAGES["egl"])}') from error

    def rgb(
        self, data: mujoco.MjData, camera: str | mujoco.MjvCamera, out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Render uint8 [height, width, 3], into ``out`` where one is given."""
        image = np.empty((*self._shape, 3), np.uint8) if out is None else out
        self._draw(data, camera)
        mujoco.mjr_readPixels(image, None, self._rectangle, self._context)
        image[:] = image[::-1]
        return image

    def depth(self, data: mujoco.MjData, camera: str | mujoco.MjvCamera) -> np.ndarray:
        """Render float32 [height, width], metres along the optical axis."""
        buffer = np.empty(self._shape, np.float32)
        self._draw(data, camera)
        mujoco.mjr_readPixels(None, buffer, self._rectangle, self._context)
        near = self._model.vis.map.znear * self._model.stat.extent
        far = self._model.vis.map.zfar * self._model.stat.extent
        return near / (1.0 - buffer[::-1] * (1.0 - near / far))

    def segmentation(self, data: mujoco.MjData, camera: str | mujoco.MjvCamera) -> np.ndarray:
        """Render int32 [height, width]: the id of the geom seen, −1 where there is none."""
        flags = self._scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = True
        try:
            image = self.rgb(data, camera).astype(np.int32)
        finally:
            flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = False
        seen = image[..., 0] + (image[..., 1] << 8) + (image[..., 2] << 16)
        geom_of = np.full(self._scene.ngeom + 1, -1, np.int32)
        for geom in self._scene.geoms[:self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                geom_of[geom.segid + 1] = geom.objid
        return geom_of[seen]

    def close(self) -> None:
        """Give the OpenGL context back."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def __enter__(self) -> 'Renderer':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _draw(self, data: mujoco.MjData, camera: str | mujoco.MjvCamera) -> None:
        if isinstance(camera, str):
            camera = self._fixed_camera(camera)
        self._gl.make_current()
        mujoco.mjv_updateScene(self._model, data, self._options, None, camera,
                               mujoco.mjtCatBit.mjCAT_ALL, self._scene)
        if self._within is not None:
            self._narrow(self._within)
        mujoco.mjr_render(self._rectangle, self._scene, self._context)

    def _narrow(self, whole: Part) -> None:
        """Let the view span what our pixels span in the whole image."""
        height, width = self._shape
        for view in self._scene.camera:
            top = view.frustum_top
            pixel = 2.0 * top / whole.height  # square, on the near plane
            view.frustum_center += pixel * (whole.left + width / 2 - whole.width / 2)
            view.frustum_width = pixel * width / 2
            view.frustum_top = top - pixel * whole.top
            view.frustum_bottom = top - pixel * (whole.top + height)

    def _fixed_camera(self, name: str) -> mujoco.MjvCamera:
        index = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_CAMERA, name)
        if index < 0:
            names = [self._model.camera(index).name for index in range(self._model.ncam)]
            raise RenderError(f'no camera {name!r}; there are {", ".join(names) or "none"}')
        camera = mujoco.MjvCamera()
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = index
        return camera


def _offscreen_context(
    model: mujoco.MjModel, height: int, width: int, fine: bool,
) -> mujoco.MjrContext:
    """The OpenGL side of ``model``; the settings that size its buffer are put back."""
    view, quality = model.vis.global_, model.vis.quality
    kept = view.offheight, view.offwidth, quality.offsamples
    view.offheight, view.offwidth = height, width
    quality.offsamples = kept[2] if fine else 0
    try:
        context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    finally:
        view.offheight, view.offwidth, quality.offsamples = kept
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    return context
