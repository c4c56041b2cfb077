"""Poses as homogeneous matrices [4, 4], and as 6 numbers for least squares."""
import cv2
import numpy as np
from numpy.typing import ArrayLike

from vla_cameras.camera_info import Intrinsics
from vla_core.rotation import matrix_to_quaternion, quaternion_to_matrix

__all__ = [
    'board_pose', 'from_vector', 'inverse', 'pose_of', 'project', 'to_vector', 'to_xyz_quaternion',
]


def pose_of(position: ArrayLike, quaternion: ArrayLike) -> np.ndarray:
    """[4, 4] of a position [3], m, and a quaternion [4] xyzw."""
    pose = np.eye(4)
    pose[:3, :3] = quaternion_to_matrix(np.asarray(quaternion, dtype=float))
    pose[:3, 3] = position
    return pose


def to_xyz_quaternion(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position [3] and quaternion [4] xyzw of a pose."""
    return pose[:3, 3].copy(), matrix_to_quaternion(pose[:3, :3])


def inverse(pose: np.ndarray) -> np.ndarray:
    """The inverse of a pose."""
    result = np.eye(4)
    result[:3, :3] = pose[:3, :3].T
    result[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return result


def to_vector(pose: np.ndarray) -> np.ndarray:
    """Rotation vector and position [6]."""
    return np.concatenate([cv2.Rodrigues(pose[:3, :3])[0].ravel(), pose[:3, 3]])


def from_vector(vector: np.ndarray) -> np.ndarray:
    """The pose of `to_vector`."""
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(np.ascontiguousarray(vector[:3]))[0]
    pose[:3, 3] = vector[3:]
    return pose


def project(points: np.ndarray, pose: np.ndarray, intrinsics: Intrinsics) -> np.ndarray:
    """Pixels [n, 2] of ``points`` [n, 3] that stand in the camera's frame at ``pose``."""
    rotation, translation = cv2.Rodrigues(pose[:3, :3])[0], pose[:3, 3]
    points = np.ascontiguousarray(points, dtype=np.float64).reshape(-1, 1, 3)
    if intrinsics.distortion_model == 'equidistant':
        pixels, _ = cv2.fisheye.projectPoints(
            points, rotation, translation, intrinsics.matrix, intrinsics.coefficients)
    else:
        pixels, _ = cv2.projectPoints(
            points, rotation, translation, intrinsics.matrix, intrinsics.coefficients)
    return pixels.reshape(-1, 2)


def board_pose(board: np.ndarray, image: np.ndarray, intrinsics: Intrinsics) -> np.ndarray:
    """
    Pose of a board in the camera's frame from its corners [n, 3] and their pixels [n, 2].

    Of the two poses that a plane seen from afar allows (Schweighofer and Pinz 2006), the one that
    projects better, refined by least squares.
    """
    matrix, coefficients = intrinsics.matrix, intrinsics.coefficients
    pixels = image.reshape(-1, 1, 2)
    if intrinsics.distortion_model == 'equidistant':
        pixels = cv2.fisheye.undistortPoints(pixels, matrix, coefficients, P=matrix)
        coefficients = np.zeros(5)
    _, rotations, translations, _ = cv2.solvePnPGeneric(
        board.reshape(-1, 1, 3), pixels, matrix, coefficients, flags=cv2.SOLVEPNP_IPPE)
    rotation, translation = cv2.solvePnPRefineLM(
        board.reshape(-1, 1, 3), pixels, matrix, coefficients, rotations[0], translations[0])
    return from_vector(np.concatenate([rotation.ravel(), translation.ravel()]))
