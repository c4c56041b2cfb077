import json
import os
import shutil
import signal

import numpy as np
import pytest

from vla_datasets import (
    DatasetError,
    DatasetReader,
    DatasetWriter,
    convert,
    merge,
    select,
    shares,
    split,
)
from vla_datasets.verification import verify


def coded_packets(root) -> list[bytes]:
    """The encoded frames of all videos of a data set, in order."""
    import av
    found = []
    for path in sorted(root.rglob('*.mp4')):
        with av.open(str(path)) as container:
            found += [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return found


def test_workers_write_at_the_same_time_and_their_parts_are_merged(sample, tmp_path):
    parts = [tmp_path / f'part{worker}' for worker in range(3)]
    children = []
    for worker, part in enumerate(parts):
        child = os.fork()
        if child == 0:
            try:
                sample.write(part, range(worker, 9, 3))
                os._exit(0)
            except BaseException:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    seen = []
    merge(parts, tmp_path / 'all', lambda done, total: seen.append((done, total)))
    assert seen[-1] == (9, 9)
    sample.check(tmp_path / 'all', [0, 3, 6, 1, 4, 7, 2, 5, 8])
    assert verify(tmp_path / 'all', decode=True) == []
    assert coded_packets(tmp_path / 'all') == [p for part in parts for p in coded_packets(part)]


def test_merged_statistics_are_those_of_one_data_set(sample, tmp_path):
    parts = [sample.write(tmp_path / 'a', range(2)), sample.write(tmp_path / 'b', range(2, 5))]
    merge(parts, tmp_path / 'merged')
    whole = DatasetReader(sample.write(tmp_path / 'whole', range(5))).statistics
    merged = DatasetReader(tmp_path / 'merged').statistics
    assert merged.keys() == whole.keys()
    for name in whole:
        for key in whole[name]:
            assert np.allclose(merged[name][key], whole[name][key]), (name, key)


def test_killed_merge_goes_on_where_it_was(sample, tmp_path, in_child):
    tiny = {'video_files_size_in_mb': 0.004, 'data_files_size_in_mb': 0.01}
    parts = [sample.write(tmp_path / f'{i}', range(4 * i, 4 * i + 4), **tiny) for i in range(2)]
    target = tmp_path / 'all'

    def die_at_six(done, _):
        if done == 6:
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(lambda: merge(parts, target, die_at_six)) == -signal.SIGKILL
    committed = len(DatasetReader(target).episodes)
    assert 0 < committed <= 6
    with pytest.raises(DatasetError, match='something else was being written'):
        merge(parts[:1], target)
    steps = []
    merge(parts, target, lambda done, _: steps.append(done))
    assert steps == list(range(committed + 1, 9))
    sample.check(target, range(8))
    assert verify(target) == []


def test_merge_refuses_by_name(sample, tmp_path, written):
    features = dict(sample.features)
    features['action'] = {'dtype': 'float64', 'shape': (2,), 'names': None}
    for name, fps, declared, robot in (
        ('fps', 25, sample.features, 'franka'), ('type', 20, features, 'franka'),
        ('robot', 20, sample.features, 'ur5e'),
        ('less', 20, {'action': sample.features['action']}, 'franka'),
    ):
        DatasetWriter.create(
            tmp_path / name, fps=fps, features=declared, robot_type=robot).close()
    for name, message in {
        'fps': 'fps is 25 in one and 20', 'robot': 'robot_type is ur5e',
        'type': "feature 'action' has dtype float32 in one and float64",
        'less': "feature 'observation.state' is only in one",
    }.items():
        with pytest.raises(DatasetError, match=message):
            merge([written, tmp_path / name], tmp_path / 'all')
    with pytest.raises(DatasetError, match='not empty'):
        merge([written, written], tmp_path / 'fps')
    assert not (tmp_path / 'all').exists()


def test_a_damaged_source_is_named_and_the_rest_is_kept(sample, tmp_path, written):
    shutil.copytree(written, tmp_path / 'broken')
    video = next((tmp_path / 'broken').rglob('*.mp4'))
    video.write_bytes(video.read_bytes()[:-900])
    with pytest.raises(DatasetError, match=r'file-000.mp4: damaged video'):
        merge([written, tmp_path / 'broken'], tmp_path / 'all')
    shutil.copy(next(written.rglob('*.mp4')), video)
    merge([written, tmp_path / 'broken'], tmp_path / 'all')
    sample.check(tmp_path / 'all', [*range(5), *range(5)])


def test_split_by_ratio_is_a_partition_that_depends_on_the_seed_only(sample, tmp_path, written):
    chosen = shares(5, {'train': 0.6, 'val': 0.4}, seed=3)
    assert chosen == shares(5, {'train': 0.6, 'val': 0.4}, seed=3)
    assert sorted(chosen['train'] + chosen['val']) == list(range(5))
    assert [len(part) for part in chosen.values()] == [3, 2]
    result = split(written, {tmp_path / name: part for name, part in chosen.items()})
    assert len(result) == 2
    for name, part in chosen.items():
        sample.check(tmp_path / name, part)
        assert verify(tmp_path / name, decode=True) == []
    with pytest.raises(DatasetError, match='sum to 1'):
        shares(5, {'train': 0.6, 'val': 0.6}, seed=0)
    with pytest.raises(DatasetError, match='no episode 7'):
        split(written, {tmp_path / 'other': [7]})


def test_select_keeps_what_fits(sample, tmp_path, written):
    select(written, tmp_path / 'good', lambda episode: episode.fields['outcome'] == 'success')
    reader = sample.check(tmp_path / 'good', [1, 3])
    assert reader.tasks == ('push it',)
    select(written, tmp_path / 'none', lambda episode: False)
    assert len(DatasetReader(tmp_path / 'none')) == 0


def test_there_and_back_through_version_2_1(sample, tmp_path, written):
    convert(written, tmp_path / 'old', 'v2.1')
    assert (tmp_path / 'old/data/chunk-000/episode_000004.parquet').exists()
    assert (tmp_path / 'old/videos/chunk-000' / sample.front / 'episode_000002.mp4').exists()
    info = json.loads((tmp_path / 'old/meta/info.json').read_text())
    assert info['codebase_version'] == 'v2.1'
    assert (info['total_chunks'], info['total_videos']) == (1, 5)
    lines = (tmp_path / 'old/meta/episodes.jsonl').read_text().splitlines()
    assert json.loads(lines[3])['tasks'] == ['push it']
    sample.check(tmp_path / 'old', range(5))
    assert verify(tmp_path / 'old', decode=True) == []
    convert(tmp_path / 'old', tmp_path / 'new', 'v3.0')
    sample.check(tmp_path / 'new', range(5))
    assert verify(tmp_path / 'new', decode=True) == []
    assert coded_packets(tmp_path / 'new') == coded_packets(written)
    with pytest.raises(DatasetError, match=r'v2\.0'):
        convert(written, tmp_path / 'other', 'v2.0')
