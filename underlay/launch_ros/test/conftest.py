"""A package with two nodes, installed in a folder of its own, and a way to launch them."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

_RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(sys.argv[1])]))
sys.exit(service.run())
"""


@pytest.fixture(scope='session')
def probe_prefix(tmp_path_factory):
    """Return the install prefix of `probe_package`."""
    prefix = tmp_path_factory.mktemp('prefix')
    for folder in ('lib/probe_package', 'share/probe_package'):
        (prefix / folder).mkdir(parents=True)
    index = prefix / 'share/ament_index/resource_index/packages'
    index.mkdir(parents=True)
    (index / 'probe_package').touch()
    for name in ('probe', 'managed'):
        executable = prefix / 'lib/probe_package' / name
        source = (HERE / f'{name}.py').read_text()
        executable.write_text(f'#!/bin/sh\n"exec" "{sys.executable}" "$0" "$@"\n{source}')
        executable.chmod(0o755)
    return prefix


@pytest.fixture
def launch_file(probe_prefix, tmp_path):
    """Run a launch file of the tests by name and return the finished process."""
    environment = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join(sys.path),
        'AMENT_PREFIX_PATH': os.pathsep.join(
            [str(probe_prefix), *filter(None, [os.environ.get('AMENT_PREFIX_PATH')])]),
        'ROS_LOG_DIR': str(tmp_path),
    }

    def run(name: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, '-c', _RUN, str(HERE / 'launch_files' / f'{name}.launch.py')],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
            env=environment)

    return run
