"""From bag to data set: the same observations as live, actions one period later, nothing unsaid."""
import json
import signal
from pathlib import Path

import numpy as np
import pytest
from synthetic_bag import START_NS, SyntheticBag, contract, position_at

from vla_core.profile import RobotProfile
from vla_datasets import DatasetReader, metadata as dataset_metadata
from vla_datasets.verification import verify
from vla_inference.bag import observations_of
from vla_recording.bag_reader import Bag
from vla_recording.errors import EpisodeError
from vla_recording.export.command_line import main
from vla_recording.export.settings import work_folder
from vla_recording.frames import EpisodeFrames


def export(contract_file, out, *words):
    return main([*map(str, words), '--contract', contract_file, '--out', str(out),
                 '--workers', '1'])


def fields(out):
    return [episode.fields for episode in dataset_metadata.load(out).episodes]


def test_frames_are_those_of_live_inference_bit_for_bit(make_bag, contract_file, tmp_path):
    bag = make_bag(seconds=2.0)
    assert export(contract_file, tmp_path / 'out', bag, '--images', 'png') == 0
    assert verify(tmp_path / 'out', decode=True) == []
    reader = DatasetReader(tmp_path / 'out')
    frames = [reader[index] for index in range(len(reader))]
    stamps = [int(frame['stamp_ns']) for frame in frames]
    assert np.all(np.diff(stamps) == 100_000_000) and len(frames) >= 17
    live = observations_of(
        bag, contract(), RobotProfile.load('franka'), stamps, 'pick the red cube')
    for frame, observation in zip(frames, live, strict=True):
        assert frame['task'] == 'pick the red cube'
        np.testing.assert_array_equal(
            frame['observation.images.front'], observation.images['observation.images.front'])
        np.testing.assert_array_equal(frame['observation.state'], observation.state)


def test_actions_are_the_targets_that_hold_one_period_later(make_bag, contract_file, tmp_path):
    assert export(contract_file, tmp_path / 'out', make_bag(seconds=2.0)) == 0
    reader = DatasetReader(tmp_path / 'out')
    for frame in (reader[index] for index in range(len(reader))):
        due = (int(frame['stamp_ns']) - START_NS) / 1e9 + 0.1
        told = min(np.floor(due * 25 + 1e-6), 49) / 25
        np.testing.assert_allclose(frame['action'][:3], position_at(told), atol=1e-6)
        np.testing.assert_allclose(frame['action'][3:9], [1, 0, 0, 0, 1, 0], atol=1e-6)
        gripper_told = np.floor((due - 0.002) * 5 + 1e-6) / 5
        assert frame['action'][9] == pytest.approx(1.0 if gripper_told < 1 else 0.0)


def test_a_gap_cuts_an_episode_and_is_named(make_bag, contract_file, tmp_path, capsys):
    bag = make_bag(seconds=3.0, dropped={'/front/image_raw': (1.0, 1.7)})
    assert export(contract_file, tmp_path / 'out', bag) == 0
    lengths = [episode.length for episode in dataset_metadata.load(tmp_path / 'out').episodes]
    assert len(lengths) == 2 and min(lengths) >= 8
    assert 'steps are left out: front/image_raw' in capsys.readouterr().out
    assert [entry['part'] for entry in fields(tmp_path / 'out')] == [0, 1]


@pytest.mark.parametrize('jump', [-20.0, 20.0])
def test_a_jump_of_the_clock_cuts_an_episode(make_bag, contract_file, tmp_path, jump):
    bag = make_bag(seconds=4.0, jump=lambda time: jump if time >= 2 else 0.0)
    assert export(contract_file, tmp_path / 'out', bag) == 0
    reader = DatasetReader(tmp_path / 'out')
    starts = [entry['start_ns'] for entry in fields(tmp_path / 'out')]
    assert len(starts) == 2 and abs(starts[1] - starts[0]) > 15e9
    for index in range(len(reader)):  # nothing of one side is mixed with the other
        frame = reader[index]
        now = (int(frame['stamp_ns']) - START_NS) / 1e9
        now -= jump if abs(now) > 10 else 0.0
        np.testing.assert_allclose(frame['observation.state'][:3], position_at(now), atol=2e-3)


