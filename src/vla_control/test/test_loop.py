"""The loop as a process: both sides may die, and the arm stays within its limits."""
import os
import signal
import time

import numpy as np
import pytest

from vla_control.laws.joint_trajectory import TrajectoryPoints
from vla_control.loop import LoopClient, LoopConfiguration, LoopDied, LoopError
from vla_control.loop.lateness import Histogram
from vla_control.loop.process import run
from vla_control.loop.ring import Ring, RingFull, ring_dtype
from vla_control.node.heartbeat import Heartbeat
from vla_control.safety.parameters import SafetyParameters
from vla_control.safety.targets import TargetRefused
from vla_hardware.sim import SimulatedHardware

CONTROLLERS = {'tip': {'type': 'cartesian_impedance', 'arm': 'arm'},
               'joints': {'type': 'joint_trajectory', 'arm': 'arm'}}


def configuration(what, **more):
    return LoopConfiguration(name=f'test_{what}_{os.getpid()}', robot='franka',
                             controllers=CONTROLLERS, **more)


def wait(client, condition, seconds=5.0, beat=True):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if beat:
            client.beat()
        state = client.read_state()
        if condition(state):
            return state
        time.sleep(0.01)
    raise AssertionError(f'did not happen: {state}')


def test_a_ring_keeps_messages_and_arrays_whole_over_its_end():
    record = np.zeros((), dtype=ring_dtype(300))
    writer, reader = Ring(record), Ring(record)
    for number in range(50):
        values = np.full((2, 3), float(number))
        writer.put({'id': number}, {'values': values})
        message = reader.get()
        assert message['id'] == number
        np.testing.assert_array_equal(message['values'], values)
    assert reader.get() is None
    with pytest.raises(RingFull):
        writer.put({'text': 'x' * 400})


def test_the_histogram_gives_percentiles():
    histogram = Histogram()
    for value in range(1000):
        histogram.add(float(value))
    assert histogram.percentiles(0.5, 0.99) == pytest.approx([500.0, 990.0], abs=10.0)
    assert histogram.worst_us == 999.0


def test_a_session_from_start_to_end():
    with LoopClient.start(configuration('session')) as client:
        assert [c['name'] for c in client.controllers()] == ['tip', 'joints']
        home = client.read_state().arms['arm'].position
        client.switch(['joints'], [])
        number = client.follow_trajectory(
            'joints', TrajectoryPoints(np.array([0.3]), home[None] + 0.05))
        state = wait(client, lambda s: s.arms['arm'].trajectory_status.name == 'SUCCEEDED')
        assert number == state.arms['arm'].trajectory_number == 1
        np.testing.assert_allclose(state.arms['arm'].position, home + 0.05, atol=0.02)

        client.switch(['tip'], ['joints'])
        pose = client.read_state().arms['arm'].pose
        client.write_target('arm', 'pose', [*pose[:2], pose[2] + 0.02, *pose[3:]])
        wait(client, lambda s: s.arms['arm'].pose[2] > pose[2] + 0.015)
        with pytest.raises(LoopError, match='both claim'):
            client.switch(['joints'], [])
        with pytest.raises(LoopError, match=r'task\.k_pos_x'):
            client.set_parameters('tip', {'task.k_pos_x': -1.0})
        with pytest.raises(TargetRefused, match='needs 7'):
            client.write_target('arm', 'pose', [0.0])
        client.write_target('arm', 'pose', [*pose[:3], 0.0, 0.0, 0.0, 0.5])
        events = []
        wait(client, lambda s: events.extend(client.events()) or
             any('quaternion' in text for _, text in events))

        client.stop()
        assert wait(client, lambda s: s.stopped).stop_reason == 'stop requested'
        client.release()
        wait(client, lambda s: not s.stopped)
        assert client.diagnostics()['ticks'] > 100


def test_a_reset_by_task_is_answered_and_no_tick_counts_as_missed_for_it():
    with LoopClient.start(configuration('reset', options={'world': 'tabletop'})) as client:
        client.switch(['joints'], [])
        home = client.read_state().arms['arm'].position
        client.follow_trajectory('joints', TrajectoryPoints(np.array([0.5]), home[None] + 0.2))
        wait(client, lambda s: s.arms['arm'].position[0] > home[0] + 0.1)
        client.reset(task='tabletop/stack', seed=2)
        state = wait(client, lambda s: s.arms['arm'].trajectory_status.name == 'NONE')
        assert np.abs(state.arms['arm'].position - home).max() < 0.12
        assert client.diagnostics()['resets'] == 1.0
        with pytest.raises(LoopError, match="no task 'stak'; did you mean 'stack'"):
            client.reset(task='stak')
        with pytest.raises(LoopError, match='reset'):
            client.reset(colour='red')
        assert client.diagnostics()['resets'] == 1.0


