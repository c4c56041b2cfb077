import subprocess
import sys

import pytest

from vla_core.claim import ClaimError, robot_claim


def test_second_robot_in_the_same_place_is_refused():
    claim = robot_claim('7', 'left')
    with pytest.raises(ClaimError, match='namespace /left of ROS domain 7'):
        robot_claim('7', '/left/')
    claim.release()
    robot_claim('7', 'left').release()


def test_other_namespace_and_other_domain_are_free():
    claims = [robot_claim('7', ''), robot_claim('7', 'right'), robot_claim('8', '')]
    for claim in claims:
        claim.release()


def test_killed_process_leaves_nothing_behind():
    code = ('import os, signal; from vla_core.claim import robot_claim;'
            'claim = robot_claim("9", ""); os.kill(os.getpid(), signal.SIGKILL)')
    environment = {'PYTHONPATH': ':'.join(sys.path)}
    assert subprocess.run([sys.executable, '-c', code], env=environment).returncode == -9
    robot_claim('9', '').release()


@pytest.mark.parametrize('domain', ['300', '-1', 'kitchen', '1.5'])
def test_impossible_domain_is_named(domain):
    with pytest.raises(ClaimError, match=f'ROS_DOMAIN_ID is {domain!r}'):
        robot_claim(domain, '')
