"""What the commands share: their arguments, where results go, and how they end."""
import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import av
import cv2
import numpy as np
from pydantic import ValidationError

from vla_cameras.calibration.board import Board, CalibrationError
from vla_cameras.camera_info import Intrinsics
from vla_cameras.configuration import CalibrationFile, CameraSet
from vla_cameras.sources.image_folder import picture_files
from vla_core.validation import ConfigurationError, one_line

__all__ = [
    'Results', 'add_board_arguments', 'add_camera_arguments', 'board_of', 'pictures', 'run', 'say',
]


def run(command: Callable[[list[str]], int], arguments: list[str] | None = None) -> int:
    """Run a command; a mistake is one line on stderr and status 1."""
    try:
        return command(_without_ros(sys.argv[1:] if arguments is None else arguments))
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('stopped; nothing was written', file=sys.stderr)
        return 130


def say(text: str) -> None:
    """Tell how it goes, on stderr."""
    print(text, file=sys.stderr)


def add_camera_arguments(parser: argparse.ArgumentParser) -> None:
    """``--cameras`` and ``--camera``."""
    parser.add_argument('--cameras', required=True, metavar='SET',
                        help='camera set, by name or file; results go beside it')
    parser.add_argument('--camera', required=True, help='name of the camera in the set')


def add_board_arguments(parser: argparse.ArgumentParser) -> None:
    """The board's shape."""
    board = Board()
    parser.add_argument('--board', choices=('charuco', 'checkerboard'), default=board.kind)
    parser.add_argument('--squares', default=f'{board.columns}x{board.rows}',
                        help='columns x rows of squares, 8x6')
    parser.add_argument('--square', type=float, default=board.square_m, help='side of a square, m')
    parser.add_argument('--marker', type=float, default=board.marker_m, help='side of a marker, m')
    parser.add_argument('--dictionary', default=board.dictionary, help='of the markers')


def board_of(arguments: argparse.Namespace) -> Board:
    """The board that the arguments describe."""
    try:
        columns, rows = map(int, arguments.squares.lower().split('x'))
    except ValueError as error:
        raise CalibrationError(
            f'board: --squares {arguments.squares!r} must be columns x rows, 8x6') from error
    try:
        return Board(kind=arguments.board, columns=columns, rows=rows, square_m=arguments.square,
                     marker_m=arguments.marker, dictionary=arguments.dictionary)
    except ValidationError as error:
        raise CalibrationError(f'board: {one_line(error)}') from error


def pictures(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Name and rgb8 of each picture of a folder, or of a video."""
    if path.is_dir():
        for file in picture_files(path):
            image = cv2.imread(str(file), cv2.IMREAD_COLOR)
            if image is None:
                say(f'{file} cannot be read; left out')
            else:
                yield file.name, cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return
    try:
        with av.open(str(path)) as container:
            for index, frame in enumerate(container.decode(video=0)):
                yield f'{path.name}:{index}', frame.to_ndarray(format='rgb24')
    except av.FFmpegError as error:
        raise CalibrationError(f'{path} is neither a folder of pictures nor a video') from error


class Results:
    """The calibration of one camera of a set, beside the set."""

    def __init__(self, camera_set: str, camera: str) -> None:
        self._set = CameraSet.find(camera_set)
        CameraSet.load(self._set)
        self.path = CameraSet.calibration_path(self._set)
        self.camera = camera

    @property
    def date(self) -> str:
        """Now, to write down."""
        return datetime.now(timezone.utc).isoformat(timespec='seconds')

    def overlay(self, kind: str) -> Path:
        """Where the picture of a calibration goes."""
        return self.path.with_name(f'{self._set.stem}.{self.camera}.{kind}.png')

    def known(self):
        """What was calibrated before, as CameraCalibration, or None."""
        return CalibrationFile.load(self.path).cameras.get(self.camera)

    def intrinsics(self) -> Intrinsics | None:
        """Calibrated intrinsics, or None."""
        known = self.known()
        return known.intrinsics.intrinsics if known and known.intrinsics else None

    def write(self, **found) -> None:
        """Put what was found into the file."""
        CalibrationFile.load(self.path).updated(self.camera, **found).save(self.path)
        say(f'written: {self.path}')


def _without_ros(arguments: list[str]) -> list[str]:
    """The arguments without those of ROS, which rclpy reads itself."""
    if '--ros-args' not in arguments:
        return arguments
    from rclpy.utilities import remove_ros_args
    return remove_ros_args(['', *arguments])[1:]