def test_what_a_bag_lacks_is_said_and_the_others_are_exported(
        make_bag, contract_file, tmp_path, capsys):
    good = make_bag('good')
    blind = make_bag('blind', without=('/front/image_raw',))
    idle = make_bag('idle', without=('/target_pose',))
    empty = make_bag('empty', seconds=0.0)
    other = make_bag('other', robot='ur')
    elsewhere = make_bag('elsewhere', frame='world')
    cut = make_bag('cut')
    (cut / 'metadata.yaml').unlink()
    assert export(contract_file, tmp_path / 'out', good, blind, idle, empty, other, elsewhere,
                  cut) == 0
    said = capsys.readouterr().out
    for line in ('blind: left out: nothing was recorded on /front/image_raw',
                 'idle: left out: nothing was recorded on /target_pose',
                 'empty: left out: nothing was recorded on /front/image_raw',
                 'other: left out: is of robot ur, the contract is for franka',
                 "elsewhere: left out: /target_pose: is in frame 'world'",
                 'cut: left out: no metadata.yaml; run: ros2 run vla_recording recover'):
        assert line in said
    assert [entry['bag'] for entry in fields(tmp_path / 'out')] == ['good']


def test_nothing_to_export_is_one_line_and_status_1(make_bag, contract_file, tmp_path, capsys):
    assert export(contract_file, tmp_path / 'out', make_bag('empty', seconds=0.0)) == 1
    assert export(contract_file, tmp_path / 'out', tmp_path / 'nowhere') == 1
    assert export('no_such_contract', tmp_path / 'out', tmp_path / 'bags') == 1
    said = capsys.readouterr().err
    assert 'error: no bag gave an episode (empty: nothing was recorded' in said
    assert 'nowhere: no such bag or folder' in said and "no policy contract 'no_such" in said


def test_episodes_are_chosen_by_outcome_and_by_intervention(make_bag, contract_file, tmp_path):
    from vla_recording.episode import Episode
    make_bag('failed', episode=Episode(instruction='a', outcome='failed'))
    make_bag('alone')
    taken = SyntheticBag(tmp_path / 'bags' / 'taken', in_charge={0.0: 'policy', 1.0: 'person'})
    taken.write('/committed_chunk', 0.0, committed(taken, 0.0))
    taken.close()
    bags = tmp_path / 'bags'
    assert export(contract_file, tmp_path / 'good', bags, '--outcome', 'succeeded') == 0
    assert [entry['bag'] for entry in fields(tmp_path / 'good')] == ['alone', 'taken']
    assert export(contract_file, tmp_path / 'with', bags, '--intervention', 'with') == 0
    assert [entry['bag'] for entry in fields(tmp_path / 'with')] == ['taken']
    reader = DatasetReader(tmp_path / 'with')
    in_charge, taken_over = reader.column('in_charge'), reader.column('intervention')
    assert set(in_charge[:8]) == {1} and set(in_charge[-7:]) == {2}
    assert not taken_over[:8].any() and taken_over[-7:].all()
    assert export(contract_file, tmp_path / 'rest', bags, '--intervention', 'without') == 0
    assert {entry['bag'] for entry in fields(tmp_path / 'rest')} == {'failed', 'alone'}


def committed(bag, time):
    """A plan of three seconds: x is the time of each row."""
    kinds = bag.store.types
    stamp = kinds['builtin_interfaces/msg/Time'](*divmod(START_NS + round(time * 1e9), 10**9))
    space = kinds['vla_interfaces/msg/ActionSpace'](
        kind=3, names=['arm'], joints_per_arm=np.zeros(0, np.uint32), frame='base', rotation=4,
        delta_reference=0, gripper=1, statistics_id='')
    times = np.arange(1, 31) * 0.1
    rows = np.tile(np.array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0.5], np.float32), (30, 1))
    rows[:, 0] = time + times
    return kinds['vla_interfaces/msg/ActionChunk'](
        header=kinds['std_msgs/msg/Header'](stamp, 'base'), sequence=1, policy='p',
        instruction='i', space=space, times=times, data=rows.reshape(-1), steps=30, dimension=10,
        prefix_length=0, inference_start=stamp, inference_end=stamp,
        uncertainty=np.zeros(0, np.float32),
        **({'features': []} if 'features' in kinds['vla_interfaces/msg/ActionChunk'].__annotations__
           else {}))


