"""The pinned versions fit together for the Python of a genuine Jazzy too."""
import subprocess

import pytest
from manifests import ROOT


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize('version', ['3.10', '3.12'])
def test_requirements_resolve(version):
    subprocess.run([ROOT / 'tools' / 'resolve_versions', version], check=True)
