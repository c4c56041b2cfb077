"""
How late a camera's stamps are, from a joint that moves in its view or a light that blinks.

    ros2 run vla_cameras calibrate_delay --cameras lab --camera front

Move one joint back and forth with starts and stops while this runs; keep the rest of the picture
still. With --light, a std_msgs/Bool topic that says when a light is on takes the joints' place.
"""
import argparse
import sys
import time

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from vla_cameras.calibration import delay, overlay
from vla_cameras.calibration.board import CalibrationError
from vla_cameras.commands.command import Results, add_camera_arguments, run, say
from vla_cameras.commands.live import Live
from vla_cameras.configuration import DelayCalibration
from vla_core.conversion import reorder, time_from_message


def main() -> int:
    """Entry point."""
    return run(command)


def command(arguments: list[str]) -> int:
    """Calibrate; the exit status."""
    options = _parser().parse_args(arguments)
    results = Results(options.cameras, options.camera)
    motion = delay.MotionSeen()
    states: list[tuple[int, np.ndarray]] = []
    basis: set[str] = set()
    names: list[str] = []

    def take_joints(message: JointState) -> None:
        if not names:
            names.extend(message.name)
        states.append((time_from_message(message.header.stamp),
                       reorder(message.name, message.position, names)))

    with Live('calibrate_delay') as live:
        live.watch(options.topic or options.camera)
        if options.light:
            live.node.create_subscription(Bool, options.light, lambda message: states.append(
                (live.node.get_clock().now().nanoseconds, np.array([float(message.data)]))), 10)
        else:
            live.node.create_subscription(JointState, options.joints, take_joints, 100)
        live.node.create_subscription(
            DiagnosticArray, '/diagnostics',
            lambda message: basis.update(_basis(message, options.camera)), 10)
        say(f'move a joint in view of {options.camera} for {options.seconds:g} s: start and stop')
        began = time.monotonic()
        for picture in live.pictures(options.seconds):
            motion.add(picture.image, picture.stamp_ns)
            if len(motion.stamps_ns) % 100 == 0:
                say(f'{time.monotonic() - began:.0f} s: {len(motion.stamps_ns)} pictures')
    if not states:
        raise CalibrationError(f'nothing came on {options.light or options.joints}')
    basis -= {'schedule', ''}
    if options.basis:
        basis = {options.basis}
    if len(basis) != 1:
        raise CalibrationError('it is not known how the camera is stamped: give --basis driver or '
                               'arrival (a simulated camera or a file needs no delay)')
    stamps = [stamp for stamp, _ in states]
    found = delay.estimate(
        motion.stamps_ns, motion.changes, stamps,
        delay.travel_of(stamps, np.array([values for _, values in states])), options.longest)
    return _write(results, found, basis.pop())


def _write(results: Results, found: delay.DelayResult, basis: str) -> int:
    known = results.known()
    # The node has taken off what was known already.
    before = known.delay.delay_s if known and known.delay and known.delay.basis == basis else 0.0
    total = before + found.delay_s
    path = results.overlay('delay')
    overlay.save(overlay.draw_delay(
        found, f'{results.camera}: {1000 * found.delay_s:.1f} ms, correlation '
        f'{found.correlation:.2f}'), path)
    results.write(delay=DelayCalibration(
        delay_s=total, basis=basis, correlation=min(found.correlation, 1.0), images=found.images,
        date=results.date, overlay=path.name))
    print(f'{results.camera}: stamps by {basis} are {1000 * total:.1f} ms late '
          f'({1000 * before:.1f} ms were known), correlation {found.correlation:.2f} over '
          f'{found.images} pictures; start the camera node again')
    return 0


def _basis(message: DiagnosticArray, camera: str) -> set[str]:
    return {pair.value for status in message.status if status.name.endswith(f'cameras: {camera}')
            for pair in status.values if pair.key == 'stamp'}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='calibrate_delay', description=__doc__.strip().splitlines()[0])
    add_camera_arguments(parser)
    parser.add_argument('--topic', default='', help='folder of the topics, if not the name')
    parser.add_argument('--joints', default='joint_states', help='topic of the joint states')
    parser.add_argument('--light', default='', help='topic std_msgs/Bool of a light, instead')
    parser.add_argument('--basis', choices=('driver', 'arrival'),
                        help='how the camera is stamped, if its node does not say')
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--longest', type=float, default=0.5, help='longest delay looked for, s')
    return parser


if __name__ == '__main__':
    sys.exit(main())