def test_actions_come_from_committed_chunks_when_asked(contract_file, tmp_path):
    bag = SyntheticBag(tmp_path / 'bags' / 'run')
    bag.write('/committed_chunk', 0.0, committed(bag, 0.0))
    bag.close()
    assert export(contract_file, tmp_path / 'out', bag.writer.path, '--actions', 'committed') == 0
    reader = DatasetReader(tmp_path / 'out')
    stamps = reader.column('stamp_ns').reshape(-1)
    np.testing.assert_allclose(
        reader.column('action')[:, 0], (stamps - START_NS) / 1e9 + 0.1, atol=0.051)


def test_an_export_that_is_killed_goes_on_and_gives_the_same(
        make_bag, contract_file, tmp_path, python, wait_for):
    for index in range(4):
        make_bag(f'bag{index}')
    words = ['-m', 'vla_recording.export', str(tmp_path / 'bags'), '--contract', contract_file,
             '--workers', '1']
    whole = tmp_path / 'whole'
    assert export(contract_file, whole, tmp_path / 'bags') == 0
    out = tmp_path / 'out'
    work = work_folder(out)
    for done in range(2):
        process = python(*words, '--out', str(out))
        wait_for(lambda least=done: len(list(work.glob('*/result.json'))) > least, 60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert work.exists(), 'the second kill falls into the middle of a bag or between two'
    assert export(contract_file, out, tmp_path / 'bags') == 0
    assert not work_folder(out).exists()
    first, second = DatasetReader(whole), DatasetReader(out)
    for name in ('action', 'observation.state', 'stamp_ns', 'timestamp', 'episode_index'):
        np.testing.assert_array_equal(first.column(name), second.column(name))
    assert verify(out, decode=True) == []
    assert export(contract_file, out, tmp_path / 'bags') == 0, 'again: nothing is left to do'


def test_a_folder_with_something_else_is_left_alone(make_bag, contract_file, tmp_path, capsys):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'thesis.txt').write_text('all of it')
    assert export(contract_file, tmp_path / 'out', make_bag()) == 1
    assert 'is not empty; choose another folder' in capsys.readouterr().err
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['thesis.txt']


def test_version_2_1_a_split_and_a_report_that_stands_alone(make_bag, contract_file, tmp_path):
    for index in range(4):
        make_bag(f'bag{index}', seconds=1.0)
    report = tmp_path / 'report.html'
    assert export(contract_file, tmp_path / 'out', tmp_path / 'bags', '--version', 'v2.1',
                  '--split', 'train=0.75', '--split', 'val=0.25', '--report', report) == 0
    info = json.loads((tmp_path / 'out' / 'train' / 'meta' / 'info.json').read_text())
    assert info['codebase_version'] == 'v2.1' and info['total_episodes'] == 3
    assert len(DatasetReader(tmp_path / 'out' / 'val').metadata.episodes) == 1
    page = report.read_text()
    assert '<svg' in page and 'data:image/jpeg;base64,' in page and 'src="http' not in page
    assert 'action: arm.x' in page and '/front/image_raw' in page


def test_topics_of_a_namespace_and_of_another_name_are_found(make_bag, contract_file, tmp_path):
    bag = make_bag(namespace='/left')
    with Bag(bag) as opened:
        frames = EpisodeFrames(opened, contract(), RobotProfile.load('franka'), 'do')
        assert len(frames.parts[0].steps) > 15
    with Bag(bag, {'front/image_raw': '/other'}) as opened, pytest.raises(
            EpisodeError, match='nothing was recorded on /other'):
        EpisodeFrames(opened, contract(), RobotProfile.load('franka'), 'do')
    assert Path(contract_file).is_file()
