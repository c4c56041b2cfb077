"""
Where a camera sits, from a board seen at many poses of the hand.

    ros2 run vla_cameras calibrate_hand_eye --cameras lab --camera wrist --eye in_hand \\
        --base base --hand fr3_hand
    ros2 run vla_cameras calibrate_hand_eye --cameras lab --camera front --eye to_hand \\
        --base world --hand fr3_hand --images folder/ --poses folder/poses.yaml

Live, move the arm by hand or teleoperation and let it rest: each new resting pose is taken. Poses
come from TF, or from YAML: `poses:` and a list of {image, position, quaternion xyzw}.
"""
import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from vla_cameras.calibration import hand_eye, overlay
from vla_cameras.calibration.board import Board, CalibrationError, Detection
from vla_cameras.calibration.pose import inverse, pose_of, project, to_xyz_quaternion
from vla_cameras.camera_info import Intrinsics
from vla_cameras.commands.command import (
    Results,
    add_board_arguments,
    add_camera_arguments,
    board_of,
    pictures,
    run,
    say,
)
from vla_cameras.configuration import MountCalibration
from vla_core.rotation import matrix_to_quaternion, quaternion_to_rpy
from vla_core.validation import StrictModel, Vector, read_yaml

RESTING_S, RESTING_M, RESTING_RAD = 0.4, 0.0005, 0.002
NEW_POSE_M, NEW_POSE_RAD = 0.05, 0.15
# A link <name>_camera has x forward, its optical frame z forward, x right, y down (REP 103).
LINK_TO_OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


class NamedPose(StrictModel):
    """The hand's pose in the base frame at a picture, m and xyzw."""

    image: str
    position: Vector
    quaternion: Vector


class PoseFile(StrictModel):
    """Poses by picture."""

    poses: tuple[NamedPose, ...]


def main() -> int:
    """Entry point."""
    return run(command)


def command(arguments: list[str]) -> int:
    """Calibrate; the exit status."""
    options = _parser().parse_args(arguments)
    board = board_of(options)
    if not board.has_direction:
        raise CalibrationError(f'{board} looks the same when turned by 180°: use one with an odd '
                               f'sum of columns and rows, or ChArUco')
    results = Results(options.cameras, options.camera)
    if options.images:
        hands, views, image, known = _from_files(board, options, results)
    else:
        hands, views, image, known = _live(board, options, results)
    found = hand_eye.calibrate(hands, views, known, options.eye)
    carried = hands if options.eye == 'in_hand' else [inverse(hand) for hand in hands]
    modelled = [project(view.board, inverse(hand @ found.camera) @ found.board, known)
                for hand, view in zip(carried, views)]
    path = results.overlay('mount')
    overlay.save(overlay.draw_corners(
        image, views, modelled, f'{options.camera}: {found.rms_px:.3f} pixels, '
        f'{found.translation_rms_mm:.2f} mm over {len(views)} poses', magnified=10.0), path)
    parent = options.hand if options.eye == 'in_hand' else options.base
    position, quaternion = to_xyz_quaternion(found.camera)
    results.write(mount=MountCalibration(
        parent_frame=parent, position=position, quaternion=quaternion, eye=options.eye,
        method=found.method, rms_px=found.rms_px, translation_rms_mm=found.translation_rms_mm,
        rotation_rms_deg=found.rotation_rms_deg, poses=len(views), date=results.date,
        overlay=path.name))
    print(f'{options.camera} in {parent}: {_numbers(position)} m, quaternion '
          f'{_numbers(quaternion)}; the board stays within {found.translation_rms_mm:.2f} mm, '
          f'{found.rotation_rms_deg:.3f}°, {found.rms_px:.3f} pixels')
    link = found.camera @ inverse(LINK_TO_OPTICAL)
    rpy = quaternion_to_rpy(matrix_to_quaternion(link[:3, :3]))
    print(f"for model_arguments of the robot profile: {options.camera}_xyz: "
          f"'{_numbers(link[:3, 3])}', {options.camera}_rpy: '{_numbers(rpy)}'")
    return 0


