"""What the tests of monitoring share."""
import os
import sys
from pathlib import Path

from vla_core import share

sys.path.insert(0, str(Path(__file__).parent))

# Pictures need the transport of the launch files: by default most are lost between processes.
os.environ.setdefault(
    'FASTRTPS_DEFAULT_PROFILES_FILE', str(share.find('vla_bringup', 'config/dds', 'fastdds.xml')))
