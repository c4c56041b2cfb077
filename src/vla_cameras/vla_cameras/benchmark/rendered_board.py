"""Pictures of a calibration board by a camera whose truth is known."""
from functools import lru_cache

import cv2
import numpy as np
from scipy.interpolate import RectBivariateSpline

from vla_cameras.calibration.board import Board
from vla_cameras.calibration.pose import inverse
from vla_cameras.camera_info import Intrinsics

__all__ = ['board_views', 'looking_at', 'render_board']

FINER = 2
PIXELS_PER_SQUARE = 60
BACKGROUND = 120


def render_board(
    board: Board, intrinsics: Intrinsics, pose: np.ndarray, generator: np.random.Generator,
    noise: float = 2.0, blur: float = 0.6,
) -> np.ndarray:
    """
    mono8 of the board at ``pose`` [4, 4] in the camera's frame.

    Rays of 2 × 2 points of each pixel meet the board's plane; the lens blurs by ``blur`` pixels and
    the sensor has ``noise``.
    """
    texture = cv2.copyMakeBorder(
        board.draw(PIXELS_PER_SQUARE), *[PIXELS_PER_SQUARE // 2] * 4, cv2.BORDER_CONSTANT,
        value=255)
    rays = _rays(intrinsics) @ pose[:3, :3]
    eye = inverse(pose)[:3, 3]
    with np.errstate(divide='ignore', invalid='ignore'):
        ways = -eye[2] / rays[..., 2]
        places = eye[:2] + ways[..., None] * rays[..., :2]
    places[ways <= 0] = -1e3
    scale = PIXELS_PER_SQUARE / board.square_m
    pixels = (places * scale + PIXELS_PER_SQUARE // 2 - 0.5).astype(np.float32)
    fine = cv2.remap(texture, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
                     borderValue=BACKGROUND)
    fine = cv2.GaussianBlur(fine.astype(np.float32), (0, 0), blur * FINER)
    image = fine.reshape(intrinsics.height, FINER, intrinsics.width, FINER).mean(axis=(1, 3))
    image = 20 + 0.8 * image + generator.normal(0, noise, image.shape)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _rays(intrinsics: Intrinsics) -> np.ndarray:
    """Directions [h · 3, w · 3, 3] in the camera's frame."""
    across = (np.arange(intrinsics.width * FINER) + 0.5) / FINER - 0.5
    down = (np.arange(intrinsics.height * FINER) + 0.5) / FINER - 0.5
    # Undistorted on a coarse grid and interpolated: the lens bends smoothly.
    coarse_x, coarse_y = across[::FINER * 4], down[::FINER * 4]
    grid = np.stack(np.meshgrid(
        np.append(coarse_x, across[-1]), np.append(coarse_y, down[-1])), axis=-1)
    flat = cv2.undistortPointsIter(
        grid.reshape(-1, 1, 2), intrinsics.matrix, intrinsics.coefficients, np.eye(3), np.eye(3),
        (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-10)).reshape(grid.shape)
    axes = grid[:, 0, 1], grid[0, :, 0]
    x, y = (RectBivariateSpline(*axes, flat[..., index])(down, across) for index in (0, 1))
    return np.stack([x, y, np.ones_like(x)], axis=-1)


def looking_at(eye: np.ndarray, target: np.ndarray, roll: float) -> np.ndarray:
    """Pose [4, 4] of an optical frame at ``eye`` that looks at ``target``, rolled by ``roll``."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0.0, 0.0, 1.0) if abs(forward[2]) < 0.95 else (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, :3] = pose[:3, :3] @ cv2.Rodrigues(np.array([0.0, 0.0, roll]))[0]
    pose[:3, 3] = eye
    return pose


def board_views(
    board: Board, count: int, generator: np.random.Generator, nearest_m: float = 0.26,
) -> list[np.ndarray]:
    """Poses [4, 4] of the board in the camera's frame, as a person would show it."""
    middle = np.array([*board.size_m, 0.0]) / 2
    views = []
    for _ in range(count):
        distance = generator.uniform(nearest_m, nearest_m + 0.24)
        direction = np.array([*generator.uniform(-0.6, 0.6, 2), -1.0])
        aim = middle + np.array([*generator.uniform(-0.07, 0.07, 2), 0.0])
        eye = middle + distance * direction / np.linalg.norm(direction)
        views.append(inverse(looking_at(eye, aim, generator.uniform(-np.pi, np.pi))))
    return views
