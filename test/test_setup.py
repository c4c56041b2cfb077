"""Set-up says in one line what is missing, and recovers when it was broken off."""
import os
import shutil
import subprocess
import sys

import pytest
from manifests import ROOT

COREUTILS = ('bash', 'dirname', 'env', 'mkdir', 'printf', 'rm', 'touch', 'uname')


@pytest.fixture
def checkout(tmp_path):
    """Return the part of a fresh checkout that set-up works with."""
    for folder in ('tools', 'requirements'):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / 'Makefile', tmp_path)
    return tmp_path


@pytest.fixture
def run(checkout):
    def run(*command, **environment):
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith(('AMENT', 'MAKE', 'MFLAGS'))}
        return subprocess.run(
            command, cwd=checkout, env={**inherited, **environment}, capture_output=True,
            text=True, timeout=60)

    return run


@pytest.fixture
def bare_path(tmp_path_factory):
    """Return a folder of commands that holds no Python and no compiler."""
    folder = tmp_path_factory.mktemp('bin')
    for name in (*COREUTILS, 'make'):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def complaints(done):
    assert done.returncode != 0
    return [line for line in done.stderr.splitlines() if not line.startswith('make')]


def test_folder_with_a_space_is_refused_before_anything_is_made(run, checkout):
    moved = checkout / 'my robot'
    moved.mkdir()
    shutil.copytree(checkout / 'tools', moved / 'tools')
    shutil.copy(checkout / 'Makefile', moved)
    done = run('make', '-C', str(moved), 'setup')
    assert done.returncode != 0
    assert f"'{moved}' has a space in its name" in done.stderr
    assert not (moved / '.venv').exists()


def test_machine_without_python_is_told_what_to_install(run, bare_path):
    done = run('make', 'setup', PATH=str(bare_path))
    assert complaints(done) == [
        'no Python 3.10 to 3.12 found: install python3.11 or name one with `make PYTHON=…`']


def test_python_without_venv_is_told_what_to_install(run, bare_path):
    python = bare_path / 'python3'
    python.write_text('#!/usr/bin/env bash\ncase $* in *ensurepip*) exit 1;; esac\n'
                      f'exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (bare_path / 'id').write_text('#!/usr/bin/env bash\necho 1000\n')
    (bare_path / 'id').chmod(0o755)
    version = f'{sys.version_info.major}.{sys.version_info.minor}'
    assert complaints(run('make', 'setup', PATH=str(bare_path))) == [
        f'{python} cannot make virtual environments: sudo apt-get install python{version}-venv']


def test_environment_that_was_broken_off_is_made_anew(run, checkout):
    """`python -m venv` writes bin/python first and pip last."""
    python = checkout / '.venv' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    named = os.path.realpath(sys.executable)
    done = run('make', '.venv/done/wheels', f'PYTHON={named}')
    assert done.returncode == 0, done.stderr
    assert run(str(python), '-m', 'pip', '--version').returncode == 0
    assert str(checkout) in run(
        str(python), '-c', 'import sys; print(sys.prefix)').stdout


def test_named_python_is_never_installed_into(run):
    printed = run('make', '-n', 'setup', 'PYTHON=/usr/bin/python3').stdout
    assert 'tools/pip_install .venv/bin/python' in printed
    assert '/usr/bin/python3' not in printed


def test_environment_behind_a_link_is_left_alone(run, checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp('elsewhere')
    (elsewhere / 'kept').touch()
    (checkout / '.venv').symlink_to(elsewhere)
    assert '.venv is a link' in complaints(run('make', '.venv/done/wheels'))[0]
    assert (elsewhere / 'kept').exists()


def test_unreachable_index_is_one_line(run):
    done = run('tools/pip_install', sys.executable, '--target', 'site', 'no-such-package-anywhere',
               PIP_INDEX_URL='http://127.0.0.1:9/simple', PIP_RETRIES='1')
    (line,) = complaints(done)
    assert 'no-such-package-anywhere: the package index cannot be reached' in line


def test_installed_libraries_are_found_where_sbin_is_not_on_the_path(run, checkout):
    (checkout / '.venv' / 'bin').mkdir(parents=True)
    (checkout / '.venv' / 'bin' / 'python').symlink_to(sys.executable)
    path = os.pathsep.join(folder for folder in os.environ['PATH'].split(os.pathsep)
                           if not folder.rstrip('/').endswith('sbin'))
    done = run('tools/install_system_packages', PATH=path)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.parametrize(('marker', 'provider'), [('pyvenv.cfg', 'wheels'), (None, 'desktop')])
def test_wheels_of_another_checkout_are_no_desktop_install(run, tmp_path, marker, provider):
    prefix = tmp_path.parent / f'{tmp_path.name}_{provider}'
    index = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    (index / 'rclpy').touch()
    if marker:
        (prefix / marker).touch()
    assert run('tools/ros_provider', AMENT_PREFIX_PATH=str(prefix)).stdout.strip() == provider
