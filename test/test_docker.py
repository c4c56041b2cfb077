"""The image is built from the same lists as a workspace on the host."""
import re

import pytest
import yaml
from manifests import ROOT, pip_names, read_all, read_names, rosdep_keys

DOCKERFILE = (ROOT / 'docker' / 'Dockerfile').read_text()


def test_image_installs_the_requirements_files_and_only_those():
    installed = set(re.findall(r'-r (requirements/\w+\.txt)', DOCKERFILE))
    # ros.txt stands for what apt brings in the image; a robot builds no book.
    files = {str(file.relative_to(ROOT)) for file in (ROOT / 'requirements').glob('*.txt')
             if not file.name.startswith('versions')}
    assert installed == files - {'requirements/ros.txt', 'requirements/docs.txt'}


def test_every_pip_install_of_the_image_is_held_to_the_versions():
    for command in re.findall(r'pip install [^\n]*', DOCKERFILE):
        assert '-c requirements/versions.txt' in command


def test_image_has_the_libraries_that_set_up_installs_for_rendering():
    wanted = set(re.findall(r'missing\+=\((lib[\w-]+)\)',
                            (ROOT / 'tools' / 'install_system_packages').read_text()))
    assert 'libegl1' in wanted
    assert wanted <= set(DOCKERFILE.split())


def test_rosdep_reads_every_manifest():
    assert 'rosdep install --from-paths src' in DOCKERFILE
    keys = rosdep_keys() | {manifest.name for manifest in read_all()}
    for manifest in read_all():
        assert manifest.dependencies <= keys, manifest.name


@pytest.mark.parametrize('file', ['pip', 'datasets', 'learning', 'test', 'docs'])
def test_versions_of_what_only_pip_has_are_pinned(file):
    pinned = _pinned('versions')
    for name in read_names(ROOT / 'requirements' / f'{file}.txt') - _apt_too():
        assert name.lower().replace('-', '_') in pinned, name


def test_every_version_is_written_once():
    assert not _pinned('versions') & _pinned('versions-wheels')


def test_stages_follow_each_other():
    stages = re.findall(r'^FROM \S+ AS (\w+)', DOCKERFILE, re.MULTILINE)
    assert stages == ['cache', 'dependencies', 'build', 'test', 'run']


def test_compose_builds_a_stage_that_exists():
    services = yaml.safe_load((ROOT / 'docker' / 'compose.yaml').read_text())['services']
    assert {'robot', 'robot-nvidia'} == set(services)
    for service in services.values():
        assert service['build']['target'] == 'run'
        assert 'SYS_NICE' in service['cap_add']
        assert service['ulimits'] == {'rtprio': 99, 'memlock': -1}


def _pinned(file):
    lines = read_names(ROOT / 'requirements' / f'{file}.txt')
    return {re.split(r'[=;]', line)[0].lower().replace('-', '_') for line in lines}


def _apt_too():
    return read_names(ROOT / 'requirements' / 'ros.txt') & {'numpy'}


def test_learning_needs_no_ros():
    assert not {name for name in pip_names('learning', 'datasets') if name.startswith('ros_')}
