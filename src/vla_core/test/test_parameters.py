"""Typed parameters on a real node: declared, refused, updated live and documented."""
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Literal

import pytest

pytest.importorskip('rclpy')

import rclpy
from rcl_interfaces.msg import ParameterType
from rclpy.node import Node
from rclpy.parameter import Parameter

from vla_core.parameters import (
    NodeParameters,
    ParameterError,
    declarations,
    declare,
    markdown_table,
    parameter,
)
from vla_core.validation import StrictModel, Vector


class Gains(StrictModel):
    stiffness: float = parameter(600.0, ge=0, le=2000, unit='N/m', description='of the spring')
    damping: float = parameter(1.0, gt=0, description='ratio')


class Parameters(StrictModel):
    gains: Gains = Gains(stiffness=400.0)
    arm: str = parameter('arm', description='arm to move', read_only=True)
    mode: Literal['hold', 'move'] = parameter('hold', description='what to do')
    enabled: bool = parameter(True, description='whether to do it')
    count: int = parameter(3, ge=1, description='times')
    weights: tuple[float, ...] = parameter((), description='one a joint')
    home: Vector = parameter([0.0, 1.0], unit='rad', description='pose')
    topics: list[str] = parameter(['a'], description='topics to hear')


class Required(StrictModel):
    robot: str = parameter(description='profile')


