"""CRISP's own client, unmodified and in an environment of its own, works against this stack."""
import hashlib
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / 'requirements' / 'peers' / 'crisp.txt'
SESSION = ROOT / 'test' / 'peers' / 'crisp_session.py'
pytestmark = pytest.mark.alone  # each test runs a control loop in real time
LAUNCH = ('ros2', 'launch', 'vla_bringup', 'robot.launch.py', 'cameras:=none', 'policy:=none',
          'web:=false', 'runs:=none')
WIDTH, HEIGHT = 0.32, 0.16  # m, of the session's figure eight


@pytest.fixture(scope='session')
def crisp_python():
    """Return the interpreter of the client's environment; ROS it takes from the main one."""
    folder = ROOT / '.venv' / 'peers' / 'crisp'
    python, stamp = folder / 'bin' / 'python', folder / 'installed'
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, '-m', 'venv', '--clear', folder], check=True)
        subprocess.run(
            [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
             '--ignore-requires-python', '-r', REQUIREMENTS], check=True)
        # A plain path file: what this environment has itself goes before what it borrows.
        packages = subprocess.run(
            [python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'],
            check=True, capture_output=True, text=True).stdout.strip()
        (Path(packages) / 'ros.pth').write_text(sysconfig.get_path('purelib') + '\n')
        stamp.write_text(wanted)
    return python


@pytest.mark.parametrize('namespace', ['', 'left'])
def test_client_homes_switches_sets_parameters_and_draws_an_eight(
        terminal, wait_for, crisp_python, namespace):
    launch = terminal.start(*LAUNCH, *([f'namespace:={namespace}'] if namespace else []))
    wait_for(lambda: 'is ready' in launch.output.read_text(), 'the controller manager', 40.0)
    done = terminal.run(str(crisp_python), str(SESSION), namespace, timeout=60.0)
    assert done.returncode == 0, done.stdout + done.stderr + launch.output.read_text()
    report = json.loads(done.stdout.splitlines()[-1])
    assert report['homed_rad'] < 0.02
    assert report['active'] == ['cartesian_impedance_controller']
    assert report['k_pos_x'] == 600.0
    assert report['k_pos_z'] == 200.0
    assert report['figure_eight_median_mm'] < 15.0, report
    assert report['figure_eight_size_m'] == pytest.approx([WIDTH, HEIGHT], rel=0.5), report
    assert report['drift_mm'] < 10.0, report
    assert report['turned_rad'] < 0.05, report
    assert report['admittance'] == [1.0, 200.0, 5.0, 'ft_sensor_wrench']
    assert launch.output.read_text().count('they have no effect') == 1
    terminal.interrupt(launch)
