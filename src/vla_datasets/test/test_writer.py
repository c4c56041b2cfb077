import json
import os
import re
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from vla_datasets import DatasetError, DatasetReader, DatasetWriter, DiskFullError, VideoSettings
from vla_datasets.verification import verify


def writer_of(sample, root: Path, **settings) -> DatasetWriter:
    return DatasetWriter.create_or_resume(
        root, fps=sample.fps, features=sample.features, robot_type='franka', **settings)


def test_what_is_written_is_read(sample, written):
    reader = sample.check(written, range(5))
    assert reader.tasks == ('pick the cube', 'push it')
    assert verify(written, decode=True) == []


def test_layout_is_that_of_version_3(written):
    info = json.loads((written / 'meta/info.json').read_text())
    assert info['codebase_version'] == 'v3.0'
    assert info['data_path'] == 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
    assert info['video_path'] == (
        'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4')
    assert info['total_episodes'] == 5
    assert info['splits'] == {'train': '0:5'}
    assert info['features']['timestamp'] == {'dtype': 'float32', 'shape': [1], 'names': None}
    front = info['features']['observation.images.front']['info']
    assert (front['video.codec'], front['video.pix_fmt'], front['video.fps']) == (
        'h264', 'yuv420p', 20)
    files = sorted(str(p.relative_to(written)) for p in written.rglob('*') if p.is_file())
    assert files == [
        'data/chunk-000/file-000.parquet', 'meta/episodes/chunk-000/file-000.parquet',
        'meta/info.json', 'meta/stats.json', 'meta/tasks.parquet',
        'videos/observation.images.front/chunk-000/file-000.mp4']
    columns = pq.read_schema(written / 'meta/episodes/chunk-000/file-000.parquet').names
    for column in (
        'episode_index', 'tasks', 'length', 'dataset_from_index', 'dataset_to_index',
        'data/chunk_index', 'data/file_index', 'meta/episodes/chunk_index',
        'videos/observation.images.front/from_timestamp', 'stats/action/q99', 'seed', 'outcome',
    ):
        assert column in columns
    data = pq.read_schema(written / 'data/chunk-000/file-000.parquet')
    assert 'observation.images.front' not in data.names
    assert str(data.field('observation.state').type).startswith('fixed_size_list')


def test_statistics_have_the_shapes_of_lerobot(written):
    stats = json.loads((written / 'meta/stats.json').read_text())
    for name, shape in {
        'observation.state': (3,), 'next.done': (1,), 'timestamp': (1,),
        'observation.images.front': (3, 1, 1), 'observation.images.still': (3, 1, 1),
    }.items():
        assert set(stats[name]) == {
            'min', 'max', 'mean', 'std', 'count', 'q01', 'q10', 'q50', 'q90', 'q99'}
        assert np.shape(stats[name]['mean']) == shape
        assert np.shape(stats[name]['count']) == (1,)
    assert 0 < np.max(stats['observation.images.front']['max']) <= 1


def test_files_are_begun_anew_at_their_size_limit(sample, tmp_path):
    root = sample.write(
        tmp_path / 'small', range(7), data_files_size_in_mb=0.008, video_files_size_in_mb=0.004,
        chunks_size=2)
    for kind in ('data', 'videos/observation.images.front'):
        folder = root / kind
        files = sorted(p.relative_to(folder).with_suffix('') for p in folder.rglob('*.*'))
        assert len(files) > 2
        assert [str(file) for file in files[:3]] == [
            'chunk-000/file-000', 'chunk-000/file-001', 'chunk-001/file-000']
    sample.check(root, range(7))
    assert verify(root) == []


def test_appending_continues_the_last_files(sample, tmp_path):
    root = sample.write(tmp_path / 'data', range(2))
    with writer_of(sample, root) as writer:
        assert writer.episodes == 2
        sample.append(writer, 2)
        writer.flush()
        sample.check(root, range(3))
        sample.append(writer, 3)
    sample.check(root, range(4))
    assert len(list(root.rglob('*.mp4'))) == 1
    assert verify(root) == []


def test_another_coding_goes_to_another_file(sample, tmp_path):
    root = sample.write(tmp_path / 'data', range(1))
    with writer_of(sample, root, video=VideoSettings(codec='av1')) as writer:
        sample.append(writer, 1)
    sample.check(root, range(2))
    assert len(list(root.rglob('*.mp4'))) == 2


