"""Calibration against boards rendered with known truth, through the functions and the commands."""
import cv2
import numpy as np
import pytest
import yaml

from vla_cameras.benchmark.rendered_board import board_views, looking_at, render_board
from vla_cameras.calibration import delay, hand_eye, intrinsics
from vla_cameras.calibration.board import Board, CalibrationError
from vla_cameras.calibration.pose import from_vector, inverse, project, to_xyz_quaternion
from vla_cameras.camera_info import Intrinsics
from vla_cameras.commands import calibrate_hand_eye, calibrate_intrinsics
from vla_cameras.commands.command import run
from vla_cameras.configuration import CalibrationFile, CameraSet, load_cameras

TRUTH = Intrinsics(width=640, height=480, fx=612.3, fy=610.9, cx=325.1, cy=236.4,
                   distortion=(0.08, -0.17, 0.0007, -0.0005, 0.03))
BOARD = Board()
SET = {'cameras': {'wrist': {
    'source': {'kind': 'v4l2'}, 'frame': 'wrist_optical', 'width': 640, 'height': 480,
    'rate_hz': 30}}}


@pytest.fixture(scope='module')
def views():
    """Pictures of the board with its poses in the camera's frame."""
    generator = np.random.default_rng(5)
    poses = board_views(BOARD, 10, generator)
    return [(render_board(BOARD, TRUTH, pose, generator), pose) for pose in poses]


@pytest.fixture(scope='module')
def seen(views):
    """What is found of the board in each."""
    return [BOARD.find(image, f'{index}.png') for index, (image, _) in enumerate(views)]


@pytest.fixture
def camera_set(tmp_path):
    path = tmp_path / 'lab.yaml'
    path.write_text('# Written by a person.\n' + yaml.safe_dump(SET))
    return path


def hands_of(views, camera, board, eye):
    """Poses of the hand at which the camera sees the board as in ``views``."""
    return [board @ inverse(pose) @ inverse(camera) if eye == 'in_hand'
            else camera @ pose @ inverse(board) for _, pose in views]


def mount(eye):
    """A camera (X) and a board (Z)."""
    if eye == 'in_hand':
        return (looking_at(np.array([0.05, 0.0, 0.06]), np.array([0.05, 0.02, 0.3]), 0.4),
                from_vector(np.array([0.1, 0.05, 0.3, 0.45, -0.1, 0.02])))
    return (looking_at(np.array([1.0, 0.3, 0.7]), np.array([0.5, 0.0, 0.3]), 0.1),
            from_vector(np.array([0.1, 3.0, 0.1, 0.02, 0.03, 0.08])))


def apart(first, second):
    """Distance in mm and angle in degrees."""
    difference = inverse(first) @ second
    return (1000 * np.linalg.norm(difference[:3, 3]),
            np.degrees(np.linalg.norm(cv2.Rodrigues(difference[:3, :3])[0])))


def test_intrinsics_are_found_to_a_fraction_of_a_pixel(seen):
    found = intrinsics.calibrate(seen, (640, 480))
    assert found.rms_px < 0.1
    assert found.intrinsics.fx == pytest.approx(TRUTH.fx, abs=1.5)
    assert found.intrinsics.cx == pytest.approx(TRUTH.cx, abs=1.5)
    grid = np.stack(np.meshgrid([-0.2, 0, 0.2], [-0.15, 0, 0.15], [0.5]), -1).reshape(-1, 3)
    difference = project(grid, np.eye(4), found.intrinsics) - project(grid, np.eye(4), TRUTH)
    assert np.abs(difference).max() < 1.5


def test_a_fisheye_and_a_rational_model_fit_too(seen):
    for model in ('rational_polynomial', 'equidistant'):
        assert intrinsics.calibrate(seen, (640, 480), model).rms_px < 0.3


