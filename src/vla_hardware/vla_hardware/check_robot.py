"""
Connect to a robot, read it, and print its state, limits and link; it moves nothing.

    ros2 run vla_hardware check_robot --robot franka --ip 172.16.0.2
    ros2 run vla_hardware check_robot --robot aloha --options "{wiring: station.yaml}"
"""
import argparse
import sys
import time

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from vla_core.profile import ArmProfile, RobotProfile
from vla_hardware.interface import ArmState, HardwareError, HardwareInterface, RobotState
from vla_hardware.registry import REAL, create, plugin_name

__all__ = ['main']


def read_for(robot: HardwareInterface, seconds: float) -> tuple[RobotState, float, float]:
    """Read at the robot's rate; the last state, the rate in Hz and the longest gap in s."""
    state = robot.make_state()
    robot.read(state)
    begun = before = time.monotonic()
    gap, reads = 0.0, 0
    while (now := time.monotonic()) - begun < seconds:
        if not robot.paces_loop:
            time.sleep(robot.period)
        robot.read(state)
        now = time.monotonic()
        gap, before, reads = max(gap, now - before), now, reads + 1
    return state, reads / (time.monotonic() - begun), gap


def arm_table(profile: ArmProfile, state: ArmState) -> Table:
    """Each joint's state beside its limits; a joint outside its range is red."""
    table = Table(title=f'arm {profile.name}')
    for heading in ('joint', 'position rad', 'from … to', 'velocity rad/s', 'limit', 'effort N·m',
                    'limit'):
        table.add_column(heading, justify='left' if heading == 'joint' else 'right')
    limits = profile.limits
    for i, joint in enumerate(profile.joints):
        inside = limits.position_lower[i] <= state.position[i] <= limits.position_upper[i]
        table.add_row(
            joint, f'{state.position[i]:.4f}',
            f'{limits.position_lower[i]:.3f} … {limits.position_upper[i]:.3f}',
            f'{state.velocity[i]:.4f}', f'{limits.velocity[i]:.2f}',
            f'{state.effort[i]:.2f}', f'{limits.effort[i]:.0f}', style='' if inside else 'red')
    return table


def report(console: Console, robot: HardwareInterface, seconds: float) -> bool:
    """Read and print; whether the robot has no fault and stands within its limits."""
    state, rate, gap = read_for(robot, seconds)
    well = robot.fault is None
    for profile, arm in zip(robot.arm_profiles, state.arms):
        console.print(arm_table(profile, arm))
        able = robot.capabilities(profile.name)
        modes = ', '.join(mode.value for mode in (*able.modes, *able.tip_modes))
        console.print(f'modes: {modes}')
        if able.wrench:
            force, torque = np.round(arm.wrench[:3], 2), np.round(arm.wrench[3:], 2)
            console.print(f'external wrench: {force} N, {torque} N·m')
        if able.gripper:
            console.print(f'gripper: {arm.gripper_position:.3f} (0 closed, 1 open)')
        limits = profile.limits
        well &= bool(np.all((limits.position_lower <= arm.position)
                            & (arm.position <= limits.position_upper)))
    for name, value in robot.diagnostics().items():
        console.print(f'{name}: {value:.4g}' if isinstance(value, float) else f'{name}: {value}')
    console.print(f'states: {rate:.0f} Hz, longest gap {gap * 1e3:.1f} ms')
    if robot.fault is not None:
        console.print(f'[red]fault: {robot.fault}[/red]')
    console.print('well' if well else '[red]not well: see above[/red]')
    return well


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='check_robot', description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--robot', required=True, help='robot profile, by name or path')
    parser.add_argument(
        '--hardware', default=REAL, help='plug-in; by default the one named as the robot')
    parser.add_argument('--ip', default='', help='address of the robot, where it has one')
    parser.add_argument('--options', default='{}', help='options of the plug-in, as YAML')
    parser.add_argument('--seconds', type=float, default=1.0, help='how long to read')
    options = parser.parse_args(arguments)
    try:
        options.options = yaml.safe_load(options.options) or {}
    except yaml.YAMLError as error:
        parser.error(f'--options is not valid YAML: {" ".join(str(error).split())}')
    if not isinstance(options.options, dict):
        parser.error('--options must map names to values')
    if options.ip:
        options.options['ip'] = options.ip
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when the robot is there and well."""
    options = parse(arguments)
    console = Console()
    try:
        profile = RobotProfile.load(options.robot)
        robot = create(plugin_name(options.hardware, profile), profile, **options.options)
        try:
            robot.configure()
            return 0 if report(console, robot, options.seconds) else 1
        finally:
            robot.close()
    except (ValueError, HardwareError) as error:
        print(f'check_robot: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
