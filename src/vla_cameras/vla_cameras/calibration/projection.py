"""Frames of the robot drawn into a picture: what a person looks at to trust a calibration."""
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_cameras.calibration.pose import inverse, project
from vla_cameras.camera_info import Intrinsics

__all__ = ['ProjectedFrame', 'project_frames']


@dataclass(frozen=True, eq=False)
class ProjectedFrame:
    """A frame in the picture: origin [2] and tips of its axes [3, 2], pixels, and depth in m."""

    name: str
    origin: np.ndarray
    axes: np.ndarray
    depth_m: float
    in_picture: bool


def project_frames(
    frames: Mapping[str, np.ndarray], camera: np.ndarray, intrinsics: Intrinsics,
    axis_m: float = 0.05,
) -> list[ProjectedFrame]:
    """
    Frames [4, 4] and the ``camera`` [4, 4] (optical), all in one base frame, in the picture.

    Those behind the camera are left out.
    """
    projected = []
    for name, frame in frames.items():
        pose = inverse(camera) @ frame
        tips = np.vstack([np.zeros(3), axis_m * np.eye(3)])
        depth = float(pose[2, 3])
        if np.any((tips @ pose[:3, :3].T + pose[:3, 3])[:, 2] <= 0.01):
            continue
        pixels = project(tips, pose, intrinsics)
        inside = (pixels[0] >= -0.5) & (
            pixels[0] < (intrinsics.width - 0.5, intrinsics.height - 0.5))
        projected.append(ProjectedFrame(name, pixels[0], pixels[1:], depth, bool(inside.all())))
    return projected
