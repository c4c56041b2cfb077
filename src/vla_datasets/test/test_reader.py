import pickle
import shutil

import numpy as np
import pytest

from vla_datasets import DatasetError, DatasetReader, DatasetWriter


def test_random_access_equals_sequential_access(written):
    reader = DatasetReader(written)
    in_order = list(reader)
    order = np.random.default_rng(0).permutation(len(reader))
    for cache_mb in (0, 0.05, 64):
        other = DatasetReader(written, cache_mb=cache_mb)
        for index in order:
            for name, value in other[int(index)].items():
                assert np.array_equal(value, in_order[index][name]), name
    batch = DatasetReader(written).batch(order)
    for name, values in batch.items():
        for place, index in enumerate(order):
            assert np.array_equal(values[place], in_order[index][name]), name


def test_action_chunk_stops_at_the_end_of_the_episode(sample, written):
    reader = DatasetReader(written)
    for episode, seed in enumerate(range(5)):
        frames = reader.frames_of(episode)
        for step, index in enumerate(frames):
            actions, padding = reader.action_chunk(index, 4)
            steps = np.minimum(np.arange(step, step + 4), sample.length(seed) - 1)
            assert np.array_equal(actions, np.stack([np.full(4, seed), steps], axis=1))
            assert np.array_equal(padding, np.arange(step, step + 4) >= sample.length(seed))


def test_window_looks_back_and_at_images(sample, written):
    reader = DatasetReader(written)
    images, padding = reader.window(sample.still, [0, 2], [-2, 0])
    assert images.shape == (2, 2, 6, 5, 3)
    assert padding.tolist() == [[True, False], [False, False]]
    assert np.array_equal(images[1, 0], sample.image(0, 0, 6, 5))
    assert np.array_equal(images[0, 0], images[0, 1])


def test_a_choice_of_episodes_counts_from_zero(sample, written):
    reader = DatasetReader(written, episodes=[3, 1])
    assert len(reader) == sample.length(3) + sample.length(1)
    sample.check_frame(reader[0], 3, 0)
    sample.check_frame(reader[len(reader) - 1], 1, sample.length(1) - 1)
    actions, padding = reader.action_chunk(sample.length(3) - 1, 3)
    assert actions[:, 0].tolist() == [3, 3, 3]
    assert padding.tolist() == [False, True, True]
    assert reader.episode_of([0, len(reader) - 1]).tolist() == [0, 1]
    with pytest.raises(DatasetError, match='no episode 9'):
        DatasetReader(written, episodes=[9])


def test_columns_are_arrays(sample, written):
    reader = DatasetReader(written)
    assert reader.column('observation.state').dtype == np.float32
    assert reader.column('effort').shape == (len(reader), 2, 2)
    assert reader.column('next.done').dtype == bool
    assert reader.column('stamp_ns', [0, 1]).tolist() == [10 ** 18, 10 ** 18 + 1]
    assert reader.column('operator', [0, 1]).tolist() == ['person', 'policy']
    assert reader.images(sample.front, [1, 0]).shape == (2, 48, 64, 3)


def test_wrong_questions_are_answered_by_name(sample, written):
    reader = DatasetReader(written)
    with pytest.raises(DatasetError, match="feature 'nothing': not in"):
        reader.column('nothing')
    with pytest.raises(DatasetError, match='read it by images'):
        reader.column(sample.front)
    with pytest.raises(DatasetError, match='read it by column'):
        reader.images('action', [0])
    with pytest.raises(IndexError):
        reader[len(reader)]


def test_a_reader_survives_pickling_and_forking(sample, written, in_child):
    reader = DatasetReader(written, cache_mb=0)
    reader.images(sample.front, [0])
    copy = pickle.loads(pickle.dumps(reader))
    assert np.array_equal(copy.images(sample.front, [3]), reader.images(sample.front, [3]))
    expected = DatasetReader(written).images(sample.front, range(len(reader)))

    def look():
        for _ in range(3):
            assert np.array_equal(reader.images(sample.front, range(len(reader))), expected)

    children = [in_child(look) for _ in range(2)]
    look()
    assert children == [0, 0]


@pytest.mark.parametrize('file', ['data/chunk-000/file-000.parquet', 'meta/tasks.parquet'])
def test_damaged_parquet_is_named(written, tmp_path, file):
    root = tmp_path / 'data'
    shutil.copytree(written, root)
    (root / file).write_bytes((root / file).read_bytes()[:200])
    with pytest.raises(DatasetError, match=f'{file}: damaged parquet file'):
        DatasetReader(root).column('action')


def test_damaged_video_is_named(sample, written, tmp_path):
    root = tmp_path / 'data'
    shutil.copytree(written, root)
    path = next(root.rglob('*.mp4'))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DatasetError, match=r'file-000.mp4: damaged video'):
        DatasetReader(root).images(sample.front, [0])
    path.unlink()
    with pytest.raises(DatasetError, match=r'file-000.mp4: missing'):
        DatasetReader(root).images(sample.front, [0])


def test_a_folder_without_data_set_or_of_an_unknown_version_is_named(written, tmp_path):
    with pytest.raises(DatasetError, match=r'info.json: no such file'):
        DatasetReader(tmp_path)
    (tmp_path / 'meta').mkdir()
    info = tmp_path / 'meta/info.json'
    info.write_text('{"codebase_version": "v1.6"}')
    with pytest.raises(DatasetError, match=r"codebase_version 'v1\.6'"):
        DatasetReader(tmp_path)
    info.write_text('{"codebase_')
    with pytest.raises(DatasetError, match='not readable as JSON'):
        DatasetReader(tmp_path)
    info.write_text('{"codebase_version": "v3.0"}')
    with pytest.raises(DatasetError, match='fps'):
        DatasetReader(tmp_path)


def test_frames_are_found_more_than_half_an_hour_into_a_file(tmp_path):
    """Regression: start of the episode and time in it were added in single precision."""
    names = ['height', 'width', 'channels']
    features = {'view': {'dtype': 'video', 'shape': (16, 16, 3), 'names': names}}
    with DatasetWriter.create(tmp_path / 'set', fps=3, features=features) as writer:
        for _ in range(3):
            for step in range(2300):
                writer.add_frame({'view': np.full((16, 16, 3), step % 251, np.uint8)}, task='wait')
            writer.save_episode()
    reader = DatasetReader(tmp_path / 'set')
    for step in (6500, 6899):
        assert abs(int(reader.images('view', [step])[0].mean()) - step % 2300 % 251) < 6
