import pytest
import yaml

pytestmark = pytest.mark.usefixtures('robot')
NODE = '/cell/robot'


def test_list(ros2):
    names = ros2('param', 'list', NODE).stdout.split()
    assert {'gains', 'speed', 'tool.name', 'tool.slots'} <= set(names)
    shown = ros2('param', 'list', '--filter', '^tool', '--param-type').stdout
    assert shown.startswith('/cell/robot:\n  tool.name (type: string)\n')
    assert '  tool.slots (type: integer)\n/stage:\n' in shown
    assert ros2('param', 'list', NODE, '--param-prefixes', 'tool').stdout.split() == [
        'tool.name', 'tool.slots']


def test_get(ros2):
    assert ros2('param', 'get', NODE, 'serial').stdout == 'String value is: A1\n'
    assert ros2('param', 'get', NODE, 'gains').stdout == 'Double array values are: [1.0, 2.0]\n'
    assert ros2('param', 'get', '--hide-type', NODE, 'serial').stdout == 'A1\n'


def test_set_and_refusals_of_the_node(ros2, refused):
    assert ros2('param', 'set', NODE, 'speed', '0.75').stdout == 'Set parameter successful\n'
    assert ros2('param', 'get', NODE, 'speed').stdout == 'Double value is: 0.75\n'
    assert "Setting 'speed' failed: " in refused('param', 'set', NODE, 'speed', '7.5')
    assert "Setting 'serial' failed: " in refused('param', 'set', NODE, 'serial', 'B2')


def test_describe(ros2):
    assert ros2('param', 'describe', NODE, 'speed').stdout == (
        'Parameter name: speed\n  Type: double\n  Description: speed in m/s\n  Constraints:\n'
        '    Min value: 0.0\n    Max value: 1.0\n')
    assert 'Read only: true' in ros2('param', 'describe', NODE, 'serial').stdout


def test_dump_and_load(ros2, refused, tmp_path):
    dumped = yaml.safe_load(ros2('param', 'dump', NODE).stdout)
    assert dumped[NODE]['ros__parameters']['tool'] == {'name': 'gripper', 'slots': 2}
    file = tmp_path / 'robot.yaml'
    file.write_text(yaml.safe_dump({
        '/**': {'ros__parameters': {'tool': {'slots': 3}}},
        NODE: {'ros__parameters': {'tool': {'name': 'sucker'}}}}))
    shown = ros2('param', 'load', NODE, str(file)).stdout
    assert 'Set parameter tool.name successful' in shown
    assert ros2('param', 'get', NODE, 'tool.slots').stdout == 'Integer value is: 3\n'
    file.write_text(yaml.safe_dump({'/other': {'ros__parameters': {'a': 1}}}))
    assert f"holds no parameters for '{NODE}', only for: /other" in refused(
        'param', 'load', NODE, str(file))


def test_delete(ros2, refused):
    assert ros2('param', 'delete', NODE, 'note').stdout == 'Deleted parameter successfully\n'
    assert "Parameter 'note' is not declared" in refused('param', 'get', NODE, 'note')


@pytest.mark.parametrize(('argv', 'reason'), [
    (['get', '/nobody', 'speed', '--spin-time', '0.2'], "Node not found: '/nobody'"),
    (['get', NODE, 'sped'], "Parameter 'sped' is not declared by '/cell/robot'"),
    (['load', NODE, 'missing.yaml'], "Cannot read 'missing.yaml'"),
    (['list', '--filter', '('], 'not a regular expression'),
])
def test_bad_input_is_refused_in_one_line(refused, argv, reason):
    assert reason in refused('param', *argv)
