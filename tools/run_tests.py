"""Run pytest over the workspace, with a ROS domain of its own so that runs do not meet.

The free domain is found by binding the discovery port of each candidate.
"""
import os
import random
import socket
import sys

import pytest

# Ports of domain d start at 7400 + 250 d; domains above 100 collide with ephemeral ports.
CANDIDATES = range(1, 100)


def domain_is_free(domain: int) -> bool:
    """Tell whether no participant of this host holds the first unicast port of the domain."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('0.0.0.0', 7400 + 250 * domain + 10))
        except OSError:
            return False
    return True


def choose_domain() -> int:
    """Return a free domain, drawn at random so that two runs seldom choose the same."""
    for domain in random.sample(CANDIDATES, len(CANDIDATES)):
        if domain_is_free(domain):
            return domain
    sys.exit('every ROS domain from 1 to 99 is in use on this host: stop some of the nodes')


def main(arguments: list[str]) -> int:
    os.environ['ROS_DOMAIN_ID'] = str(choose_domain())
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    marker = 'not long'
    if '--long' in arguments:
        arguments.remove('--long')
        marker = 'long'
    return pytest.main(['-q', '-m', marker, *arguments])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
