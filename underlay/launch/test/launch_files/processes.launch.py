"""Processes one after the other, by events and timers."""
import signal

from launch import LaunchDescription
from launch.actions import (
    EmitEvent,
    ExecuteProcess,
    LogInfo,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import (
    OnExecutionComplete,
    OnProcessExit,
    OnProcessIO,
    OnProcessStart,
    OnShutdown,
)
from launch.events import matches_action
from launch.events.process import SignalProcess
from launch.substitutions import LocalSubstitution, PythonExpression


def generate_launch_description():
    first = ExecuteProcess(
        cmd=['sh', '-c', ['echo "$WORD" ', '"$MORE"; echo trouble >&2; exit 3']],
        output='screen', additional_env={'MORE': ['b', 'c']})
    second = ExecuteProcess(
        cmd=['echo', '$((1 + 2))', '&&', 'pwd'], shell=True, cwd='/', output='both',
        name='second')
    sleeper = ExecuteProcess(cmd=['sleep', '20'], output='screen')
    terminal = ExecuteProcess(
        cmd=['sh', '-c', 'test -t 1 && echo terminal || echo pipe'], emulate_tty=True,
        output='screen', name='terminal')
    quiet = ExecuteProcess(
        cmd=['sh', '-c', 'echo hidden; echo shown >&2'], output='log', name='quiet')
    return LaunchDescription([
        SetEnvironmentVariable('WORD', 'a'),
        RegisterEventHandler(OnProcessStart(
            target_action=first, on_start=[LogInfo(msg='first started')])),
        RegisterEventHandler(OnProcessIO(
            target_action=first,
            on_stdout=lambda event: LogInfo(msg='heard ' + event.text.decode().strip()))),
        RegisterEventHandler(OnProcessExit(
            target_action=first,
            on_exit=lambda event, context: [
                LogInfo(msg=f'first ended with {event.returncode}'), second])),
        RegisterEventHandler(OnProcessExit(target_action=second, on_exit=[terminal])),
        RegisterEventHandler(OnProcessExit(target_action=terminal, on_exit=quiet)),
        RegisterEventHandler(OnProcessExit(target_action=quiet, on_exit=[sleeper])),
        RegisterEventHandler(OnProcessStart(target_action=sleeper, on_start=[
            TimerAction(period=0.2, actions=[
                LogInfo(msg='timer'),
                EmitEvent(event=SignalProcess(
                    signal_number=signal.SIGTERM, process_matcher=matches_action(sleeper)))])])),
        RegisterEventHandler(OnProcessExit(
            target_action=sleeper,
            on_exit=[Shutdown(reason='all done'), TimerAction(period=5.0, actions=[
                LogInfo(msg='never')])])),
        RegisterEventHandler(OnShutdown(on_shutdown=[
            LogInfo(msg=['ending: ', LocalSubstitution('event.reason')])])),
        RegisterEventHandler(OnExecutionComplete(
            target_action=sleeper,
            on_completion=[LogInfo(msg=PythonExpression(["'complete'"]))])),
        first,
    ])
