"""Make every package importable from its source, so that unit tests need no build."""
import sys
from pathlib import Path

ROOT = Path(__file__).parent

for setup in sorted((ROOT / 'src').glob('*/setup.py')):
    sys.path.insert(0, str(setup.parent))
# The underlay's packages come last: a genuine one on the path wins.
for setup in sorted((ROOT / 'underlay').glob('*/setup.py')):
    sys.path.append(str(setup.parent))
