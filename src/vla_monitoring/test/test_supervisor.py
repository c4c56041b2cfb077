"""The supervisor and the health of the whole, without ROS."""
import pytest
from hypothesis import given, strategies as st

from vla_core.share import find
from vla_core.validation import ConfigurationError
from vla_monitoring.health import ERROR, OK, STALE, WARN, Health
from vla_monitoring.supervision.supervisor import Supervisor
from vla_monitoring.supervision.table import SupervisionError, SupervisionTable

ROOT = find('vla_bringup', 'config/monitoring', 'supervision.yaml').resolve().parents[2]


@pytest.fixture
def table():
    return SupervisionTable.load('supervision')


@pytest.fixture
def supervisor(table):
    return Supervisor(table, ['arm'], ['front', 'wrist'], start=0.0)


def run(supervisor, until, *, since=0.0, silent=(), acting=True):
    """Streams come at 20 Hz, but those in ``silent``; the decision at the end."""
    supervisor.acting = acting
    for tick in range(round(20 * since), round(20 * until) + 1):
        now = tick / 20
        for streams in supervisor.streams.values():
            for stream in streams:
                if stream.topic not in silent:
                    stream.saw(tick, now)
        decision = supervisor.decide(now)
    return decision


def test_the_page_is_the_table(table):
    """docs/safety_supervisor.md is rendered, not written."""
    page = (ROOT / 'docs' / 'safety_supervisor.md').read_text()
    assert page == table.markdown(), 'python -m vla_monitoring.supervision.table > docs/…'


def test_all_is_calm_while_everything_comes(supervisor):
    assert run(supervisor, 30.0).reaction is None


@pytest.mark.parametrize(('topic', 'reaction', 'seconds'), [
    ('joint_states', 'stop', 0.5), ('front/camera_info', 'pause', 1.0),
    ('current_pose', 'hold', 0.5), ('execution_status', 'stop', 1.0)])
def test_a_stream_that_ends_is_noticed_in_its_time(supervisor, topic, reaction, seconds):
    assert run(supervisor, 2.0).reaction is None
    assert run(supervisor, 2.0 + seconds - 0.1, since=2.05, silent=[topic]).reaction is None
    decision = run(supervisor, 2.2 + seconds, since=2.0 + seconds, silent=[topic])
    assert decision.reaction == reaction
    assert topic in decision.text


def test_a_stream_whose_stamps_stand_still_is_stale(supervisor):
    run(supervisor, 1.0)
    for tick in range(20, 40):
        supervisor.streams['joint_states_stale'][0].saw(20, tick / 20)
    assert 'frozen' in supervisor.decide(2.0).text


def test_what_has_never_come_is_missed_after_the_grace(supervisor):
    assert run(supervisor, 14.0, silent=['joint_states'], acting=False).reaction is None
    decision = run(supervisor, 15.2, since=14.0, silent=['joint_states'], acting=False)
    assert decision.reaction == 'warn' and 'has never come' in decision.text
    assert run(supervisor, 15.3, since=15.2, acting=False).reaction is None, 'it came'


def test_a_policy_that_acts_on_what_has_never_come_is_stopped(supervisor):
    decision = run(supervisor, 15.2, silent=['joint_states'])
    assert decision.reaction == 'stop' and 'has never come' in decision.text


def test_only_while_a_policy_acts(supervisor):
    assert run(supervisor, 5.0, silent=['front/camera_info'], acting=False).reaction is None


def test_a_pause_ends_by_itself_a_little_after_its_cause(supervisor):
    run(supervisor, 1.0)
    assert run(supervisor, 3.0, since=1.0, silent=['wrist/camera_info']).reaction == 'pause'
    assert run(supervisor, 3.5, since=3.05).reaction == 'pause'
    assert run(supervisor, 4.5, since=3.5).reaction is None


def test_a_pause_lasts_as_long_as_its_cause_though_nothing_acts_any_more(supervisor):
    run(supervisor, 1.0)
    assert run(supervisor, 3.0, since=1.0, silent=['wrist/camera_info']).reaction == 'pause'
    assert run(supervisor, 9.0, since=3.0, silent=['wrist/camera_info'],
               acting=False).reaction == 'pause'


def test_a_stop_stays_until_it_is_released_and_no_earlier_than_its_cause(supervisor):
    supervisor.force('arm', 100.0, 0.0)
    run(supervisor, 1.0)
    assert 'arm is pushed with 100 N' in supervisor.release(1.0)
    assert run(supervisor, 1.1, since=1.0).reaction == 'stop'
    supervisor.force('arm', 1.0, 0.0)
    decision = run(supervisor, 2.0, since=1.1)
    assert decision.reaction == 'stop' and 'latched' in decision.text
    assert supervisor.release(2.0) == ''
    assert run(supervisor, 3.0, since=2.0).reaction is None


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_numbers_that_are_none_are_not_small(supervisor, value):
    supervisor.force('arm', value, 0.0)
    supervisor.error('arm', position_m=value)
    decision = run(supervisor, 2.0)
    assert decision.reaction == 'stop'
    assert {entry.name for entry in decision.active} == {'contact', 'tracking'}


