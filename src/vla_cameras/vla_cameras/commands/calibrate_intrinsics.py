"""
Intrinsics of a camera from a ChArUco board or a checkerboard.

    ros2 run vla_cameras calibrate_intrinsics --print-board board.png
    ros2 run vla_cameras calibrate_intrinsics --cameras lab --camera front            # live
    ros2 run vla_cameras calibrate_intrinsics --cameras lab --camera front --images folder/
"""
import argparse
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from vla_cameras.calibration import intrinsics, overlay
from vla_cameras.calibration.board import Board, CalibrationError, Detection
from vla_cameras.calibration.pose import project
from vla_cameras.commands.command import (
    Results,
    add_board_arguments,
    board_of,
    pictures,
    run,
    say,
)
from vla_cameras.configuration import IntrinsicsCalibration

NEW_VIEW = 0.06  # mean move of the corners, share of the picture's width
PRINTED_PIXELS = 200


def main() -> int:
    """Entry point."""
    return run(command)


def command(arguments: list[str]) -> int:
    """Calibrate; the exit status."""
    options = _parser().parse_args(arguments)
    board = board_of(options)
    if options.print_board:
        overlay.save(np.repeat(board.draw(PRINTED_PIXELS)[..., None], 3, axis=2),
                     options.print_board)
        width, height = board.size_m
        say(f'{board}: print {options.print_board} at {1000 * width:g} × {1000 * height:g} mm')
        return 0
    if not options.cameras or not options.camera:
        raise CalibrationError('--cameras and --camera are needed')
    results = Results(options.cameras, options.camera)
    if options.images:
        views, image = _from_files(board, options.images)
    else:
        views, image = _live(board, options)
    size = image.shape[1], image.shape[0]
    found = intrinsics.calibrate(views, size, options.model)
    for name in found.rejected:
        say(f'left out: {name} fits far worse than the rest')
    for warning in found.warnings:
        say(f'warning: {warning}')
    modelled = [project(view.board, pose, found.intrinsics)
                for view, pose in zip(found.detections, found.poses)]
    path = results.overlay('intrinsics')
    overlay.save(overlay.draw_corners(
        image, found.detections, modelled,
        f'{options.camera}: {found.rms_px:.3f} pixels over {len(found.poses)} pictures'), path)
    results.write(intrinsics=IntrinsicsCalibration(
        intrinsics=found.intrinsics, rms_px=found.rms_px, worst_px=float(found.errors_px.max()),
        images=len(found.poses), board=str(board), date=results.date, overlay=path.name))
    fitted = found.intrinsics
    print(f'{options.camera}: fx {fitted.fx:.2f} fy {fitted.fy:.2f} cx {fitted.cx:.2f} '
          f'cy {fitted.cy:.2f}, {found.rms_px:.3f} pixels over {len(found.poses)} pictures')
    return 0


def _from_files(board: Board, path: Path) -> tuple[list[Detection], np.ndarray]:
    views, image, without = [], None, 0
    for name, picture in pictures(path):
        if image is not None and picture.shape != image.shape:
            raise CalibrationError(f'{name} has another size than the pictures before it')
        image = picture
        view = board.find(picture, name)
        if view is None:
            without += 1
        else:
            views.append(view)
    say(f'{board}: seen in {len(views)} pictures, not in {without}')
    if image is None:
        raise CalibrationError(f'{path} holds no pictures')
    return views, image


def _live(board: Board, options: argparse.Namespace) -> tuple[list[Detection], np.ndarray]:
    from vla_cameras.commands.live import Live
    views: list[Detection] = []
    image = None
    say('show the board near and far, tilted, and in every corner; each new view is taken')
    with Live('calibrate_intrinsics') as live, Progress(
            TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
            console=Console(file=sys.stderr)) as progress:
        live.watch(options.topic or options.camera)
        task = progress.add_task('views', total=options.views)
        for picture in live.pictures(options.seconds):
            image = picture.image
            size = image.shape[1], image.shape[0]
            view = board.find(image, f'view {len(views) + 1}')
            if view is None or any(
                    intrinsics.spread(view, other, size) < NEW_VIEW for other in views):
                continue
            views.append(view)
            covered = intrinsics.coverage(views, size)
            progress.update(task, completed=len(views),
                            description=f'views (picture covered: {100 * covered:.0f} %)')
            if len(views) >= options.views:
                break
    return views, image


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='calibrate_intrinsics', description=__doc__.strip().splitlines()[0])
    parser.add_argument('--cameras', metavar='SET', help='camera set; results go beside it')
    parser.add_argument('--camera', help='name of the camera in the set')
    parser.add_argument('--images', type=Path, help='folder or video; without it live')
    parser.add_argument('--topic', default='', help='folder of the topics, if not the name')
    parser.add_argument('--views', type=int, default=20, help='views to take, live')
    parser.add_argument('--seconds', type=float, default=180.0, help='time to take them in')
    parser.add_argument('--model', default='plumb_bob',
                        choices=('plumb_bob', 'rational_polynomial', 'equidistant'))
    parser.add_argument('--print-board', type=Path, metavar='PNG',
                        help='write the board for printing and end')
    add_board_arguments(parser)
    return parser


if __name__ == '__main__':
    sys.exit(main())