def _from_files(board: Board, options: argparse.Namespace, results: Results) -> tuple:
    known = _needed(results.intrinsics(), options.camera)
    if options.poses is None:
        raise CalibrationError('--poses is needed with --images')
    poses = {entry.image: pose_of(entry.position, entry.quaternion)
             for entry in read_yaml(options.poses, PoseFile, CalibrationError).poses}
    hands, views, image = [], [], None
    for name, picture in pictures(options.images):
        view = board.find(picture, name) if name in poses else None
        if view is None:
            say(f'{name}: {"no board is seen" if name in poses else "has no pose"}; left out')
            continue
        if picture.shape[:2] != (known.height, known.width):
            raise CalibrationError(f'{name} has another size than the intrinsics')
        hands.append(poses[name])
        views.append(view)
        image = picture
    if image is None:
        raise CalibrationError(f'{options.images} holds no picture with a board and a pose')
    return hands, views, image, known


def _live(board: Board, options: argparse.Namespace, results: Results) -> tuple:
    from vla_cameras.commands.live import Live
    hands: list[np.ndarray] = []
    views: list[Detection] = []
    image, known, resting = None, results.intrinsics(), None
    say('bring the arm to poses that turn it by 20° or more, and let it rest at each')
    with Live('calibrate_hand_eye') as live, Progress(
            TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
            console=Console(file=sys.stderr)) as progress:
        live.watch(options.topic or options.camera)
        task = progress.add_task('poses', total=options.views)
        for picture in live.pictures(options.seconds):
            hand = live.pose(options.base, options.hand, picture.stamp_ns)
            if hand is None:
                progress.update(task, description=f'TF has no {options.hand} in {options.base}')
                continue
            if resting is None or _moved(resting[1], hand, RESTING_M, RESTING_RAD):
                resting = picture.stamp_ns, hand
                continue
            if picture.stamp_ns - resting[0] < RESTING_S * 1e9 or any(
                    not _moved(other, hand, NEW_POSE_M, NEW_POSE_RAD) for other in hands):
                continue
            known = _needed(known or live.intrinsics(), options.camera)
            view = board.find(picture.image, f'pose {len(views) + 1}')
            if view is None:
                progress.update(task, description='no board is seen here')
                continue
            image = picture.image
            hands.append(hand)
            views.append(view)
            progress.update(task, completed=len(views), description='poses')
            if len(views) >= options.views:
                break
    return hands, views, image, known


def _needed(known: Intrinsics | None, camera: str) -> Intrinsics:
    if known is None:
        raise CalibrationError(f'camera {camera} has no intrinsics: run calibrate_intrinsics first')
    return known


def _moved(first: np.ndarray, second: np.ndarray, metres: float, radians: float) -> bool:
    apart = inverse(first) @ second
    turn = np.linalg.norm(cv2.Rodrigues(apart[:3, :3])[0])
    return bool(np.linalg.norm(apart[:3, 3]) > metres or turn > radians)


def _numbers(values: np.ndarray) -> str:
    return ' '.join(f'{value:.5f}' for value in values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='calibrate_hand_eye', description=__doc__.strip().splitlines()[0])
    add_camera_arguments(parser)
    parser.add_argument('--eye', required=True, choices=('in_hand', 'to_hand'),
                        help='the camera is on the hand, or beside the robot')
    parser.add_argument('--base', required=True, help='frame that stands still')
    parser.add_argument('--hand', required=True, help='frame that carries camera or board')
    parser.add_argument('--images', type=Path, help='folder; without it live')
    parser.add_argument('--poses', type=Path, help='YAML: the hand at each picture')
    parser.add_argument('--topic', default='', help='folder of the topics, if not the name')
    parser.add_argument('--views', type=int, default=15, help='poses to take, live')
    parser.add_argument('--seconds', type=float, default=600.0, help='time to take them in')
    add_board_arguments(parser)
    return parser


if __name__ == '__main__':
    sys.exit(main())
