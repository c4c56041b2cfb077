"""
Draw where the robot's frames should be into a camera's picture: do they lie on the robot?

    ros2 run vla_cameras check_projection --cameras lab --camera front --robot franka
    ros2 run vla_cameras check_projection --cameras lab --camera front --robot franka \\
        --image picture.png --joints 0,-0.785,0,-2.356,0,1.571,0.785

Live, poses come from TF at the time of the picture; with --image from the robot description. The
camera's pose is the calibrated mount, where there is one, else that of the description.
"""
import argparse
import sys
from pathlib import Path

import numpy as np
import pinocchio

from vla_cameras.calibration import overlay
from vla_cameras.calibration.board import CalibrationError
from vla_cameras.calibration.pose import pose_of
from vla_cameras.calibration.projection import project_frames
from vla_cameras.camera_info import Intrinsics, pinhole
from vla_cameras.commands.command import Results, add_camera_arguments, pictures, run
from vla_cameras.configuration import CameraConfig, MountCalibration, load_cameras
from vla_core.description import robot_description
from vla_core.profile import RobotProfile
from vla_core.validation import near_matches


def main() -> int:
    """Entry point."""
    return run(command)


def command(arguments: list[str]) -> int:
    """Draw and say; status 1 when no frame is in the picture."""
    options = _parser().parse_args(arguments)
    profile = RobotProfile.load(options.robot)
    camera = load_cameras(options.cameras, options.robot, (options.camera,))[0]
    mount = camera.calibration.mount
    frames = options.frames.split(',') if options.frames else [
        frame for arm in profile.arms for frame in (arm.base_frame, arm.tip_frame)]
    if options.image:
        poses = robot_frames(profile, _joints(profile, options.joints))
        image = _picture(options.image)
    else:
        image, poses = _live(options, profile, camera, frames)
    missing = [name for name in frames if name not in poses]
    if missing:
        raise CalibrationError(f'robot {profile.name} has no frame {missing[0]!r}; '
                               f'{near_matches(missing[0], poses)}')
    projected = project_frames(
        {name: poses[name] for name in frames}, _camera_pose(camera, mount, poses),
        _intrinsics(camera, image, options.fovy))
    path = options.out or Results(options.cameras, options.camera).overlay('projection')
    overlay.save(overlay.draw_frames(image, projected, f'{options.camera}: {profile.name}'), path)
    shown = {frame.name: frame for frame in projected if frame.in_picture}
    for name in frames:
        frame = shown.get(name)
        print(f'{name}: {frame.origin[0]:.1f} {frame.origin[1]:.1f} pixels, {frame.depth_m:.3f} m'
              if frame else f'{name}: not in the picture')
    print(f'drawn: {path}')
    return 0 if shown else 1


def robot_frames(profile: RobotProfile, positions: dict[str, float]) -> dict[str, np.ndarray]:
    """Pose [4, 4] of every frame in the root frame, at joint ``positions`` (others at zero)."""
    model = pinocchio.buildModelFromXML(robot_description(profile))
    q = pinocchio.neutral(model)
    for name, position in positions.items():
        if model.existJointName(name):
            q[model.joints[model.getJointId(name)].idx_q] = position
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, q)
    root = data.oMf[model.getFrameId(profile.root_frame)]
    return {frame.name: (root.inverse() * data.oMf[index]).homogeneous
            for index, frame in enumerate(model.frames)
            if frame.type in (pinocchio.FrameType.BODY, pinocchio.FrameType.FIXED_JOINT)}


def _joints(profile: RobotProfile, text: str) -> dict[str, float]:
    try:
        values = [float(value) for value in text.split(',')] if text else list(profile.home)
    except ValueError as error:
        raise CalibrationError(f'--joints: {text!r} are not numbers with commas') from error
    if len(values) != len(profile.joints):
        raise CalibrationError(f'--joints: robot {profile.name} has {len(profile.joints)} joints, '
                               f'{len(values)} numbers were given')
    return dict(zip(profile.joints, values))


def _picture(path: Path) -> np.ndarray:
    if not path.is_file():
        raise CalibrationError(f'no picture {path}')
    return next(pictures(path))[1]


def _live(
    options: argparse.Namespace, profile: RobotProfile, camera: CameraConfig, frames: list[str],
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    from vla_cameras.commands.live import Live
    mount = camera.calibration.mount
    wanted = {*frames, mount.parent_frame if mount else camera.frame}
    poses: dict[str, np.ndarray | None] = {}
    with Live('check_projection') as live:
        live.watch(options.topic or options.camera)
        for picture in live.pictures(options.seconds):
            poses = {name: live.pose(profile.root_frame, name, picture.stamp_ns)
                     for name in wanted}
            if all(pose is not None for pose in poses.values()):
                return picture.image, poses
    unknown = ', '.join(sorted(name for name, pose in poses.items() if pose is None))
    raise CalibrationError(f'TF does not know {unknown} in {profile.root_frame}: is the robot '
                           f'running?')


def _camera_pose(
    camera: CameraConfig, mount: MountCalibration | None, poses: dict[str, np.ndarray],
) -> np.ndarray:
    if mount is None:
        frame, pose = camera.frame, np.eye(4)
    else:
        frame, pose = mount.parent_frame, pose_of(mount.position, mount.quaternion)
    if frame not in poses:
        raise CalibrationError(f'the robot has no frame {frame!r}: run calibrate_hand_eye, or '
                               f'mend the name')
    return poses[frame] @ pose


def _intrinsics(camera: CameraConfig, image: np.ndarray, fovy: float | None) -> Intrinsics:
    height, width = image.shape[:2]
    if fovy is not None or camera.source.kind == 'simulated':
        return pinhole(width, height, fovy or camera.fovy)
    if camera.calibration.intrinsics is None:
        raise CalibrationError(f'camera {camera.name} has no intrinsics: run calibrate_intrinsics '
                               f'first, or give --fovy')
    return camera.calibration.intrinsics.intrinsics.scaled(width, height)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='check_projection', description=__doc__.strip().splitlines()[0])
    add_camera_arguments(parser)
    parser.add_argument('--robot', required=True, help='robot profile, by name or file')
    parser.add_argument('--frames', default='', help='a,b,c; else base and tip of every arm')
    parser.add_argument('--image', type=Path, help='a picture; without it live')
    parser.add_argument('--joints', default='', help='positions at --image, rad; else home')
    parser.add_argument('--fovy', type=float, help='ideal camera of this vertical angle, degrees')
    parser.add_argument('--topic', default='', help='folder of the topics, if not the name')
    parser.add_argument('--seconds', type=float, default=10.0, help='time to wait for a picture')
    parser.add_argument('--out', type=Path, help='picture to write')
    return parser


if __name__ == '__main__':
    sys.exit(main())