def test_a_switch_that_comes_too_late_is_none():
    """A loop that was away for a while must not switch behind the back of who gave up."""
    with LoopClient.start(configuration('late')) as client:
        os.kill(client.pid, signal.SIGSTOP)
        try:
            with pytest.raises(LoopError, match=r'not switched within 0\.05 s'):
                client.switch(['tip'], [], timeout=0.05)
        finally:
            os.kill(client.pid, signal.SIGCONT)
        before = client.diagnostics()['ticks']
        wait(client, lambda s: s.ticks > before + 50)
        assert not any(controller['active'] for controller in client.controllers())
        client.switch(['tip'], [], timeout=5.0)
        client.switch([], ['tip'])  # without a limit
        assert not any(controller['active'] for controller in client.controllers())


def test_a_slow_robot_ticks_and_moves_in_its_own_time():
    with LoopClient.start(configuration('slow', real_time_factor=0.25)) as client:
        client.switch(['joints'], [])
        first = client.read_state()
        client.follow_trajectory(
            'joints', TrajectoryPoints(np.array([0.4]), first.arms['arm'].position[None] + 0.1))
        begun = time.monotonic()
        last = wait(client, lambda s: s.arms['arm'].trajectory_status.name == 'SUCCEEDED', 20.0)
        assert time.monotonic() - begun > 0.4 / 0.25
        simulated = (last.ticks - first.ticks) * 1e-3
        assert simulated < 0.25 * (last.stamp_ns - first.stamp_ns) * 1e-9 + 0.01
        assert simulated > 0.2


def test_the_time_of_a_real_robot_cannot_be_changed(monkeypatch, capsys):
    monkeypatch.setattr(SimulatedHardware, 'simulated', False)
    assert run(configuration('real', real_time_factor=0.5)) == 1
    assert 'real_time_factor: sim is no simulation' in capsys.readouterr().err


def test_a_silent_node_means_hold_and_then_the_latched_stop():
    safety = SafetyParameters(node_timeout=0.2, node_stop_timeout=0.5)
    with LoopClient.start(configuration('node', safety=safety)) as client:
        client.switch(['tip'], [])
        state = wait(client, lambda s: s.stopped, beat=False)
        assert 'node silent' in state.stop_reason
        other = LoopClient.attach(f'test_node_{os.getpid()}', 'franka')  # the node comes back
        wait(other, lambda s: s.stopped)
        other.release()
        wait(other, lambda s: not s.stopped)


def test_the_heartbeat_speaks_for_a_busy_node_but_not_for_one_that_hangs():
    safety = SafetyParameters(node_timeout=0.2, node_stop_timeout=0.4)
    with LoopClient.start(configuration('heart', safety=safety)) as client:
        heartbeat = Heartbeat(client.beat, patience=0.9)
        wait(client, lambda s: True)
        client.release()
        begun = time.monotonic()
        wait(client, lambda s: s.stopped, beat=False)
        assert time.monotonic() - begun > 0.7  # busy until then
        heartbeat.sign()
        time.sleep(0.3)
        client.release()
        assert not client.read_state().stopped
        heartbeat.close()
        wait(client, lambda s: s.stopped, beat=False)


def test_a_forsaken_loop_ends_by_itself():
    client = LoopClient.start(configuration('orphan', orphan_timeout=0.3))
    with pytest.raises(LoopDied):
        wait(client, lambda s: False, beat=False)
    client.close()


def test_a_killed_loop_is_noticed():
    client = LoopClient.start(configuration('killed'))
    os.kill(client.pid, signal.SIGKILL)
    with pytest.raises(LoopDied, match=str(client.pid)):
        wait(client, lambda s: False)
    with pytest.raises(LoopDied):
        client.switch(['tip'], [])


def test_a_loop_that_cannot_start_says_why():
    bad = LoopConfiguration(name=f'test_bad_{os.getpid()}', robot='ur', controllers=CONTROLLERS)
    with pytest.raises(LoopError, match='needs one of the modes effort'):
        LoopClient.start(bad)
    with pytest.raises(LoopDied, match='running'):
        LoopClient.attach('test_nobody', 'franka')