def test_a_picture_that_was_misread_is_left_out_and_named(seen):
    moved = seen[0].image + np.random.default_rng(0).normal(0, 5, seen[0].image.shape)
    wrong = type(seen[0])(seen[0].board, moved, 'moved.png')
    found = intrinsics.calibrate([*seen[1:], wrong], (640, 480))
    assert found.rejected == ('moved.png',) and found.rms_px < 0.1


def test_too_few_pictures_and_boards_never_tilted_are_refused(seen):
    with pytest.raises(CalibrationError, match='5 pictures with a board are too few'):
        intrinsics.calibrate(seen[:5], (640, 480))
    flat = [from_vector(np.array([0, 0, 0.3 * index, 0.02 * index - 0.1, -0.05, 0.5]))
            for index in range(8)]
    detections = [type(seen[0])(BOARD.corners, project(BOARD.corners, pose, TRUTH) +
                  np.random.default_rng(0).normal(0, 0.2, (len(BOARD.corners), 2)))
                  for pose in flat]
    try:
        assert any('tilt' in text for text in intrinsics.calibrate(
            detections, (640, 480)).warnings)
    except CalibrationError as error:
        assert 'tilt' in str(error)


@pytest.mark.parametrize('eye', ['in_hand', 'to_hand'])
def test_a_mount_is_found_to_a_millimetre_and_a_tenth_of_a_degree(views, seen, eye):
    camera, board = mount(eye)
    generator = np.random.default_rng(6)
    hands = [hand @ from_vector(np.concatenate([
        generator.normal(0, np.radians(0.01), 3), generator.normal(0, 1e-4, 3)]))
        for hand in hands_of(views, camera, board, eye)]
    found = hand_eye.calibrate(hands, seen, TRUTH, eye)
    millimetres, degrees = apart(camera, found.camera)
    assert millimetres < 1.0 and degrees < 0.1
    assert found.translation_rms_mm < 1.0 and found.rms_px < 1.0


def test_hands_that_hardly_turn_are_refused(seen):
    hands = [from_vector(np.array([0, 0, 0.01 * index, 0.1 * index, 0, 0])) for index in range(10)]
    with pytest.raises(CalibrationError, match='do not turn the hand about two axes'):
        hand_eye.calibrate(hands, seen, TRUTH, 'in_hand')


def test_a_checkerboard_is_found_with_its_direction():
    board = Board(kind='checkerboard', columns=7, rows=6)
    generator = np.random.default_rng(1)
    for pose in board_views(board, 2, generator, nearest_m=0.45):
        found = board.find(render_board(board, TRUTH, pose, generator))
        assert np.abs(found.image - project(found.board, pose, TRUTH)).max() < 0.3
    assert not Board(kind='checkerboard', columns=8, rows=6).has_direction


def moving(delay_s, seconds=12.0, rate_hz=30.0):
    """A joint that starts and stops, and how much pictures of it change."""
    generator = np.random.default_rng(2)
    states = np.arange(0, seconds, 0.002)
    speed = np.clip(np.interp(states, np.arange(0, seconds, 0.5),
                              generator.uniform(-1, 1, int(seconds / 0.5))), 0, None)
    position = np.cumsum(speed) * 0.002
    captures = np.arange(1.0, seconds - 1.0, 1 / rate_hz)
    changes = np.diff(np.interp(captures, states, position))
    changes = changes * 30 + np.abs(generator.normal(0, 0.03, len(changes)))
    return ((captures + delay_s) * 1e9).astype(int), changes, (states * 1e9).astype(int), position


@pytest.mark.parametrize('true_s', [-0.02, 0.0, 0.035, 0.121])
def test_a_delay_is_found_to_a_few_milliseconds(true_s):
    stamps, changes, states, position = moving(true_s)
    found = delay.estimate(stamps, changes, states, delay.travel_of(states, position))
    assert found.delay_s == pytest.approx(true_s, abs=0.003)


