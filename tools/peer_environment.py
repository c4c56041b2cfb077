"""Environments of the programs that the stack is tested against: one each, under .venv/peers."""
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def peer_python(name: str) -> Path:
    """Return the interpreter of a peer; its environment is made anew when its file changed."""
    requirements = ROOT / 'requirements' / 'peers' / f'{name}.txt'
    folder = ROOT / '.venv' / 'peers' / name
    python, stamp = folder / 'bin' / 'python', folder / 'installed'
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, '-m', 'venv', '--clear', folder], check=True)
        subprocess.run(
            [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
             '-r', requirements], check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
    return python