@pytest.fixture(scope='module')
def context():
    context = rclpy.Context()
    rclpy.init(context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def make_node(context):
    nodes = []

    def make(**overrides):
        node = Node('worker', context=context, enable_rosout=False, parameter_overrides=[
            Parameter(name.replace('__', '.'), value=value) for name, value in overrides.items()])
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.destroy_node()


def test_defaults_are_declared_under_dotted_names_with_their_descriptors(make_node):
    node = make_node()
    values = declare(node, Parameters)
    assert values.gains.stiffness == 400.0
    assert node.get_parameter('gains.stiffness').value == 400.0
    assert node.get_parameter('gains.damping').value == 1.0
    stiffness = node.describe_parameter('gains.stiffness')
    assert stiffness.description == 'of the spring [N/m]'
    assert (stiffness.floating_point_range[0].from_value,
            stiffness.floating_point_range[0].to_value) == (0, 2000)
    assert stiffness.type == ParameterType.PARAMETER_DOUBLE
    assert node.describe_parameter('arm').read_only
    assert node.describe_parameter('mode').additional_constraints == 'hold, move'
    assert node.describe_parameter('count').integer_range[0].from_value == 1


def test_overrides_are_taken_and_integers_serve_as_doubles(make_node):
    node = make_node(gains__stiffness=100, arm='left', weights=[1, 2], home=[1.0, 2.0])
    values = declare(node, Parameters)
    assert values.gains.stiffness == 100.0
    assert values.arm == 'left'
    assert values.weights == (1.0, 2.0)
    assert values.home.tolist() == [1.0, 2.0]
    assert isinstance(node.get_parameter('gains.stiffness').value, float)


@pytest.mark.parametrize(('overrides', 'expected'), [
    ({'gains__stifness': 1.0},
     "node worker has no parameter 'gains.stifness'; did you mean 'gains.stiffness'?"),
    ({'gains__stiffness': 3000.0},
     ('parameter gains.stiffness: input should be less than or equal to 2000 (got 3000.0); '
      'allowed: 0 to 2000 N/m')),
    ({'gains__stiffness': 'high'},
     "parameter gains.stiffness: must be of type double (got 'high'); allowed: 0 to 2000 N/m"),
    ({'count': 1.5}, 'parameter count: must be of type integer (got 1.5); allowed: ≥ 1'),
    ({'enabled': 1}, 'parameter enabled: must be of type bool (got 1)'),
    ({'mode': 'run'}, "(got 'run'); allowed: hold, move"),
    ({'weights': 1.0}, 'parameter weights: must be of type double_array (got 1.0)'),
    ({'gains__damping': float('nan')}, 'parameter gains.damping: input should be'),
])
def test_a_bad_override_is_one_line(make_node, overrides, expected):
    with pytest.raises(ParameterError) as caught:
        declare(make_node(**overrides), Parameters)
    assert expected in str(caught.value)
    assert '\n' not in str(caught.value)


def test_what_every_node_may_be_given_is_let_through(make_node):
    node = make_node(use_sim_time=False, qos_overrides__x__publisher__depth=3)
    declare(node, Parameters)


def test_a_required_parameter_must_be_given(make_node):
    with pytest.raises(ParameterError, match='parameter robot: is missing'):
        declare(make_node(), Required)
    assert declare(make_node(robot='franka'), Required).robot == 'franka'


def set_all(node, **values):
    return node.set_parameters_atomically([
        Parameter(name.replace('__', '.'), value=value) for name, value in values.items()])


def test_a_change_is_live_and_reported_once(make_node):
    node, changes = make_node(), []
    parameters = NodeParameters(node, Parameters, lambda old, new: changes.append((old, new)))
    result = set_all(node, gains__stiffness=800, mode='move')
    assert result.successful, result.reason
    assert parameters.values.gains.stiffness == 800.0
    assert parameters.values.mode == 'move'
    assert node.get_parameter('gains.stiffness').value == 800.0
    (old, new), = changes
    assert (old.gains.stiffness, new.gains.stiffness) == (400.0, 800.0)
    assert set_all(node, weights=[1.0, 2.0]).successful
    assert parameters.values.weights == (1.0, 2.0)


@pytest.mark.parametrize(('values', 'expected'), [
    ({'gains__stiffness': 5000.0},
     ('parameter gains.stiffness: input should be less than or equal to 2000 (got 5000.0); '
      'allowed: 0 to 2000 N/m')),
    ({'gains__stiffness': 'x'}, 'parameter gains.stiffness: must be of type double'),
    ({'gains__damping': 0.0}, 'parameter gains.damping: input should be greater than 0 (got 0.0)'),
    ({'count': 0}, 'allowed: ≥ 1'),
    ({'count': None}, 'parameter count: must be of type integer (got None)'),
    ({'mode': 'run'}, 'allowed: hold, move'),
    ({'arm': 'right'}, 'read-only parameter: arm'),
])
def test_a_bad_change_is_refused_whole(make_node, values, expected):
    node, changes = make_node(), []
    parameters = NodeParameters(node, Parameters, lambda *both: changes.append(both))
    before = parameters.values
    result = set_all(node, enabled=False, **values)
    assert not result.successful
    assert expected in result.reason
    assert '\n' not in result.reason
    assert parameters.values == before
    assert node.get_parameter('enabled').value is True
    assert not changes
    assert set_all(node, enabled=False).successful


def test_another_callback_of_the_node_may_still_refuse(make_node):
    from rcl_interfaces.msg import SetParametersResult
    node = make_node()
    parameters = NodeParameters(node, Parameters)
    node.add_on_set_parameters_callback(
        lambda _: SetParametersResult(successful=False, reason='not now'))
    assert set_all(node, count=5).reason == 'not now'
    assert parameters.values.count == 3


def test_other_parameters_of_the_node_are_left_alone(make_node):
    node = make_node()
    NodeParameters(node, Parameters)
    node.declare_parameter('other', 1)
    assert set_all(node, other=2).successful
    assert set_all(node, other=3, count=9).successful
    assert node.get_parameter('other').value == 3


def test_the_table_documents_every_parameter():
    table = markdown_table(Parameters)
    assert ('| `gains.stiffness` | double | `400.0` | 0 to 2000 | N/m | of the spring |'
            in table.splitlines())
    assert "| `arm` | string | `'arm'` |  |  | arm to move Read-only. |" in table.splitlines()
    assert '| `robot` | string | required |' in markdown_table(Required)
    assert len(table.splitlines()) == 2 + len(declarations(Parameters))


def test_a_field_that_ros_cannot_hold_is_refused_when_declared():
    class Bad(StrictModel):
        choice: int | None = parameter(None, description='x')

    with pytest.raises(TypeError, match='parameter choice: ROS has no type'):
        declarations(Bad)


NODE = textwrap.dedent("""
    import sys
    from rclpy.node import Node
    from vla_core.node import run_node
    from vla_core.parameters import NodeParameters, parameter
    from vla_core.validation import StrictModel

    class Parameters(StrictModel):
        rate: float = parameter(10.0, ge=1, le=100, unit='Hz', description='of the loop')

    class Worker(Node):
        def __init__(self):
            super().__init__('worker')
            print('rate', NodeParameters(self, Parameters).values.rate, flush=True)
            if '--stop' in sys.argv:
                raise KeyboardInterrupt

    sys.exit(run_node(Worker))
""")


def run(*arguments):
    return subprocess.run(
        [sys.executable, '-c', NODE, *arguments], capture_output=True, text=True, timeout=60,
        cwd=Path(__file__).parent.parent)


def test_a_program_ends_with_one_line_and_a_non_zero_status(tmp_path):
    (tmp_path / 'parameters.yaml').write_text('worker:\n  ros__parameters:\n    rat: 5.0\n')
    done = run('--ros-args', '--params-file', str(tmp_path / 'parameters.yaml'))
    assert done.returncode == 2
    assert done.stderr == "error: node worker has no parameter 'rat'; did you mean 'rate'?\n"
    done = run('--ros-args', '-p', 'rate:=500')
    assert done.returncode == 2
    assert done.stderr == ('error: parameter rate: input should be less than or equal to 100 '
                           '(got 500.0); allowed: 1 to 100 Hz\n')


def test_a_program_that_is_interrupted_ends_quietly():
    done = run('--stop', '--ros-args', '-p', 'rate:=20')
    # Fast DDS may remark on shared memory that a killed process left; it writes to stdout.
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, 'rate 20.0', '')


def test_a_malformed_ros_argument_is_one_line_without_a_traceback():
    for arguments in (['-p', 'nonsense'], ['--params-file', '/nowhere.yaml']):
        done = run('--ros-args', *arguments)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1].startswith('error: ')
        assert arguments[1] in done.stderr.splitlines()[-1]
        assert 'Traceback' not in done.stderr
