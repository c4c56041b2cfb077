"""openpi's own client, unmodified and in an environment of its own, works against our server."""
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / 'requirements' / 'peers' / 'openpi.txt'


@pytest.fixture(scope='module')
def openpi_python():
    """Return the interpreter of the client's environment, made where it is not there yet."""
    folder = ROOT / '.venv' / 'peers' / 'openpi'
    python, stamp = folder / 'bin' / 'python', folder / 'installed'
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, '-m', 'venv', '--clear', folder], check=True)
        subprocess.run(
            [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
             '-r', REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return python


@pytest.mark.timeout(300)
def test_session(openpi_python, serve):
    server = serve('stand_in_policy:Remembering')
    port = server.address.rsplit(':', 1)[1]
    done = subprocess.run(
        [openpi_python, Path(__file__).parent / 'peers' / 'openpi_session.py', port],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr + '\n'.join(server.lines)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report['numpy'].startswith('1.')  # the wire bridges versions of NumPy
    assert report['metadata'] == 'stand_in'
    # [mean of each image, sum of the state, characters of the text, episodes, prefix, delay, rng]
    plain = [10, 20, 8, len('please pick it'), 1, 0, 0, 0]
    assert report['rows'] == {
        'contract': plain, 'libero': plain, 'aloha': plain,
        'droid': [10, 20, 7, *plain[3:]]}  # its closed gripper is our opening of 0
    assert report['reply'] == ['actions', 'policy_timing', 'server_timing', 'state']
    assert report['timing'] == ['infer_ms', 'prev_total_ms']
    assert report['actions'] == ['float32', [6, 8]]
    assert report['broker'] == [[8]] * 13
    assert 'observation.images.front' in report['refusal']
    assert report['after'] == report['rows']['droid']
