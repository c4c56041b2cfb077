"""
Where a camera sits: on the hand (eye in hand), or beside the robot (eye to hand).

The board stands still while the hand carries the camera, or the hand carries the board before a
camera that stands still. With the poses of the hand B_i = T_base_hand and of the board in the
camera's frame C_i = T_camera_board, all

    in hand:  B_i · X · C_i = Z        X = T_hand_camera, Z = T_base_board
    to hand:  B_i⁻¹ · X · C_i = Z      X = T_base_camera, Z = T_hand_board

agree on one Z. Closed solutions (Tsai and Lenz 1989; Park and Martin 1994; Horaud and Dornaika
1995; Daniilidis 1999) give a start; then X and Z together are fitted to the corners' pixels by
least squares, which is kept where it fits the pixels better.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from scipy.optimize import least_squares

from vla_cameras.calibration.board import CalibrationError, Detection
from vla_cameras.calibration.pose import (
    board_pose,
    from_vector,
    inverse,
    project,
    to_vector,
)
from vla_cameras.camera_info import Intrinsics

__all__ = ['HandEyeResult', 'calibrate', 'check_motion']

FEWEST_POSES = 5
LEAST_TURN_DEG = 15.0
METHODS = {
    'tsai': cv2.CALIB_HAND_EYE_TSAI, 'park': cv2.CALIB_HAND_EYE_PARK,
    'horaud': cv2.CALIB_HAND_EYE_HORAUD, 'daniilidis': cv2.CALIB_HAND_EYE_DANIILIDIS}

Eye = Literal['in_hand', 'to_hand']


@dataclass(frozen=True, eq=False)
class HandEyeResult:
    """
    ``camera`` is X and ``board`` Z, [4, 4].

    ``rms_px`` is the reprojection over all poses, ``errors_px`` of each; ``translation_rms_mm``
    and ``rotation_rms_deg`` say how far the poses disagree on where the board is.
    """

    camera: np.ndarray
    board: np.ndarray
    method: str
    rms_px: float
    errors_px: np.ndarray
    translation_rms_mm: float
    rotation_rms_deg: float


def calibrate(
    hands: Sequence[np.ndarray], detections: Sequence[Detection], intrinsics: Intrinsics,
    eye: Eye,
) -> HandEyeResult:
    """
    The camera's mount from poses of the hand [4, 4] and the board seen at each.

    CalibrationError when poses are too few or do not turn enough to tell.
    """
    check_motion(hands)
    boards = [board_pose(view.board, view.image, intrinsics) for view in detections]
    carried = [hand if eye == 'in_hand' else inverse(hand) for hand in hands]

    def errors(camera: np.ndarray, board: np.ndarray) -> list[np.ndarray]:
        return [project(view.board, inverse(hand @ camera) @ board, intrinsics) - view.image
                for hand, view in zip(carried, detections)]

    best = None
    for method, code in METHODS.items():
        camera = _closed_form(carried, boards, code)
        if camera is None:
            continue
        board = _mean_pose([hand @ camera @ seen for hand, seen in zip(carried, boards)])
        fit = _rms(errors(camera, board))
        if np.isfinite(fit) and (best is None or fit < best[0]):
            best = fit, camera, board, method
    if best is None:
        raise CalibrationError('no method finds a mount from these poses: take poses that turn '
                               'the hand about several axes')
    fit, camera, board, method = best

    def residuals(vector: np.ndarray) -> np.ndarray:
        return np.concatenate(errors(from_vector(vector[:6]), from_vector(vector[6:]))).ravel()

    refined = least_squares(
        residuals, np.concatenate([to_vector(camera), to_vector(board)]), x_scale='jac')
    refined_camera, refined_board = from_vector(refined.x[:6]), from_vector(refined.x[6:])
    refined_fit = _rms(errors(refined_camera, refined_board))
    if refined_fit < fit:
        fit, camera, board = refined_fit, refined_camera, refined_board
        method = f'{method}, least squares'
    seen = [hand @ camera @ pose for hand, pose in zip(carried, boards)]
    apart = [inverse(board) @ pose for pose in seen]
    return HandEyeResult(
        camera=camera, board=board, method=method, rms_px=fit,
        errors_px=np.array([_rms([error]) for error in errors(camera, board)]),
        translation_rms_mm=1000 * float(np.sqrt(np.mean(
            [np.sum(pose[:3, 3] ** 2) for pose in apart]))),
        rotation_rms_deg=float(np.degrees(np.sqrt(np.mean(
            [np.sum(cv2.Rodrigues(pose[:3, :3])[0] ** 2) for pose in apart])))))


def check_motion(hands: Sequence[np.ndarray]) -> None:
    """CalibrationError unless the poses [4, 4] turn about two axes, without which X is not told."""
    if len(hands) < FEWEST_POSES:
        raise CalibrationError(f'{len(hands)} poses with a board are too few: take {FEWEST_POSES} '
                               f'or more, better 15')
    turns = np.array([cv2.Rodrigues(hands[0][:3, :3].T @ hand[:3, :3])[0].ravel()
                      for hand in hands[1:]])
    extents = np.degrees(np.linalg.svd(turns, compute_uv=False)) / np.sqrt(len(turns))
    if extents[1] < LEAST_TURN_DEG / 3 or np.degrees(np.abs(turns).max()) < LEAST_TURN_DEG:
        raise CalibrationError(
            'the poses do not turn the hand about two axes: turn it by 20° or more about different '
            'axes between poses')


def _closed_form(
    carried: Sequence[np.ndarray], boards: Sequence[np.ndarray], code: int,
) -> np.ndarray | None:
    try:
        rotation, translation = cv2.calibrateHandEye(
            [pose[:3, :3] for pose in carried], [pose[:3, 3] for pose in carried],
            [pose[:3, :3] for pose in boards], [pose[:3, 3] for pose in boards], method=code)
    except cv2.error:
        return None
    camera = np.eye(4)
    camera[:3, :3], camera[:3, 3] = rotation, np.ravel(translation)
    return camera if np.isfinite(camera).all() else None


def _mean_pose(poses: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of positions, and of rotations in the sense of the chordal distance."""
    mean = np.eye(4)
    left, _, right = np.linalg.svd(sum(pose[:3, :3] for pose in poses))
    mean[:3, :3] = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    mean[:3, 3] = np.mean([pose[:3, 3] for pose in poses], axis=0)
    return mean


def _rms(errors: Sequence[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.sum(np.concatenate(errors) ** 2, axis=1))))
