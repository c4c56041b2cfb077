"""The node as a process, a policy server behind it, and everything that can go wrong around it."""
import os
import signal
import subprocess
import sys
import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from robot import ABORTED, CANCELED, SUCCEEDED, Surroundings
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from vla_interfaces.action import ExecuteTask
from vla_interfaces.msg import PolicyStatus, SafetyState, TaskCheck
from vla_interfaces.srv import LoadPolicy, SetInstruction

Result = ExecuteTask.Result
Feedback = ExecuteTask.Feedback
# A server that is started again on a busy machine takes its time.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope='module')
def around():
    around = Surroundings()
    yield around
    around.close()


def start(around, contract_file, *parameters):
    process = subprocess.Popen([
        sys.executable, '-m', 'vla_inference.node.inference_node', '--ros-args',
        '-p', 'policy:=scripted_policy:ScriptedPolicy', '-p', f'contract:={contract_file}',
        '-p', 'retry:=0.3', '-p', 'request_timeout:=1.0',
        *(word for entry in parameters for word in ('-p', entry))])
    around.robot.policy_status.clear()
    around.wait_for_state(PolicyStatus.READY, 90.0)
    return process


def stop(process):
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


@pytest.fixture(scope='module')
def contract_file(contract, tmp_path_factory):
    """The contract with limits that a busy machine keeps."""
    patient = contract.model_copy(update={
        'images': tuple(image.model_copy(update={'max_age_s': 0.8}) for image in contract.images),
        'state': contract.state.model_copy(update={'max_age_s': 0.8}), 'max_skew_s': 0.8})
    path = tmp_path_factory.mktemp('contract') / 'scripted.yaml'
    patient.save(path)
    return path


@pytest.fixture(scope='module')
def node(around, contract_file):
    process = start(around, contract_file)
    yield process
    stop(process)


@pytest.fixture(autouse=True)
def sound(around):
    """Each test finds a robot that is well, and leaves no task behind."""
    robot = around.robot
    robot.silent.clear()
    robot.frozen.clear()
    robot.moving, robot.size, robot.backwards_s = False, (64, 48), 0.0
    robot.reverse_joints = False
    around.execution.refuse_start = ''
    around.execution.log.clear()
    yield
    around.tidy()


@pytest.fixture
def running(around, node):
    """A task that runs."""
    handle = around.send('up', time_limit=300.0)
    around.wait_for_chunks()
    return handle


def server_pid(around):
    status = next((entry for name, entry in around.robot.diagnostics.items()
                   if name.endswith('inference: policy')), None)
    values = {pair.key: pair.value for pair in status.values} if status else {}
    return int(values.get('server_pid', 0))


def finish(around, handle, expected):
    status, result = around.result(handle)
    assert result.outcome == expected, result.message
    return status, result


def test_chunks_carry_observation_time_instruction_and_space(around, running, contract):
    before = around.robot.get_clock().now().nanoseconds
    chunk = around.wait_for_chunks(3)
    assert chunk.space == contract.action.space
    assert chunk.instruction == 'up' and chunk.frame_id == 'base'
    assert chunk.times_s == pytest.approx([0.1 * step for step in range(1, 11)])
    assert abs(chunk.stamp_ns - before) < 1e9
    assert chunk.data[:, 2] == pytest.approx(0.5 + 0.05 * chunk.times_s, abs=1e-4)
    sequences = [entry.sequence for entry in around.execution.chunks[-3:]]
    assert sequences == list(range(sequences[0], sequences[0] + 3))
    assert chunk.prefix_length >= 1  # the committed plan went along


def test_a_task_starts_and_stops_execution_and_the_operator_ends_it(around, node):
    handle = around.send('left')
    around.wait_for_chunks(10)
    assert around.execution.log == ['start']
    around.wait(lambda: around.robot.features, 'what the policy had in mind')
    assert list(around.robot.features[-1].embedding) == [0, 1, 2, 3]
    assert around.execution.get_parameter('contract').value.endswith('scripted.yaml')
    around.wait(lambda: any(entry.phase == Feedback.ACTING for entry in around.person.feedback),
                'feedback')
    assert around.call(around.person.succeeded, Trigger.Request()).success
    status, result = finish(around, handle, Result.SUCCEEDED)
    assert status == SUCCEEDED and result.success and result.steps > 0
    assert result.message == 'the operator says it succeeded'
    assert around.execution.log == ['start', 'stop']
    assert around.no_chunks_for(0.4)
    assert not around.call(around.person.succeeded, Trigger.Request()).success
    assert around.feedback.latency_ms > 5


