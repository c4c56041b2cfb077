"""
Write a robot's MuJoCo model as MJCF, for another simulator.

    python -m vla_simulation.export franka --bare fr3_link8 hand=false cameras=false > fr3.xml

writes the arm alone up to its flange, as `franka-sim` takes it from FR3_MJCF to mount its own hand.
"""
import argparse
import sys

from vla_core.profile import ProfileError, RobotProfile
from vla_simulation.model import ModelError, build_spec

__all__ = ['bare', 'main', 'to_mjcf']


def bare(profile: RobotProfile, tip_frame: str) -> RobotProfile:
    """The same robot without grippers, cameras and leaders, its arms ending at ``tip_frame``."""
    arms = tuple(arm.model_copy(update={'gripper': None, 'tip_frame': tip_frame})
                 for arm in profile.arms)
    return profile.model_copy(update={'arms': arms, 'cameras': (), 'leaders': ()})


def to_mjcf(profile: RobotProfile, arguments: dict[str, str] | None = None) -> str:
    """MJCF text of `build_spec`; ``arguments`` override xacro arguments of the profile."""
    spec = build_spec(profile, arguments=arguments)
    spec.compile()
    return spec.to_xml()


def main(arguments: list[str] | None = None) -> int:
    """Print the MJCF of a robot profile."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_simulation.export', description=main.__doc__)
    parser.add_argument('profile', help='name or file of a robot profile')
    parser.add_argument('--bare', metavar='LINK', help='the arms alone, up to this link')
    parser.add_argument('overrides', nargs='*', metavar='NAME=VALUE', help='xacro arguments')
    options = parser.parse_intermixed_args(arguments)
    pairs = [item.partition('=') for item in options.overrides]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        parser.error(f'{wrong[0]!r} is not NAME=VALUE')
    try:
        profile = RobotProfile.load(options.profile)
        if options.bare:
            profile = bare(profile, options.bare)
        sys.stdout.write(to_mjcf(profile, {name: value for name, _, value in pairs}))
    except (ProfileError, ModelError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
