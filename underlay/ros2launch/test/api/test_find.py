"""Launch files in packages."""
import pytest
from ament_index_python.packages import PackageNotFoundError
from ros2launch.api import (
    MultipleLaunchFilesError,
    get_launch_file_paths,
    get_share_file_path_from_package,
)


@pytest.fixture
def share(tmp_path, monkeypatch):
    index = tmp_path / 'share/ament_index/resource_index/packages'
    index.mkdir(parents=True)
    (index / 'my_bringup').touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    folder = tmp_path / 'share/my_bringup/launch'
    folder.mkdir(parents=True)
    (folder / 'robot.launch.py').touch()
    (folder / 'notes.txt').touch()
    return folder.parent


def test_files_are_found_at_any_depth(share):
    path = get_share_file_path_from_package(
        package_name='my_bringup', file_name='robot.launch.py')
    assert path == str(share / 'launch/robot.launch.py')
    assert get_launch_file_paths(path=str(share)) == [path]


def test_near_matches_are_named(share):
    with pytest.raises(FileNotFoundError, match=r"'robt.launch.py': did you mean robot.launch.py"):
        get_share_file_path_from_package(package_name='my_bringup', file_name='robt.launch.py')


def test_a_name_that_is_there_twice_is_an_error(share):
    (share / 'robot.launch.py').touch()
    with pytest.raises(MultipleLaunchFilesError) as caught:
        get_share_file_path_from_package(package_name='my_bringup', file_name='robot.launch.py')
    assert len(caught.value.paths) == 2


def test_an_unknown_package_is_an_error(share):
    with pytest.raises(PackageNotFoundError, match='other_bringup'):
        get_share_file_path_from_package(package_name='other_bringup', file_name='a.launch.py')
