"""Intrinsics from pictures of a board (Zhang 2000, through OpenCV)."""
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vla_cameras.calibration.board import CalibrationError, Detection
from vla_cameras.calibration.pose import from_vector, project
from vla_cameras.camera_info import Intrinsics

__all__ = ['IntrinsicsResult', 'calibrate', 'coverage', 'spread']

FEWEST_IMAGES = 6
# A picture this many times worse than the middle one shows a board that moved or was misread.
OUTLIER = 4.0
CELLS = 5


@dataclass(frozen=True, eq=False)
class IntrinsicsResult:
    """
    Intrinsics and how well they fit.

    ``errors_px`` is the reprojection of each of ``detections``, ``poses`` their boards' in the
    camera's frame, ``focal_sigma_px`` what the pictures leave open of the focal length (NaN where
    it is not known), ``rejected`` the names of pictures left out, ``warnings`` what to do better.
    """

    intrinsics: Intrinsics
    rms_px: float
    errors_px: np.ndarray
    detections: tuple[Detection, ...]
    poses: tuple[np.ndarray, ...]
    focal_sigma_px: float
    rejected: tuple[str, ...]
    warnings: tuple[str, ...]


def calibrate(
    detections: Sequence[Detection], size: tuple[int, int], model: str = 'plumb_bob',
) -> IntrinsicsResult:
    """
    Intrinsics for pictures of ``size`` (width, height); ``model`` as in `Intrinsics`.

    Pictures that fit far worse than the rest are left out and named. CalibrationError when there
    are too few, or when they cannot tell the focal length.
    """
    kept, rejected = list(detections), []
    while True:
        if len(kept) < FEWEST_IMAGES:
            raise CalibrationError(
                f'{len(kept)} pictures with a board are too few: take {FEWEST_IMAGES} or more, '
                f'better 20, near and far, tilted, into every corner')
        intrinsics, poses, sigma = _solve(kept, size, model)
        errors = np.array([
            _rms(project(view.board, pose, intrinsics) - view.image)
            for view, pose in zip(kept, poses)])
        worst = int(np.argmax(errors))
        if errors[worst] <= max(OUTLIER * np.median(errors), 0.1):
            break
        rejected.append(kept.pop(worst).name)
    if np.isfinite(sigma) and sigma > 0.1 * intrinsics.fx:
        raise CalibrationError(
            f'the focal length stays open by {sigma:.0f} pixels: tilt the board by 20° to 40° in '
            f'different directions')
    weights = [len(view.board) for view in kept]
    return IntrinsicsResult(
        intrinsics=intrinsics,
        rms_px=float(np.sqrt(np.average(errors ** 2, weights=weights))),
        errors_px=errors, detections=tuple(kept), poses=tuple(poses), focal_sigma_px=sigma,
        rejected=tuple(rejected), warnings=_warnings(kept, poses, size))


def coverage(detections: Sequence[Detection], size: tuple[int, int]) -> float:
    """Share of a 5 × 5 grid over the picture in which corners were seen."""
    seen = np.zeros((CELLS, CELLS), dtype=bool)
    for view in detections:
        columns = np.clip(view.image[:, 0] / size[0] * CELLS, 0, CELLS - 1).astype(int)
        rows = np.clip(view.image[:, 1] / size[1] * CELLS, 0, CELLS - 1).astype(int)
        seen[rows, columns] = True
    return float(seen.mean())


def spread(first: Detection, second: Detection, size: tuple[int, int]) -> float:
    """How different two views are: mean move of their common corners, share of the width."""
    keys = {tuple(np.round(point, 6)): pixel for point, pixel in zip(first.board, first.image)}
    moves = [np.linalg.norm(keys[key] - pixel) for point, pixel in zip(second.board, second.image)
             if (key := tuple(np.round(point, 6))) in keys]
    return float(np.mean(moves)) / size[0] if moves else 1.0


def _solve(views: Sequence[Detection], size: tuple[int, int], model: str) -> tuple:
    boards = [view.board.astype(np.float32).reshape(-1, 1, 3) for view in views]
    images = [view.image.astype(np.float32).reshape(-1, 1, 2) for view in views]
    sigma = float('nan')
    try:
        if model == 'equidistant':
            _, matrix, coefficients, rotations, translations = cv2.fisheye.calibrate(
                boards, images, size, np.zeros((3, 3)), np.zeros(4),
                flags=cv2.fisheye.CALIB_RECOMPUTE_EXTRINSIC | cv2.fisheye.CALIB_FIX_SKEW)
        else:
            flags = cv2.CALIB_RATIONAL_MODEL if model == 'rational_polynomial' else 0
            _, matrix, coefficients, rotations, translations, sigmas, _, _ = (
                cv2.calibrateCameraExtended(boards, images, size, None, None, flags=flags))
            sigma = float(sigmas[0, 0])
    except cv2.error as error:
        raise CalibrationError(f'the pictures cannot be calibrated as {model}: '
                               f'{str(error).strip().splitlines()[-1]}') from error
    count = {'plumb_bob': 5, 'rational_polynomial': 8, 'equidistant': 4}[model]
    intrinsics = Intrinsics(
        width=size[0], height=size[1], fx=matrix[0, 0], fy=matrix[1, 1], cx=matrix[0, 2],
        cy=matrix[1, 2], distortion_model=model,
        distortion=tuple(map(float, np.ravel(coefficients)[:count])))
    poses = [from_vector(np.concatenate([np.ravel(r), np.ravel(t)]))
             for r, t in zip(rotations, translations)]
    return intrinsics, poses, sigma


def _warnings(
    views: Sequence[Detection], poses: Sequence[np.ndarray], size: tuple[int, int],
) -> tuple[str, ...]:
    warnings = []
    covered = coverage(views, size)
    if covered < 0.7:
        warnings.append(f'corners were seen in {100 * covered:.0f} % of the picture: show the '
                        f'board in every corner too')
    tilts = np.degrees(np.arccos(np.clip([abs(pose[2, 2]) for pose in poses], 0, 1)))
    if np.max(tilts) < 15:
        warnings.append(f'the board was tilted by {np.max(tilts):.0f}° at most: tilt it by 20° '
                        f'to 40°')
    return tuple(warnings)


def _rms(differences: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.sum(differences ** 2, axis=1))))
