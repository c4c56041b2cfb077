"""The vocabulary needs no ROS: importing it brings none of it in."""
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


#: Extends rclpy's own; `vla_core.node` imports it when a node is run.
EXTENDS_ROS = 'executor'


def test_no_module_imports_ros():
    modules = sorted(path.stem for path in (PACKAGE / 'vla_core').glob('*.py')
                     if path.stem not in ('__init__', EXTENDS_ROS))
    program = (
        'import importlib, sys\n'
        f'for name in {modules}: importlib.import_module("vla_core." + name)\n'
        'print([name for name in sys.modules if name.split(".")[0] in '
        '("rclpy", "rcl_interfaces", "rosidl_runtime_py", "vla_interfaces")])')
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True,
                          cwd=PACKAGE, timeout=60, check=True)
    assert done.stdout.strip() == '[]'


def test_messages_profiles_and_parameters_need_no_opencv():
    program = (
        'import sys, vla_core.conversion, vla_core.profile, vla_core.parameters, vla_core.limits\n'
        'print("cv2" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True,
                          cwd=PACKAGE, timeout=60, check=True)
    assert done.stdout.strip() == 'False'
