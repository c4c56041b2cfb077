"""Nodes, run for real, say what reached them."""
import json
import re

import pytest
from launch_ros.actions import Node


@pytest.fixture(scope='module')
def nodes(request):
    """Return what each node of nodes.launch.py said."""
    return {}


@pytest.fixture
def said(nodes, launch_file, probe_prefix):
    if not nodes:
        result = launch_file('nodes')
        assert result.returncode == 0, result.stdout
        nodes.update({
            name: json.loads(words)
            for name, words in re.findall(r'^\[(\w+)-\d+\] (\{.*)$', result.stdout, re.M)})
    return nodes


def parameters(node: dict) -> dict:
    return {name: value for name, value in node['parameters'].items() if name != 'use_sim_time'}


@pytest.mark.parametrize(('node', 'name'), [
    ('bare', '/probe'),
    ('named', '/named'),
    ('placed', '/here/placed'),
    ('grouped', '/outer/inner/grouped'),
    ('absolute', '/absolute/probe'),
    ('remapped', '/outer/inner/below/probe'),
    ('after_group', '/after_group'),
])
def test_names_and_namespaces_are_joined(said, node, name):
    assert said[node]['name'] == name


def test_dictionaries_keep_types_and_substitutions_are_read_as_yaml(said):
    assert parameters(said['values']) == {
        'bool': True, 'int': 4, 'float': 2.5, 'str': 'text', 'number_text': '12',
        'list': [1, 2], 'mixed': [1.0, 2.5], 'texts': ['a', 'b'],
        'outer.inner.leaf': 'deep', 'outer.other': False,
        'subst': 3, 'joined': 3.5, 'word': 'w3', 'forced': '3', 'forced_list': [3.0, 5.5],
        'list_of_subst': [3, 7], 'empty': '', 'key_3': 'named by substitution',
        'model': '<robot name="x">\n  <link name="a: b"/>\n</robot>',
    }


def test_later_parameters_win(said, probe_prefix):
    assert parameters(said['files']) == {
        'everywhere': 1, 'from_file': 'overridden', 'of_node': 2.5, 'single': 31,
        'substituted': 3, 'text': 'n3', 'fallback': 'a b', 'nested': 'none',
        'share': str(probe_prefix / 'share/probe_package'),
    }
    assert parameters(said['file_after']) == {'everywhere': 1, 'from_file': 'all', 'of_node': 2.5}


def test_parameters_of_a_group_reach_its_nodes_only(said):
    scope = {'everywhere': 1, 'from_file': 'all', 'plain': 'text'}
    assert parameters(said['grouped']) == {**scope, 'global': 'own'}
    assert parameters(said['absolute']) == {**scope, 'global': 30}
    assert said['grouped']['parameters']['use_sim_time'] is True
    assert parameters(said['after_group']) == {}
    assert said['after_group']['parameters']['use_sim_time'] is False


def test_remappings_of_group_and_node_add_up(said):
    assert said['remapped']['topics'] == [
        '/outer/inner/below/remapped_by_group', '/outer/inner/below/by_node']
    assert said['after_group']['topics'] == ['/chatter', '/other']


def test_arguments_reach_the_node(said):
    assert said['arguments']['arguments'] == ['word', '3']
    assert parameters(said['arguments']) == {'x': 5}


@pytest.mark.parametrize(('name', 'complaint'), [
    ('missing_package', "package 'no_such_package' is not found: is its workspace built and"),
    ('missing_executable', "package 'probe_package' has no executable 'prob' in"),
    ('missing_parameter_file', "parameter file '/no/such/file.yaml' does not exist"),
])
def test_what_is_missing_is_named_and_ends_the_launch(launch_file, name, complaint):
    result = launch_file(name)
    assert result.returncode == 1
    assert f'[ERROR] [launch]: {complaint}' in result.stdout
    assert 'Traceback' not in result.stdout


def test_parameters_must_be_a_list():
    with pytest.raises(TypeError, match='parameters must be a list, not dict'):
        Node(executable='x', parameters={'a': 1})


def test_temporary_parameter_files_are_removed(tmp_path, monkeypatch, launch_file):
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    before = set(tmp_path.iterdir())
    launch_file('missing_parameter_file')
    assert not [path for path in set(tmp_path.iterdir()) - before if 'launch_params' in path.name]