def test_a_detector_a_monitor_and_the_simulation_can_end_a_task(around, node):
    handle = around.send('up')
    around.wait_for_chunks()
    for _ in range(40):
        around.robot.success.publish(Bool(data=True))
        time.sleep(0.02)
    finish(around, handle, Result.SUCCEEDED)
    handle = around.send('up')
    around.wait_for_chunks()
    around.robot.abstain.publish(String(data='there is no red cube'))
    status, result = finish(around, handle, Result.ABSTAINED)
    assert (status, result.success, result.message) == (ABORTED, False, 'there is no red cube')
    handle = around.send('up')
    around.wait_for_chunks()
    around.robot.check.publish(TaskCheck(task='tabletop/pick', attempt=3, progress=0.4))
    around.wait(lambda: around.feedback.progress == pytest.approx(0.4), 'progress')
    around.robot.check.publish(TaskCheck(task='tabletop/pick', attempt=3, success=True))
    finish(around, handle, Result.SUCCEEDED)
    handle = around.send('up')
    around.wait_for_chunks()
    around.robot.check.publish(TaskCheck(task='tabletop/pick', attempt=3, success=True))
    around.robot.check.publish(TaskCheck(task='tabletop/pick', attempt=4, failure='it was broken'))
    _, result = finish(around, handle, Result.FAILED)
    assert result.message == 'the simulation sees that it was broken'


def test_time_runs_out(around, node):
    _, result = finish(around, around.send('up', time_limit=1.0), Result.TIMED_OUT)
    assert result.duration == pytest.approx(1.0, abs=0.3)
    assert result.message == 'no success within 1 s'


def test_a_goal_while_one_runs_is_rejected_and_the_first_goes_on(around, running):
    assert around.send('down') is None
    assert around.wait_for_chunks().instruction == 'up'


def test_cancel_at_any_moment(around, node):
    for wait_s in (0.0, 0.05, 0.2, 0.6):
        handle = around.send('up')
        time.sleep(wait_s)
        around.cancel(handle)
        status, result = finish(around, handle, Result.CANCELLED)
        assert status == CANCELED and not result.success
        assert around.execution.log[-1] == 'stop'
        assert around.no_chunks_for(0.2)


def test_the_instruction_is_replaced_while_it_runs(around, running):
    answer = around.call(around.person.instruct, SetInstruction.Request(instruction='left'))
    assert answer.success
    around.wait(lambda: around.execution.chunks[-1].instruction == 'left', 'the new instruction')
    chunk = around.wait_for_chunks(3)
    assert chunk.instruction == 'left' and chunk.data[-1, 1] > 0.01
    answer = around.call(around.person.instruct, SetInstruction.Request(instruction='  '))
    assert not answer.success and 'is empty' in answer.message
    assert around.wait_for_chunks().instruction == 'left'


def test_each_task_is_a_new_episode_of_the_policy(around, node):
    openings = []
    for _ in range(2):
        handle = around.send('resets')
        openings.append(around.wait_for_chunks(3).data[0, 9])
        around.cancel(handle)
        around.result(handle)
    assert openings[1] == pytest.approx(openings[0] + 0.1)


def test_what_is_wrong_with_a_goal_is_said(around, node):
    for goal, limit, text in (('  ', 5.0, 'is empty'), ('up', -1.0, 'time_limit'),
                              ('up', float('nan'), 'time_limit'), ('x' * 600, 5.0, '500')):
        status, result = finish(around, around.send(goal, limit), Result.FAILED)
        assert status == ABORTED and text in result.message
    assert 'start' not in around.execution.log


def test_an_execution_that_does_not_start_fails_the_task(around, node):
    around.execution.refuse_start = 'the arm is unpowered'
    _, result = finish(around, around.send('up'), Result.FAILED)
    assert result.message == 'execution/start: the arm is unpowered'


def test_a_safety_stop_ends_the_task_and_bars_the_next(around, node):
    handle = around.send('up')
    around.wait_for_chunks()
    around.robot.safety.publish(SafetyState(
        level=SafetyState.STOPPED, message='stopped: by the operator'))
    status, result = finish(around, handle, Result.SAFETY_STOP)
    assert status == ABORTED and result.message == 'stop: stopped: by the operator'
    finish(around, around.send('up'), Result.SAFETY_STOP)
    around.robot.safety.publish(SafetyState(level=SafetyState.NORMAL))
    time.sleep(0.2)
    handle = around.send('up')
    around.wait_for_chunks()
    around.cancel(handle)
    finish(around, handle, Result.CANCELLED)


def test_what_the_supervisor_saw_is_told_with_the_end(around, node):
    handle = around.send('up')
    around.wait_for_chunks()
    around.robot.supervision.publish(DiagnosticStatus(
        level=DiagnosticStatus.ERROR, message='pushed with 90 N (contact: stop)'))
    time.sleep(0.2)
    around.robot.safety.publish(SafetyState(level=SafetyState.STOPPED, message='stopped'))
    _, result = finish(around, handle, Result.SAFETY_STOP)
    assert result.message == 'stop: stopped; pushed with 90 N (contact: stop)'


@pytest.mark.parametrize(('fault', 'topic', 'reason'), [
    ('stops', 'front/image_raw', 's old, the limit is'),
    ('freezes', 'front/image_raw', 'is frozen'),
    ('jumps', 'front/image_raw', 's old, the limit is'),
    ('resizes', 'front/image_raw', 'comes as 32×24, not 64×48'),
    ('joints', 'current_pose', 's old, the limit is')])
