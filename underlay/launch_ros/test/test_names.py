"""Names of nodes and namespaces."""
import pytest
from launch_ros.names import check_node_name, make_namespace_absolute, prefix_namespace


@pytest.mark.parametrize(('base', 'namespace', 'joined'), [
    (None, None, None), (None, 'a', 'a'), ('a', None, 'a'), ('a', 'b', 'a/b'), ('/a', 'b/', '/a/b'),
    ('/a', '/b', '/b'), ('/', 'b', '/b'), ('/a', '/', '/'), ('', 'b', 'b'),
])
def test_namespaces_are_joined(base, namespace, joined):
    assert prefix_namespace(base, namespace) == joined


def test_namespaces_are_made_absolute():
    assert make_namespace_absolute('a') == '/a'
    assert make_namespace_absolute('/a') == '/a'
    assert make_namespace_absolute(None) is None


@pytest.mark.parametrize('name', ['', '1a', 'a/b', 'a-b', 'a b'])
def test_invalid_node_names_are_named(name):
    with pytest.raises(ValueError, match=f'node name {name!r}'):
        check_node_name(name)
