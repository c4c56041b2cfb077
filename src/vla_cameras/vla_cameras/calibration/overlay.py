"""Pictures of a calibration: what was found, and how far the model lies from it."""
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vla_cameras.calibration.board import Detection
from vla_cameras.calibration.delay import DelayResult
from vla_cameras.calibration.projection import ProjectedFrame

__all__ = ['draw_corners', 'draw_delay', 'draw_frames', 'save']

FOUND, MODEL, TEXT = (60, 220, 60), (255, 60, 60), (255, 255, 255)
AXES = ((255, 60, 60), (60, 220, 60), (80, 120, 255))
SHIFT = 4  # fractional bits of OpenCV's drawing


def draw_corners(
    image: np.ndarray, views: Sequence[Detection], modelled: Sequence[np.ndarray], title: str,
    magnified: float = 50.0,
) -> np.ndarray:
    """
    Corners found (green rings) and their errors, ``magnified`` (red), of all views on one image.

    ``modelled`` are pixels [n, 2] for each view. Returns rgb8.
    """
    canvas = _canvas(image)
    for view, pixels in zip(views, modelled):
        for found, model in zip(view.image, pixels):
            cv2.circle(canvas, _fixed(found), 3 << SHIFT, FOUND, 1, cv2.LINE_AA, SHIFT)
            cv2.line(canvas, _fixed(found), _fixed(found + magnified * (model - found)), MODEL, 1,
                     cv2.LINE_AA, SHIFT)
    return _titled(canvas, [title, f'red: errors {magnified:g} times enlarged'])


def draw_frames(
    image: np.ndarray, frames: Sequence[ProjectedFrame], title: str,
) -> np.ndarray:
    """Axes (red x, green y, blue z) and names of frames, in rgb8."""
    canvas = _canvas(image)
    for frame in frames:
        if not frame.in_picture:
            continue
        for tip, colour in zip(frame.axes, AXES):
            cv2.line(canvas, _fixed(frame.origin), _fixed(tip), colour, 2, cv2.LINE_AA, SHIFT)
        place = tuple(np.round(frame.origin + (6, -6)).astype(int).tolist())
        _write(canvas, frame.name, place, 0.35)
    return _titled(canvas, [title])


def draw_delay(result: DelayResult, title: str) -> np.ndarray:
    """The correlation over the delay, in rgb8."""
    height, width = 300, 640
    canvas = np.full((height, width, 3), 30, np.uint8)
    delays, values = result.delays_s, result.correlations
    across = (delays - delays[0]) / np.ptp(delays) * (width - 1)
    down = height - 20 - (values - values.min()) / max(np.ptp(values), 1e-9) * (height - 80)
    points = np.stack([across, down], axis=1).round().astype(np.int32)
    cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, FOUND, 1, cv2.LINE_AA)
    best = round((result.delay_s - delays[0]) / np.ptp(delays) * (width - 1))
    cv2.line(canvas, (best, 40), (best, height), MODEL, 1)
    return _titled(canvas, [title, f'{delays[0]:g} s to {delays[-1]:g} s'])


def save(image: np.ndarray, path: Path) -> None:
    """Write rgb8 as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode('.png', cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())


def _canvas(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(image).copy()


def _titled(canvas: np.ndarray, lines: Sequence[str]) -> np.ndarray:
    for index, line in enumerate(lines):
        _write(canvas, line, (8, 18 + 18 * index), 0.45)
    return canvas


def _write(canvas: np.ndarray, text: str, place: tuple[int, int], scale: float) -> None:
    text = text.replace('×', 'x').replace('°', ' deg')  # OpenCV's letters are ASCII
    for colour, thickness in (((0, 0, 0), 3), (TEXT, 1)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness,
                    cv2.LINE_AA)


def _fixed(point: np.ndarray) -> tuple[int, int]:
    return tuple(np.round(np.asarray(point) * (1 << SHIFT)).astype(int).tolist())
