import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vla_datasets.verification import verify

DATA = 'data/chunk-000/file-000.parquet'


@pytest.fixture
def copy(written, tmp_path):
    root = tmp_path / 'copy'
    shutil.copytree(written, root)
    return root


def change(root, name, values):
    table = pq.read_table(root / DATA)
    place = table.column_names.index(name)
    column = pa.array(values(table[name].to_pylist()), table.schema.field(name).type)
    pq.write_table(table.set_column(place, table.schema.field(name), column), root / DATA)


@pytest.mark.parametrize(('name', 'values', 'message'), [
    ('action', lambda v: [[0, np.nan], *v[1:]], "feature 'action': NaN or infinity in row 0"),
    ('stamp_ns', lambda v: [None, *v[1:]], "feature 'stamp_ns': 1 values are missing"),
    ('action', lambda v: [[9, 9], *v[1:]], "feature 'action': max is not that of the data"),
    ('frame_index', lambda v: [5, *v[1:]], "feature 'frame_index' is 5 at frame 0, expected 0"),
    ('episode_index', lambda v: [1, *v[1:]], "feature 'episode_index' is 1"),
    ('timestamp', lambda v: [0.02, *v[1:]], 'timestamps do not follow fps 20'),
    ('task_index', lambda v: [7, *v[1:]], "'task_index' names no task"),
    ('observation.images.still', lambda v: [{'bytes': b'no'}, *v[1:]], 'damaged image'),
])
def test_wrong_rows_are_named(copy, name, values, message):
    change(copy, name, values)
    problems = verify(copy)
    assert any(message in problem for problem in problems), problems
    assert not any('\n' in problem for problem in problems)


def test_missing_and_foreign_files_are_named(copy, sample):
    (copy / 'data/chunk-000/file-001.parquet').write_bytes((copy / DATA).read_bytes())
    (copy / 'data/chunk-000/file-002.parquet.partial').touch()
    next(copy.rglob('*.mp4')).unlink()
    problems = verify(copy)
    assert len(problems) == 3
    for end in ('half written', 'no episode refers to this file', 'file-000.mp4: missing'):
        assert any(problem.endswith(end) for problem in problems), end


def test_damaged_files_are_named(copy):
    (copy / DATA).write_bytes((copy / DATA).read_bytes()[:100])
    video = next(copy.rglob('*.mp4'))
    video.write_bytes(video.read_bytes()[:100])
    problems = verify(copy)
    assert [problem.split(':')[1].strip()[:13] for problem in problems] == [
        'damaged parqu', 'damaged video']


def test_video_with_a_broken_frame_is_found_by_decoding(copy):
    video = next(copy.rglob('*.mp4'))
    data = bytearray(video.read_bytes())
    start = data.index(b'mdat') + 1200
    data[start:start + 400] = bytes(400)
    video.write_bytes(data)
    assert verify(copy, decode=True)


def test_wrong_totals_are_named(copy):
    info = json.loads((copy / 'meta/info.json').read_text())
    (copy / 'meta/info.json').write_text(json.dumps(info | {'total_frames': 3}))
    assert any('total_frames is 3, counted' in problem for problem in verify(copy))
    (copy / 'meta/info.json').write_text(json.dumps(info | {'total_episodes': 9}))
    assert 'expected episodes 0 to 8, found 5' in verify(copy)[0]
    (copy / 'meta/info.json').write_text(json.dumps(info))
    table = pq.read_table(copy / DATA).drop_columns(['action'])
    pq.write_table(table, copy / DATA)
    assert any("feature 'action' is missing" in problem for problem in verify(copy))
