"""
Calibration boards: ChArUco and checkerboard, found in pictures and drawn for printing.

A board lies in its plane z = 0 with x along its columns and y along its rows, in metres.
"""
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from vla_core.validation import ConfigurationError, Real, StrictModel, problem

__all__ = ['Board', 'CalibrationError', 'Detection', 'grey']

FEWEST_CORNERS = 6


class CalibrationError(ConfigurationError):
    """Pictures or poses from which nothing can be calibrated; one line that says what to do."""


@dataclass(frozen=True, eq=False)
class Detection:
    """Corners of a board: ``board`` [n, 3] in m on it, ``image`` [n, 2] in pixels."""

    board: np.ndarray
    image: np.ndarray
    name: str = ''


class Board(StrictModel):
    """A board of ``columns`` × ``rows`` squares of ``square_m``."""

    kind: Literal['charuco', 'checkerboard'] = 'charuco'
    columns: int = Field(8, ge=3, le=50, description='squares')
    rows: int = Field(6, ge=3, le=50, description='squares')
    square_m: Real = Field(0.03, gt=0)
    marker_m: Real = Field(0.022, gt=0, description='side of a marker, of ChArUco')
    dictionary: str = Field('4X4_50', description='of the markers, as OpenCV names them')

    @model_validator(mode='after')
    def _check(self) -> 'Board':
        if self.kind == 'charuco':
            if self.marker_m >= self.square_m:
                raise problem('marker_m', f'a marker ({self.marker_m:g} m) must be smaller than '
                                          f'its square ({self.square_m:g} m)')
            if not hasattr(cv2.aruco, f'DICT_{self.dictionary}'):
                raise problem('dictionary', f'no dictionary {self.dictionary!r}; 4X4_50, 5X5_100 '
                                            'and 6X6_250 are usual')
        return self

    def __str__(self) -> str:
        marker = f', markers {self.marker_m:g} m {self.dictionary}' * (self.kind == 'charuco')
        return f'{self.kind} {self.columns}×{self.rows}, squares {self.square_m:g} m{marker}'

    @cached_property
    def corners(self) -> np.ndarray:
        """Inner corners [n, 3], m, row after row."""
        across, down = np.meshgrid(np.arange(1, self.columns), np.arange(1, self.rows))
        grid = np.stack([across.ravel(), down.ravel(), np.zeros(across.size)], axis=1)
        return grid * self.square_m

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height, m."""
        return self.columns * self.square_m, self.rows * self.square_m

    @cached_property
    def _charuco(self) -> cv2.aruco.CharucoBoard:
        dictionary = cv2.aruco.getPredefinedDictionary(
            getattr(cv2.aruco, f'DICT_{self.dictionary}'))
        return cv2.aruco.CharucoBoard(
            (self.columns, self.rows), self.square_m, self.marker_m, dictionary)

    @cached_property
    def _detector(self) -> cv2.aruco.CharucoDetector:
        return cv2.aruco.CharucoDetector(self._charuco)

    def find(self, image: np.ndarray, name: str = '') -> Detection | None:
        """Corners of the board in ``image`` to a fraction of a pixel, None where it is not seen."""
        picture = grey(image)
        if self.kind == 'checkerboard':
            found, points = cv2.findChessboardCornersSB(
                picture, (self.columns - 1, self.rows - 1), flags=cv2.CALIB_CB_ACCURACY)
            if not found:
                return None
            pixels = points.reshape(-1, 2).astype(np.float64)
            return Detection(self.corners, self._upright(picture, pixels), name)
        points, ids, _, _ = self._detector.detectBoard(picture)
        if ids is None or len(ids) < FEWEST_CORNERS:
            return None
        refined = cv2.cornerSubPix(
            picture, points.astype(np.float32), (4, 4), (-1, -1),
            (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 40, 1e-4))
        return Detection(
            self.corners[ids.ravel()], refined.reshape(-1, 2).astype(np.float64), name)

    @property
    def has_direction(self) -> bool:
        """Whether it looks different when turned by 180°, without which it gives no pose."""
        return self.kind == 'charuco' or (self.columns + self.rows) % 2 == 1

    def _upright(self, picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Corners of a checkerboard in the order that puts a dark square at its origin."""
        if not self.has_direction:
            return pixels
        plane, _ = cv2.findHomography(self.corners[:, :2], pixels)
        row, column = np.indices((self.rows - 2, self.columns - 2)) + 1
        centres = (np.stack([column, row], axis=-1).reshape(-1, 1, 2) + 0.5) * self.square_m
        seen = cv2.remap(picture, cv2.perspectiveTransform(centres, plane).astype(np.float32),
                         None, cv2.INTER_LINEAR).ravel().astype(float)
        light = ((row + column) % 2).ravel() == 1
        return pixels if seen[light].mean() > seen[~light].mean() else pixels[::-1].copy()

    def draw(self, pixels_per_square: int) -> np.ndarray:
        """The board as a grey picture without margin, for printing."""
        size = self.columns * pixels_per_square, self.rows * pixels_per_square
        if self.kind == 'charuco':
            return self._charuco.generateImage(size, marginSize=0)
        row, column = np.indices((self.rows, self.columns))
        squares = np.where((row + column) % 2, 255, 0).astype(np.uint8)
        return np.kron(squares, np.ones((pixels_per_square, pixels_per_square), np.uint8))


def grey(image: np.ndarray) -> np.ndarray:
    """An rgb8 or mono8 picture as mono8."""
    return image if image.ndim == 2 else cv2.cvtColor(
        np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
