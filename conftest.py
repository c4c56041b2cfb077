"""Every package is importable from its source, and every run has a ROS domain of its own."""
import os
import random
import signal
import socket
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent

for setup in sorted((ROOT / 'src').glob('*/setup.py')):
    sys.path.insert(0, str(setup.parent))
# The underlay's packages come last: a genuine one on the path wins.
for setup in sorted((ROOT / 'underlay').glob('*/setup.py')):
    sys.path.append(str(setup.parent))


def claim_domain() -> socket.socket:
    """Set ROS_DOMAIN_ID to a domain that no node and no other test process of this host uses."""
    for domain in random.sample(range(1, 100), 99):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f'\0vla/test/{domain}')
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
                # The port on which the first participant of a domain is discovered.
                participant.bind(('', 7400 + 250 * domain + 10))
        except OSError:
            claim.close()
            continue
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        return claim
    pytest.exit('every ROS domain from 1 to 99 is in use on this host: stop some nodes', 1)


def pytest_configure(config):
    # A shell that runs the tests in the background lets them ignore Ctrl-C, and their children too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    config.domain_claim = claim_domain()


def pytest_runtest_teardown():
    # Drivers raise the priority of the thread that calls them; what is started next inherits it.
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def pytest_xdist_auto_num_workers(config):
    """Tests that start nodes wait more than they compute."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture
def free_port():
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
