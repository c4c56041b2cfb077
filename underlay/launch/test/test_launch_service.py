"""The service, used from Python."""
import asyncio
import os

import pytest
from launch import LaunchDescription, LaunchService, UnsupportedError
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueCoroutine,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    TimerAction,
)
from launch.event_handlers import OnShutdown
from launch.events import Shutdown


@pytest.fixture(autouse=True)
def own_log_folder(tmp_path, monkeypatch):
    from launch import logging
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    logging.reset()
    yield
    logging.reset()


def run(*entities, **options) -> int:
    service = LaunchService(**options)
    service.include_launch_description(LaunchDescription(entities))
    return service.run()


def test_nothing_to_do_is_done_at_once():
    assert run() == 0


def test_the_service_knows_its_arguments():
    seen = []
    run(OpaqueFunction(function=lambda context: seen.append(
        (context.argv, context.noninteractive))), argv=['a:=1'], noninteractive=True)
    assert seen == [(['a:=1'], True)]


def test_an_emitted_shutdown_carries_its_reason():
    reasons = []
    code = run(
        RegisterEventHandler(OnShutdown(
            on_shutdown=lambda event, _: reasons.append((event.reason, event.due_to_sigint)))),
        EmitEvent(event=Shutdown(reason='enough')))
    assert (code, reasons) == (0, [('enough', False)])


def test_an_exception_of_a_coroutine_makes_the_exit_code_one(capsys):
    async def fail(context):
        raise ValueError('no luck')

    assert run(OpaqueCoroutine(coroutine=fail)) == 1
    assert '[ERROR] [launch]: no luck' in capsys.readouterr().out


def test_a_coroutine_is_cancelled_at_the_end():
    ended = []

    async def wait(context):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    stop = TimerAction(period=0.1, actions=[EmitEvent(event=Shutdown())])
    assert run(OpaqueCoroutine(coroutine=wait), stop) == 0
    assert ended == [True]


def test_a_timer_that_survives_the_shutdown_still_acts():
    acted = []
    run(
        TimerAction(period=0.1, actions=[
            OpaqueFunction(function=lambda _: acted.append('kept'))], cancel_on_shutdown=False),
        TimerAction(period=0.1, actions=[
            OpaqueFunction(function=lambda _: acted.append('cancelled'))]),
        EmitEvent(event=Shutdown()))
    assert acted == ['kept']


def test_cached_output_and_return_code_can_be_read_afterwards():
    process = ExecuteProcess(
        cmd=['sh', '-c', 'echo out; echo err >&2; exit 4'], cached_output=True)
    assert run(process) == 0
    assert (process.get_stdout(), process.get_stderr()) == ('out\n', 'err\n')
    assert process.return_code == 4


def test_a_prefix_applies_to_matching_executables_only():
    echo = ExecuteProcess(cmd=['echo', 'a'], cached_output=True)
    true = ExecuteProcess(cmd=['true'], cached_output=True)
    run(
        DeclareLaunchArgument('launch-prefix', default_value='echo prefixed'),
        DeclareLaunchArgument('launch-prefix-filter', default_value='ec'), echo, true)
    assert (echo.get_stdout(), true.get_stdout()) == ('prefixed echo a\n', '')


def test_an_environment_of_its_own_replaces_that_of_the_launch():
    process = ExecuteProcess(
        cmd=['/usr/bin/env'], env={'ONLY': 'this'}, additional_env={'AND': 'that'},
        cached_output=True)
    run(SetEnvironmentVariable('NOT', 'seen'), process)
    os.environ.pop('NOT')
    assert process.get_stdout().split() == ['ONLY=this', 'AND=that']


def test_a_missing_working_folder_is_named(capsys):
    assert run(ExecuteProcess(cmd=['true'], cwd='/no/such/folder')) == 1
    assert "its working folder '/no/such/folder' does not exist" in capsys.readouterr().out


def test_a_service_can_run_again():
    service = LaunchService()
    for _ in range(2):
        process = ExecuteProcess(cmd=['echo', 'again'], cached_output=True)
        service.include_launch_description(LaunchDescription([process]))
        assert service.run() == 0
        assert process.get_stdout() == 'again\n'


def test_shutdown_can_be_called_within_the_loop():
    service = LaunchService()
    service.include_launch_description(LaunchDescription([
        ExecuteProcess(cmd=['sleep', '60']),
        TimerAction(period=0.1, actions=[
            OpaqueFunction(function=lambda _: service.shutdown(force_sync=True))])]))
    assert service.run(shutdown_when_idle=False) == 0


@pytest.mark.parametrize(('module', 'name'), [
    ('launch.actions', 'ExecuteLocal'),
    ('launch.actions', 'ForEach'),
    ('launch', 'frontend'),
    ('launch.launch_description_sources', 'FrontendLaunchDescriptionSource'),
])
def test_what_is_missing_is_refused_by_name(module, name):
    import importlib
    with pytest.raises(UnsupportedError, match=rf'launch \(underlay\): {module}.{name} is not'):
        getattr(importlib.import_module(module), name)


def test_a_process_needs_a_command_line():
    with pytest.raises(ValueError, match='cmd is empty'):
        ExecuteProcess(cmd=[])


def test_a_deprecated_description_says_why(capsys):
    service = LaunchService()
    service.include_launch_description(LaunchDescription([], deprecated_reason='use the other'))
    assert service.run() == 0
    assert 'deprecated: use the other' in capsys.readouterr().out


def test_a_keyword_of_nobody_is_an_error():
    with pytest.raises(TypeError, match='colour'):
        ExecuteProcess(cmd=['true'], colour='red')