def test_a_short_knock_is_no_push(supervisor):
    run(supervisor, 1.0)
    supervisor.force('arm', 100.0, 0.0)
    supervisor.decide(1.01)
    supervisor.force('arm', 1.0, 0.0)
    assert run(supervisor, 2.0, since=1.05).reaction is None


def test_limits_that_act_all_the_time_are_told(supervisor):
    for tick in range(100):
        supervisor.limiting(True, tick / 20)
    assert run(supervisor, 5.0, since=4.95).reaction == 'warn'


def test_an_operator_is_named_and_wins(supervisor):
    supervisor.alarm('out_of_distribution', 'the policy is lost')
    supervisor.operator_stop('the web view')
    decision = run(supervisor, 0.1)
    assert decision.reaction == 'stop'
    assert decision.text.startswith('stopped by the web view')
    assert supervisor.release(0.2) == ''


@pytest.mark.parametrize('jump', [3600.0, -3600.0, 0.8])
def test_a_clock_that_is_set_warns_and_stops_nothing(supervisor, jump):
    for tick in range(20):
        supervisor.clock(1e9 + tick / 20, tick / 20)
    supervisor.clock(1e9 + 1.0 + jump, 1.0)
    decision = run(supervisor, 1.2)
    assert decision.reaction == 'warn' and 'was set by' in decision.text
    assert run(supervisor, 12.0, since=1.2).reaction is None


@pytest.mark.parametrize(('text', 'reason'), [
    ('conditions: {}', 'operator_stop with reaction stop'),
    (('conditions: {x: {kind: contact_force, force_n: -1, torque_nm: 1, for_s: 0, '
      'reaction: stop, because: y}}'), 'force_n'),
    ('conditions: {x: {kind: telepathy}}', 'kind'),
    ('rate: 3\nconditions: {}', "unknown key; did you mean 'rate_hz'"),
])
def test_a_table_that_is_wrong_is_named(text, reason, tmp_path):
    file = tmp_path / 'table.yaml'
    file.write_text(text)
    with pytest.raises(SupervisionError, match=reason):
        SupervisionTable.load(str(file))
    assert issubclass(SupervisionError, ConfigurationError)


# ---- health

def test_all_is_well_only_when_everybody_says_so():
    health = Health(['controller_manager', 'cameras'], 3.0)
    assert health.report(0.0).level == STALE
    health.hear('/controller_manager: loop', b'\x00', 'on time', 0.0)
    report = health.report(0.1)
    assert report.level == STALE and 'cameras: not heard yet' in report.message
    health.hear('/cameras: front', b'\x00', 'running', 0.2)
    assert health.report(0.3).level == OK
    assert health.report(0.3).message == 'all 2 parts are well'


def test_silence_is_not_health():
    health = Health([], 3.0)
    health.hear('/a: x', b'\x00', 'fine', 0.0)
    report = health.report(10.0)
    assert report.level == STALE and 'silent for 10 s' in report.message


@pytest.mark.parametrize('level', [b'\x07', b'', b'\x00\x00', None, 4, -1, 'ok', 0.0])
def test_levels_that_mean_nothing_are_errors(level):
    health = Health([], 3.0)
    health.hear('/a: x', level, 'all fine', 0.0)
    report = health.report(0.1)
    assert report.level == ERROR and 'means nothing' in report.message


def test_two_that_use_one_name_do_not_cover_each_other_up():
    health = Health([], 3.0)
    for tick in range(100):
        health.hear('/a: x', ERROR if tick % 2 else OK, 'broken' if tick % 2 else 'fine', tick / 10)
        if tick > 1:
            assert health.report(tick / 10).level == ERROR


def test_a_flood_is_cut_and_told():
    health = Health([], 3.0)
    for index in range(5000):
        health.hear(f'/flood: {index}', OK, 'x' * 10_000, 0.0)
    report = health.report(0.1)
    assert report.level == WARN and 'somebody floods' in report.message
    assert len(report.parts) < 400 and all(len(part[2]) <= 300 for part in report.parts)


def test_another_robot_is_not_ours():
    health = Health([], 3.0, namespace='/left')
    health.hear('/right/cameras: front', ERROR, 'broken', 0.0)
    health.hear('/leftover: x', ERROR, 'broken', 0.0)
    assert health.report(0.1).message == 'no diagnostics heard'
    health.hear('left/cameras: front', OK, 'running', 0.0)
    assert health.report(0.1).level == OK


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(0, 255), st.text(max_size=400),
                          st.floats(0, 10)), max_size=30))
def test_nonsense_never_makes_all_well(statuses):
    health = Health(['controller'], 3.0)
    for name, level, message, now in sorted(statuses, key=lambda status: status[3]):
        health.hear(name, bytes([level]), message, now)
    report = health.report(10.0)
    assert report.message.isprintable()
    if any(level for _, level, _, now in statuses if now > 9.5):
        assert report.level != OK