def test_a_stream_that_fails_is_named_inference_waits_and_goes_on(
        around, running, fault, topic, reason):
    robot = around.robot
    robot.moving = True
    if fault == 'stops':
        robot.silent.add('front')
    elif fault == 'freezes':
        robot.frozen.add('front')
    elif fault == 'jumps':
        robot.backwards_s = 30.0
    elif fault == 'resizes':
        robot.size = (32, 24)
    else:
        robot.silent.add('joints')
    status = around.wait_for_state(PolicyStatus.WAITING)
    assert topic in status.stale_streams
    around.wait(lambda: reason in around.status().message, f'{reason}: {status.message}')
    diagnostic = f'/inference: stream {topic}'
    around.wait(lambda: around.robot.diagnostics[diagnostic].level == b'\x01', 'diagnostics')
    assert around.no_chunks_for(0.5)
    around.wait(lambda: around.feedback.phase == Feedback.RECOVERING, 'the phase')
    robot.silent.clear()
    robot.frozen.clear()
    robot.size, robot.backwards_s = (64, 48), 0.0
    around.wait_for_chunks()
    around.wait_for_state(PolicyStatus.RUNNING)


def test_joints_in_another_order_change_nothing(around, running):
    around.robot.reverse_joints = True
    time.sleep(0.3)
    assert around.wait_for_chunks(3).data[0, 9] == pytest.approx(0.5)


def test_a_policy_that_dies_is_started_again_and_the_task_goes_on(around, running):
    first = around.wait(lambda: server_pid(around), 'the server')
    os.kill(first, signal.SIGKILL)
    status = around.wait_for_state(PolicyStatus.FAILED)
    assert 'was ended by SIGKILL; tried again in' in status.message
    around.wait(lambda: around.feedback.phase == Feedback.RECOVERING, 'the phase')
    around.wait_for_chunks(3, timeout=90.0)
    assert around.wait(lambda: server_pid(around) not in (0, first), 'another server')
    around.wait_for_state(PolicyStatus.RUNNING)


def test_a_policy_that_crashes_on_every_request_backs_off_until_told_otherwise(around, node):
    handle = around.send('crash', time_limit=300.0)
    around.wait(lambda: 'tried again in 0.6 s' in around.status().message, 'the back-off', 90.0)
    assert around.call(around.person.instruct, SetInstruction.Request(instruction='up')).success
    around.wait_for_chunks(2, timeout=90.0)
    around.cancel(handle)
    finish(around, handle, Result.CANCELLED)


def test_a_slow_policy_is_lost_by_name_and_found_again(around, running):
    assert around.call(around.person.instruct, SetInstruction.Request(instruction='slow 3')).success
    status = around.wait_for_state(PolicyStatus.FAILED)
    assert 'no answer' in status.message
    assert around.call(around.person.instruct, SetInstruction.Request(instruction='up')).success
    around.wait_for_chunks(2, timeout=90.0)


@pytest.mark.parametrize(('instruction', 'reason'), [
    ('not a number', 'data: arm.y at step 2 is nan'),
    ('too short', 'shape')])
def test_garbage_is_refused_by_name_and_fails_the_task(around, node, instruction, reason):
    before = len(around.execution.chunks)
    _, result = finish(around, around.send(instruction), Result.FAILED)
    assert reason in result.message
    assert len(around.execution.chunks) == before
    handle = around.send('up')
    around.wait_for_chunks()
    around.cancel(handle)
    finish(around, handle, Result.CANCELLED)


def test_another_policy_is_loaded_while_one_acts(around, running, contract_file):
    first = around.wait(lambda: server_pid(around), 'the server')
    answer = around.call(around.person.load, LoadPolicy.Request(
        policy='scripted_policy:ScriptedPolicy', contract=str(contract_file)), 60.0)
    assert answer.success and answer.load_time_ms > 0, answer.message
    assert around.wait_for_chunks(3).instruction == 'up'
    around.wait(lambda: server_pid(around) not in (0, first), 'another server')


def test_a_policy_that_cannot_be_loaded_leaves_the_running_one(
        around, running, contract, contract_file, tmp_path):
    other = tmp_path / 'other.yaml'
    contract.model_copy(update={'rate_hz': 20.0}).save(other)
    for policy, contract_name, reason in (
            ('/nowhere/at/all', '', 'is neither a folder nor an address'),
            ('scripted_policy:NoSuchPolicy', str(contract_file), 'ended with status 1'),
            ('scripted_policy:ScriptedPolicy', 'no_such_contract', 'no policy contract'),
            ('scripted_policy:ScriptedPolicy', str(other), 'end the task first')):
        answer = around.call(around.person.load, LoadPolicy.Request(
            policy=policy, contract=contract_name), 60.0)
        assert not answer.success and reason in answer.message
        assert around.wait_for_chunks().instruction == 'up'
