"""The predicted path drawn into a camera's picture."""
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vla_cameras.calibration.pose import project
from vla_cameras.camera_info import Intrinsics
from vla_monitoring.visualisation.colours import PREDICTED, gripper_colour

__all__ = ['SeenPath', 'as_rgb', 'draw_paths', 'see_path']

SHIFT = 4  # fractional bits of OpenCV's drawing
NEAREST_M = 0.02
TO_RGB = {'rgb8': None, '8UC3': None, 'bgr8': cv2.COLOR_BGR2RGB, 'rgba8': cv2.COLOR_RGBA2RGB,
          'bgra8': cv2.COLOR_BGRA2RGB, 'mono8': cv2.COLOR_GRAY2RGB, '8UC1': cv2.COLOR_GRAY2RGB}


@dataclass(frozen=True, eq=False)
class SeenPath:
    """Pixels [n, 2] of the part of a path before the camera, and openings [n] or None."""

    pixels: np.ndarray
    openings: np.ndarray | None


def as_rgb(image: np.ndarray, encoding: str) -> np.ndarray:
    """A picture in its own encoding as rgb8 [h, w, 3]; ValueError for one that is no colour."""
    if encoding not in TO_RGB:
        raise ValueError(f'encoding {encoding!r} cannot be shown')
    code = TO_RGB[encoding]
    return image if code is None else cv2.cvtColor(np.ascontiguousarray(image), code)


def see_path(
    positions: np.ndarray, openings: np.ndarray | None, frame_in_camera: np.ndarray,
    intrinsics: Intrinsics,
) -> SeenPath:
    """
    A path [H, 3] m in a frame that stands at ``frame_in_camera`` [4, 4] in the optical frame.

    What lies behind the camera, or so far aside that no lens model holds, is left out.
    """
    seen = positions @ frame_in_camera[:3, :3].T + frame_in_camera[:3, 3]
    # Lens models turn back on themselves far outside of the picture.
    ahead = (seen[:, 2] > NEAREST_M) & np.all(np.abs(seen[:, :2]) < 3 * seen[:, 2:], axis=1)
    pixels = project(seen[ahead], np.eye(4), intrinsics) if ahead.any() else np.zeros((0, 2))
    return SeenPath(pixels, None if openings is None else openings[ahead])


def draw_paths(image: np.ndarray, paths: Sequence[SeenPath], text: str) -> np.ndarray:
    """A copy of rgb8 [h, w, 3] with paths, gripper states along them, and a line of text."""
    canvas = np.ascontiguousarray(image).copy()
    scale = max(1, round(canvas.shape[0] / 240))
    colour = tuple(round(255 * part) for part in PREDICTED)
    for path in paths:
        if len(path.pixels) < 1:
            continue
        points = np.clip(np.round(path.pixels * (1 << SHIFT)), -2 ** 24, 2 ** 24).astype(np.int32)
        cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, colour, scale, cv2.LINE_AA, SHIFT)
        for index in range(0, len(points), 4):
            ball = colour if path.openings is None else tuple(
                round(255 * part) for part in gripper_colour(path.openings[index]))
            cv2.circle(canvas, tuple(points[index].tolist()), (2 * scale) << SHIFT, ball, -1,
                       cv2.LINE_AA, SHIFT)
    letters = text.encode('ascii', 'replace').decode()[:80]  # OpenCV's letters are ASCII
    for ink, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(canvas, letters, (6, canvas.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX,
                    0.35 * scale, ink, thickness, cv2.LINE_AA)
    return canvas

