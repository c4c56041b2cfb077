"""A package of the underlay is built only where the genuine one is absent."""
import sys

import choose_underlay
import pytest


@pytest.fixture(autouse=True)
def only_the_underlay(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    monkeypatch.setattr(sys, 'path', [
        entry for entry in sys.path if str(choose_underlay.ROOT) in entry])


def chosen():
    return {folder.name for folder in choose_underlay.chosen_packages()}


def test_everything_is_chosen_where_nothing_genuine_is_found():
    every = {folder.parent.name for folder in choose_underlay.ROOT.glob('underlay/*/package.xml')}
    assert chosen() == every


def test_genuine_package_in_an_ament_prefix_wins(tmp_path, monkeypatch):
    marker = tmp_path / choose_underlay.MARKER / 'tf2_msgs'
    marker.parent.mkdir(parents=True)
    marker.touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert 'tf2_msgs' not in chosen()
    assert 'control_msgs' in chosen()


@pytest.mark.parametrize(('genuine', 'needed'), [('tf2_ros', True), ('tf2_ros_py', False)])
def test_python_side_of_tf2_ros_decides_and_not_the_library(
        tmp_path, monkeypatch, genuine, needed):
    marker = tmp_path / choose_underlay.MARKER / genuine
    marker.parent.mkdir(parents=True)
    marker.touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert ('tf2_ros' in chosen()) == needed


def test_genuine_module_on_the_python_path_wins(tmp_path, monkeypatch):
    package = tmp_path / 'launch'
    package.mkdir()
    (package / '__init__.py').touch()
    monkeypatch.setattr(sys, 'path', [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, 'launch', raising=False)
    assert 'launch' not in chosen()


def test_own_install_folder_does_not_count_as_genuine(monkeypatch):
    own = choose_underlay.ROOT / 'install' / 'tf2_msgs'
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(own))
    assert 'tf2_msgs' in chosen()


def test_genuine_module_is_imported_before_the_underlays(tmp_path, monkeypatch):
    """Even where the underlay is on the path, as in the unit tests, it stands last."""
    package = tmp_path / 'tf2_ros'
    package.mkdir()
    (package / '__init__.py').write_text('GENUINE = True\n')
    underlay = str(choose_underlay.ROOT / 'underlay' / 'tf2_ros')
    monkeypatch.setattr(sys, 'path', [str(tmp_path), underlay])
    monkeypatch.delitem(sys.modules, 'tf2_ros', raising=False)
    import tf2_ros
    assert tf2_ros.GENUINE
    monkeypatch.delitem(sys.modules, 'tf2_ros')
