"""
Geometry of the simulated cameras: intrinsics and extrinsics, exact.

A camera is a pinhole without distortion. Its optical frame has z forward, x right, y down; pixel
(0, 0) is the middle of the top left pixel, so that the image spans −0.5 to width − 0.5.
"""
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_core.validation import near_matches
from vla_simulation.scene import SceneError

__all__ = ['CameraGeometry', 'intrinsics']

# From MuJoCo's camera frame (looks along −z, y up) to the optical frame.
FLIP = np.diag([1.0, -1.0, -1.0])


def intrinsics(fovy: float, width: int, height: int) -> np.ndarray:
    """Camera matrix K [3, 3] of an image that spans ``fovy`` degrees from top to bottom."""
    focal = 0.5 * height / np.tan(np.deg2rad(fovy) / 2)
    return np.array([[focal, 0.0, (width - 1) / 2], [0.0, focal, (height - 1) / 2],
                     [0.0, 0.0, 1.0]])


@dataclass(frozen=True, eq=False)
class CameraGeometry:
    """K [3, 3], and where the optical frame is: position [3] and rotation [3, 3] in the world."""

    matrix: np.ndarray
    position: np.ndarray
    rotation: np.ndarray

    @classmethod
    def of(
        cls, model: mujoco.MjModel, data: mujoco.MjData, camera: str, width: int, height: int,
    ) -> 'CameraGeometry':
        """Geometry of a camera at the present state for images of ``width`` × ``height``."""
        index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, camera)
        if index < 0:
            names = [model.camera(i).name for i in range(model.ncam)]
            raise SceneError(f'no camera {camera!r}; {near_matches(camera, names)}')
        return cls(intrinsics(model.cam_fovy[index], width, height), data.cam_xpos[index].copy(),
                   data.cam_xmat[index].reshape(3, 3) @ FLIP)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels [..., 2] (column, row) and depth in m [..., 1] of world points [..., 3]."""
        seen = (points - self.position) @ self.rotation
        image = seen @ self.matrix.T
        return np.concatenate([image[..., :2] / image[..., 2:], seen[..., 2:]], axis=-1)

    def unproject(self, pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """World points [..., 3] of pixels [..., 2] at depths [...] in m along the optical axis."""
        ones = np.ones((*pixels.shape[:-1], 1))
        rays = np.concatenate([pixels, ones], axis=-1) @ np.linalg.inv(self.matrix).T
        return (rays * np.asarray(depth)[..., None]) @ self.rotation.T + self.position
