"""Make a virtual environment that holds the ROS 2 wheels behave like /opt/ros/jazzy.

Two things are missing from the wheels. Their CMake exports name folders of the machine they were
built on, and there is no `setup.bash` to source. Run with the interpreter of the environment.
"""
import re
import sys
import sysconfig
from pathlib import Path

import numpy

SETUP = """\
# Environment of the ROS 2 wheels in this virtual environment; sourced as that of an installed ROS.
_vla_prefix='{prefix}'
_vla_prepend() {{
  eval "_vla_value=\\"\\${{$1:-}}\\""
  case ":$_vla_value:" in
    *":$2:"*) ;;
    *) export "$1=$2${{_vla_value:+:$_vla_value}}" ;;
  esac
}}
_vla_prepend AMENT_PREFIX_PATH "$_vla_prefix"
_vla_prepend CMAKE_PREFIX_PATH "$_vla_prefix"
_vla_prepend PATH "$_vla_prefix/bin"
{libraries}
export ROS_VERSION=2 ROS_PYTHON_VERSION=3 ROS_DISTRO=jazzy
# The wheels start Python a second time to set the library path; it is set already.
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
unset -f _vla_prepend
unset _vla_prefix _vla_value
"""


def mend_cmake_exports(prefix: Path) -> int:
    """Point the exported include folders at this Python and NumPy; return the files changed."""
    python_include = sysconfig.get_path('include')
    numpy_include = numpy.get_include()
    changed = 0
    for export in prefix.glob('share/*/cmake/*.cmake'):
        text = export.read_text()
        mended = re.sub(
            r'/opt/python/[^;"/]+/lib/python[\d.]+/site-packages/numpy/_core/include',
            numpy_include, text)
        mended = re.sub(r'/opt/python/[^;"/]+/include/python[\d.]+', python_include, mended)
        if mended != text:
            export.write_text(mended)
            changed += 1
    return changed


def write_setup_files(prefix: Path) -> None:
    """Write `setup.{sh,bash,zsh}` and the `local_setup.*` that colcon chains to."""
    folders = [prefix / 'lib']
    folders += sorted(Path(sysconfig.get_path('purelib')).glob('ros_*.libs'))
    libraries = '\n'.join(f"_vla_prepend LD_LIBRARY_PATH '{folder}'" for folder in folders)
    for stem in ('setup', 'local_setup'):
        for shell in ('sh', 'bash', 'zsh'):
            name = f'{stem}.{shell}'
            (prefix / name).write_text(
                SETUP.format(name=name, prefix=prefix, libraries=libraries))


if __name__ == '__main__':
    environment = Path(sys.prefix)
    print(f'mended {mend_cmake_exports(environment)} CMake exports')
    write_setup_files(environment)