def test_a_delay_without_motion_or_of_something_else_is_refused():
    stamps, changes, states, position = moving(0.03)
    with pytest.raises(CalibrationError, match='nothing moved'):
        delay.estimate(stamps, changes, states, np.zeros(len(states)))
    other = np.cumsum(np.random.default_rng(9).uniform(0, 1, len(states)))
    with pytest.raises(CalibrationError, match='does not follow the joints'):
        delay.estimate(stamps, changes[::-1], states, other)
    with pytest.raises(CalibrationError, match='record longer'):
        delay.estimate(stamps[:20], changes[:19], states, delay.travel_of(states, position))


def test_motion_is_seen_in_pictures():
    motion = delay.MotionSeen()
    for index in range(6):
        image = np.full((120, 160, 3), 50, np.uint8)
        cv2.circle(image, (30 + 8 * max(index - 2, 0), 60), 12, (250, 250, 250), -1)
        motion.add(image, index)
    assert np.allclose(motion.changes[:2], 0) and all(change > 0 for change in motion.changes[2:])


def test_the_commands_write_calibration_beside_the_set_and_the_camera_uses_it(
        tmp_path, camera_set, views, capsys):
    eye, (camera, board) = 'in_hand', mount('in_hand')
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    poses = []
    for index, ((image, _), hand) in enumerate(zip(views, hands_of(views, camera, board, eye))):
        cv2.imwrite(str(pictures / f'{index:02}.png'), image)
        position, quaternion = to_xyz_quaternion(hand)
        poses.append({'image': f'{index:02}.png', 'position': position.tolist(),
                      'quaternion': quaternion.tolist()})
    (tmp_path / 'poses.yaml').write_text(yaml.safe_dump({'poses': poses}))
    common = ['--cameras', str(camera_set), '--camera', 'wrist', '--images', str(pictures)]

    mounting = [*common, '--eye', eye, '--base', 'base', '--hand', 'fr3_hand',
                '--poses', str(tmp_path / 'poses.yaml')]
    assert run(calibrate_hand_eye.command, mounting) == 1
    assert 'run calibrate_intrinsics first' in capsys.readouterr().err
    assert run(calibrate_intrinsics.command, common) == 0
    assert run(calibrate_hand_eye.command, mounting) == 0
    assert 'wrist_xyz:' in capsys.readouterr().out

    assert camera_set.read_text().startswith('# Written by a person.')
    known = CalibrationFile.load(tmp_path / 'lab.calibration.yaml').cameras['wrist']
    assert known.intrinsics.rms_px <= 0.3 and known.mount.parent_frame == 'fr3_hand'
    assert known.mount.translation_rms_mm < 1.0
    for overlay in (known.intrinsics.overlay, known.mount.overlay):
        assert cv2.imread(str(tmp_path / overlay)).shape == (480, 640, 3)
    assert CameraSet.available() and 'lab.calibration' not in CameraSet.available()
    config, = load_cameras(camera_set)
    assert config.calibration == known


@pytest.mark.parametrize(('arguments', 'reason'), [
    (['--squares', '8by6'], 'board:'),
    (['--marker', '0.05'], 'must be smaller than its square'),
    (['--dictionary', '9X9'], 'no dictionary'),
    (['--images', '/nowhere'], 'neither a folder of pictures nor a video'),
])
def test_a_wrong_argument_is_one_line(camera_set, capsys, arguments, reason):
    status = run(calibrate_intrinsics.command, [
        '--cameras', str(camera_set), '--camera', 'wrist', *arguments])
    error = capsys.readouterr().err.strip()
    assert status == 1 and reason in error and '\n' not in error


def test_the_board_is_written_for_printing(tmp_path):
    path = tmp_path / 'board.png'
    assert run(calibrate_intrinsics.command, ['--print-board', str(path)]) == 0
    printed = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert printed.shape == (1200, 1600)
    margin = cv2.copyMakeBorder(printed, *[100] * 4, cv2.BORDER_CONSTANT, value=255)
    assert len(BOARD.find(margin).board) == 35
