"""Commands that look at what is installed: pkg, run, interface, launch, daemon; and the parser."""
import signal
import stat
import subprocess
import sys

import pytest

LAUNCH_FILE = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import LaunchConfiguration


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('who', default_value='you', description='whom to greet'),
        ExecuteProcess(cmd=['echo', 'hello', LaunchConfiguration('who')], output='screen')])
"""


@pytest.fixture(scope='module')
def prefix(tmp_path_factory):
    """Install a small package by hand: two executables and a launch file."""
    root = tmp_path_factory.mktemp('prefix')
    for folder in ('share/ament_index/resource_index/packages', 'share/demo/launch', 'lib/demo'):
        (root / folder).mkdir(parents=True)
    (root / 'share/ament_index/resource_index/packages/demo').touch()
    (root / 'share/demo/package.xml').write_text('<package><version>1.2.3</version></package>')
    (root / 'share/demo/launch/demo.launch.py').write_text(LAUNCH_FILE)
    for name, body in {
            'say': 'print(*sys.argv[1:]); sys.exit(7)',
            'wait': 'try: print("up", flush=True); time.sleep(30)\n'
                    'except KeyboardInterrupt: sys.exit(5)'}.items():
        script = root / 'lib/demo' / name
        script.write_text(f'#!{sys.executable}\nimport sys, time\n{body}\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    (root / 'lib/demo/notes.txt').write_text('not executable')
    return root


@pytest.fixture(scope='module')
def installed(environment, prefix):
    """Return what to set so that the package is found too."""
    return {'AMENT_PREFIX_PATH': f'{prefix}:{environment["AMENT_PREFIX_PATH"]}'}


def test_pkg(ros2, refused, prefix, installed):
    assert 'demo' in ros2('pkg', 'list', **installed).stdout.split()
    assert ros2('pkg', 'prefix', 'demo', **installed).stdout == f'{prefix}\n'
    assert ros2('pkg', 'prefix', '--share', 'demo', **installed).stdout == f'{prefix}/share/demo\n'
    assert ros2('pkg', 'executables', 'demo', **installed).stdout == 'demo say\ndemo wait\n'
    assert ros2('pkg', 'xml', 'demo', '-t', 'version', **installed).stdout == '1.2.3\n'
    assert "Package 'demo2' not found" in refused('pkg', 'prefix', 'demo2', **installed)
    assert "no tag 'author'" in refused('pkg', 'xml', 'demo', '-t', 'author', **installed)


def test_run_hands_on_arguments_and_the_exit_code(ros2, refused, installed):
    done = ros2('run', 'demo', 'say', '--ros-args', '-r', 'a:=b', '-h', **installed)
    assert (done.stdout, done.returncode) == ('--ros-args -r a:=b -h\n', 7)
    assert ros2('run', '--prefix', 'env -u X', 'demo', 'say', 'x', **installed).stdout == 'x\n'
    assert 'it has: say, wait' in refused('run', 'demo', 'shout', **installed)
    assert "Cannot run 'no-such-tool'" in refused(
        'run', '--prefix', 'no-such-tool', 'demo', 'say', **installed)


def test_run_hands_on_signals(environment, installed):
    process = subprocess.Popen(
        [sys.executable, '-m', 'ros2cli', 'run', 'demo', 'wait'], env={**environment, **installed},
        text=True, stdout=subprocess.PIPE)
    assert process.stdout.readline() == 'up\n'
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 5
    process.stdout.close()


def test_interface_show(ros2, refused):
    shown = ros2('interface', 'show', 'geometry_msgs/msg/PointStamped').stdout
    assert shown.splitlines()[-4:] == ['Point point', '\tfloat64 x', '\tfloat64 y', '\tfloat64 z']
    assert shown.startswith('# ')
    bare = ros2('interface', 'show', '--no-comments', 'std_srvs/srv/SetBool').stdout
    assert bare == 'bool data\n---\nbool success\nstring message\n'
    assert "did you mean 'std_msgs/msg/String'?" in refused(
        'interface', 'show', 'std_msgs/String')


def test_interface_lists_and_prototypes(ros2, refused):
    assert ros2('interface', 'package', 'std_srvs').stdout == (
        'std_srvs/srv/Empty\nstd_srvs/srv/SetBool\nstd_srvs/srv/Trigger\n')
    assert 'std_srvs' in ros2('interface', 'packages', '--only-srvs').stdout.split()
    shown = ros2('interface', 'list', '-m').stdout
    assert shown.startswith('Messages:\n')
    assert '    std_msgs/msg/String\n' in shown
    assert ros2('interface', 'proto', 'std_srvs/srv/SetBool').stdout == '"data: false\n"\n'
    assert "Unknown package 'no_such_pkg'" in refused('interface', 'package', 'no_such_pkg')


def test_launch(ros2, installed):
    shown = ros2('launch', '-s', 'demo', 'demo.launch.py', **installed).stdout
    assert "'who':" in shown
    assert 'whom to greet' in shown
    done = ros2('launch', 'demo', 'demo.launch.py', 'who:=world', **installed)
    assert done.returncode == 0
    assert 'hello world' in done.stdout
    assert 'ExecuteProcess' in ros2('launch', '-p', 'demo', 'demo.launch.py', **installed).stdout


def test_launch_by_path(ros2, prefix):
    path = prefix / 'share/demo/launch/demo.launch.py'
    assert 'hello me' in ros2('launch', str(path), 'who:=me').stdout


def test_launch_refuses_bad_input_in_one_line(refused, prefix, installed, tmp_path):
    assert "'wo'" in refused('launch', 'demo', 'demo.launch.py', 'wo:=me', **installed)
    assert "'who=me'" in refused('launch', 'demo', 'demo.launch.py', 'who=me', **installed)
    assert 'demo.launch.py' in refused('launch', 'demo', 'demos.launch.py', **installed)
    assert "Package 'demo2' not found" in refused('launch', 'demo2', 'demo.launch.py')
    assert "'none.launch.py' is not a launch file" in refused('launch', 'none.launch.py')
    broken = tmp_path / 'broken.launch.py'
    broken.write_text('import nothing_of_that_name')
    assert 'nothing_of_that_name' in refused('launch', str(broken))


def test_daemon_says_that_there_is_none(ros2):
    for verb in ('status', 'start', 'stop'):
        done = ros2('daemon', verb)
        assert done.returncode == 0
        assert 'daemon' in done.stdout


def test_help_and_version(ros2):
    shown = ros2().stdout
    assert ros2('-h').stdout == shown
    for command in ('topic', 'node', 'param', 'service', 'action', 'interface', 'pkg', 'lifecycle',
                    'daemon', 'bag', 'control', 'launch', 'run', 'doctor'):
        assert f'\n  {command} ' in shown
    assert ros2('--version').stdout.startswith('ros2cli ')
    assert 'send_goal' in ros2('action').stdout
    assert '--feedback' in ros2('action', 'send_goal', '-h').stdout


@pytest.mark.parametrize(('argv', 'name'), [
    (['component', 'list'], "'component'"),
    (['topic', 'lists'], "'lists'"),
    (['pkg', 'create', 'x'], "'create'"),
    (['topic', 'list', '--verb'], '--verb'),
    (['topic', 'hz'], 'topic_name'),
    (['topic', 'hz', '/x', '-w', '0'], "got '0'"),
])
def test_what_is_not_supported_is_refused_by_name(refused, argv, name):
    assert name in refused(*argv)


def test_output_may_be_cut_off(environment):
    done = subprocess.run(
        f'{sys.executable} -m ros2cli interface list | head -1', shell=True, env=environment,
        capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ('Messages:\n', '')
