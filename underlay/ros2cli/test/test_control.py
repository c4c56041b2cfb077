import pytest

pytest.importorskip('controller_manager_msgs', reason='the workspace is not built')
pytestmark = pytest.mark.usefixtures('controller_manager')


def test_lists(ros2):
    assert ros2('control', 'list_controllers').stdout == (
        'joint vla/Joint  active\npose  vla/Pose   inactive\n')
    verbose = ros2('control', 'list_controllers', '-v').stdout
    assert '\tclaimed interfaces:\n\t\tarm/position\n' in verbose
    assert 'vla/Broken' in ros2('control', 'list_controller_types').stdout
    components = ros2('control', 'list_hardware_components', '-v').stdout
    assert '\tname: arm\n' in components
    assert '\tstate: id=3 label=active\n' in components
    assert ros2('control', 'list_hardware_interfaces').stdout == (
        'command interfaces\n\tarm/position [available] [claimed]\n'
        'state interfaces\n\tarm/velocity\n')


def test_switch(ros2, refused):
    done = ros2(
        'control', 'switch_controllers', '--strict', '--activate', 'pose', '--deactivate', 'joint')
    assert done.stdout == 'Deactivated: joint\nActivated: pose\n'
    assert 'not all of them are inactive' in refused(
        'control', 'switch_controllers', '--strict', '--activate', 'pose')
    assert 'Nothing to switch' in refused('control', 'switch_controllers')


def test_states_of_controllers(ros2, refused):
    assert ros2('control', 'set_controller_state', 'pose', 'unconfigured').returncode == 0
    assert ros2('control', 'unload_controller', 'pose').returncode == 0
    assert "has no controller 'pose'" in refused(
        'control', 'set_controller_state', 'pose', 'active')
    loaded = ros2('control', 'load_controller', '--set-state', 'active', 'pose')
    assert loaded.stdout == "Controller 'pose' loaded and brought to active\n"
    assert "did not load 'nothing'" in refused('control', 'load_controller', 'nothing')
    assert "did not configure 'broken'" in refused(
        'control', 'load_controller', 'broken', '--set-state', 'inactive')


def test_hardware_and_libraries(ros2, refused):
    assert ros2('control', 'set_hardware_component_state', 'arm', 'inactive').stdout == (
        "Hardware component 'arm' is inactive\n")
    assert ros2('control', 'reload_controller_libraries', '--force-kill').returncode == 0
    assert "No service '/other/list_controllers' within 0.2 s" in refused(
        'control', 'list_controllers', '-c', '/other', '--timeout', '0.2')