def test_discarded_episode_leaves_nothing(sample, tmp_path):
    with writer_of(sample, tmp_path / 'data') as writer:
        sample.append(writer, 0)
        writer.add_frame(sample.frame(9, 0), task='lost')
        assert writer.frames_in_progress == 1
        writer.discard_episode()
        sample.append(writer, 1)
    sample.check(tmp_path / 'data', [0, 1])


def test_error_in_the_block_keeps_saved_episodes(sample, tmp_path):
    with pytest.raises(ZeroDivisionError), writer_of(sample, tmp_path / 'data') as writer:
        sample.append(writer, 0)
        writer.add_frame(sample.frame(9, 0), task='lost')
        raise ZeroDivisionError
    sample.check(tmp_path / 'data', [0])


def test_kill_in_the_middle_of_writing_then_resume(sample, tmp_path):
    root = tmp_path / 'data'
    child = os.fork()
    if child == 0:
        writer = writer_of(sample, root)
        for seed in range(1000):
            sample.append(writer, seed)
        os._exit(1)
    while len(list((root / '.staging').glob('episode-*'))) < 3:
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert any('resume' in problem for problem in verify(root))
    with writer_of(sample, root) as writer:
        saved = writer.episodes
        assert saved >= 3
        sample.append(writer, saved)
    sample.check(root, range(saved + 1))
    assert verify(root, decode=True) == []


def test_death_at_any_moment_of_packing_loses_nothing(sample, tmp_path, monkeypatch, in_child):
    """Dies before and after each time a finished file takes its place."""
    base = sample.write(tmp_path / 'base', range(2))
    replace = Path.replace
    for death in range(100):
        root = tmp_path / f'data{death}'
        os.system(f'cp -r {base} {root}')
        calls = iter(range(100))

        def fatal(path, target, death=death, calls=calls):
            if path.name.startswith(('file-', 'info', 'stats', 'tasks')):
                call = next(calls)
                if 2 * call == death:
                    os.kill(os.getpid(), signal.SIGKILL)
                replace(path, target)
                if 2 * call + 1 == death:
                    os.kill(os.getpid(), signal.SIGKILL)
                return
            replace(path, target)

        def write_one(root=root, fatal=fatal):
            writer = writer_of(sample, root)
            monkeypatch.setattr(Path, 'replace', fatal)
            sample.append(writer, 2)
            writer.close()

        status = in_child(write_one)
        found = len(DatasetReader(root).episodes)
        assert found in (2, 3)
        sample.check(root, range(found))
        if status == 0:
            break
        DatasetWriter.resume(root).close()
        sample.check(root, range(3))
        assert verify(root) == []
    assert death > 10


def test_full_disk_is_named_and_what_was_saved_stays(sample, tmp_path, in_child):
    root = tmp_path / 'data'
    big = {'camera': {'dtype': 'video', 'shape': (128, 128, 3), 'names': None}}

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        noise = np.random.default_rng(0)
        try:
            with DatasetWriter.create(root, fps=10, features=big) as writer:
                for length in (2, 200):
                    for _ in range(length):
                        image = noise.integers(0, 255, (128, 128, 3), dtype=np.uint8)
                        writer.add_frame({'camera': image}, task='watch')
                    writer.save_episode()
        except DiskFullError as error:
            assert 'writing-000001/camera.mp4' in str(error)
            assert 'free some space and resume' in str(error)
            os._exit(7)

    assert in_child(fill) == 7
    DatasetWriter.resume(root).close()
    assert [episode.length for episode in DatasetReader(root).episodes] == [2]
    assert verify(root, decode=True) == []


def test_only_one_process_writes(sample, tmp_path, in_child):
    with writer_of(sample, tmp_path / 'data') as writer:
        sample.append(writer, 0)

        def second():
            with pytest.raises(DatasetError, match='another process'):
                DatasetWriter.resume(tmp_path / 'data')

        assert in_child(second) == 0


@pytest.mark.parametrize(('change', 'message'), [
    ({'action': None}, "feature 'action': missing"),
    ({'extra': 1.0}, "feature 'extra': not declared"),
    ({'action': np.zeros(3, np.float32)}, r"feature 'action': expected shape \(2,\), got \(3,\)"),
    ({'action': np.zeros(2)}, "feature 'action': expected dtype float32, got float64"),
    ({'action': np.array([0, np.nan], np.float32)}, "feature 'action': NaN"),
    ({'effort': np.full((2, 2), np.inf)}, "feature 'effort': NaN or infinity"),
    ({'stamp_ns': 0.5}, "feature 'stamp_ns': expected dtype int64"),
    ({'operator': 3}, "feature 'operator': expected a string"),
    ({'observation.images.front': np.zeros((48, 64, 3))}, 'expected dtype uint8'),
    ({'observation.images.front': np.zeros((3, 48, 64), np.uint8)}, 'expected shape'),
])
def test_bad_frame_is_refused_by_name_and_adds_nothing(sample, tmp_path, change, message):
    with writer_of(sample, tmp_path / 'data') as writer:
        frame = {k: v for k, v in {**sample.frame(0, 0), **change}.items() if v is not None}
        with pytest.raises(DatasetError, match=message):
            writer.add_frame(frame, task='pick')
        assert writer.frames_in_progress == 0
        with pytest.raises(DatasetError, match='task'):
            writer.add_frame(sample.frame(0, 0), task='')
        with pytest.raises(DatasetError, match='episode 0: no frames'):
            writer.save_episode()


@pytest.mark.parametrize(('features', 'message'), [
    ({}, 'at least one'),
    ({'a/b': {'dtype': 'float32', 'shape': (1,)}}, "feature 'a/b'"),
    ({'index': {'dtype': 'int64', 'shape': (1,)}}, "feature 'index': the writer fills it in"),
    ({'a': {'dtype': 'complex64', 'shape': (1,)}}, "feature 'a': unknown dtype 'complex64'"),
    ({'a': {'dtype': 'float32'}}, r"feature 'a': needs \['shape'\]"),
    ({'a': {'dtype': 'float32', 'shape': (0,)}}, "feature 'a': shape"),
    ({'a': {'dtype': 'float32', 'shape': (1,), 'unit': 'm'}}, "feature 'a': unknown keys"),
    ({'a': {'dtype': 'video', 'shape': (47, 64, 3)}}, "feature 'a': video needs an even"),
    ({'a': {'dtype': 'video', 'shape': (48, 64)}}, "feature 'a': an image has shape"),
])
def test_bad_features_are_refused_by_name(tmp_path, features, message):
    with pytest.raises(DatasetError, match=message):
        DatasetWriter.create(tmp_path / 'data', fps=10, features=features)


def test_wrong_settings_are_refused(sample, tmp_path, written):
    for fps in (0, 29.97, True):
        with pytest.raises(DatasetError, match='fps'):
            DatasetWriter.create(tmp_path / 'data', fps=fps, features=sample.features)
    with pytest.raises(DatasetError, match='not empty'):
        DatasetWriter.create(written, fps=10, features=sample.features)
    with pytest.raises(DatasetError, match="video codec 'mjpeg'"):
        VideoSettings(codec='mjpeg')
    with pytest.raises(DatasetError, match='no such file'):
        DatasetWriter.resume(tmp_path / 'nothing')


def test_resuming_with_other_features_is_refused_by_name(sample, tmp_path):
    root = sample.write(tmp_path / 'data', [0])
    other = {**sample.features, 'action': {'dtype': 'float32', 'shape': (7,), 'names': None}}
    with pytest.raises(DatasetError, match=re.escape("feature 'action' has shape [2]")):
        DatasetWriter.create_or_resume(root, fps=sample.fps, features=other)
    with pytest.raises(DatasetError, match='fps is 20, not 30'):
        DatasetWriter.create_or_resume(root, fps=30, features=sample.features)
    sample.check(root, [0])


def test_episode_fields_are_checked(sample, tmp_path):
    with writer_of(sample, tmp_path / 'data') as writer:
        writer.add_frame(sample.frame(0, 0), task='pick')
        with pytest.raises(DatasetError, match="episode field 'length'"):
            writer.save_episode(length=3)
        with pytest.raises(DatasetError, match="episode field 'note': expected a string"):
            writer.save_episode(note=[1])
        assert writer.frames_in_progress == 1
