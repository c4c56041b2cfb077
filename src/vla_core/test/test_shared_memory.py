"""Blocks refuse strangers; a sequence lock never shows half a record."""
import multiprocessing
import os

import numpy as np
import pytest

from vla_core.shared_memory import Seqlock, SharedBlock, SharedMemoryError, seqlock_dtype

LAYOUT = np.dtype([('record', seqlock_dtype(np.dtype([('values', '<f8', (64,))])))])


def name(what: str) -> str:
    return f'test_{what}_{os.getpid()}'


def test_a_block_is_shared_and_its_name_goes_with_its_owner():
    owner = SharedBlock.create(name('pair'), 'TEST', 1, LAYOUT)
    other = SharedBlock.attach(name('pair'), 'TEST', 1, LAYOUT)
    writer, reader = Seqlock(owner.record['record']), Seqlock(other.record['record'])
    assert not reader.try_read()
    writer.local['values'][:] = 3.0
    writer.write()
    assert reader.changed()
    assert (reader.read()['values'] == 3.0).all()
    assert not reader.changed()
    owner.close()
    with pytest.raises(SharedMemoryError, match='running'):
        SharedBlock.attach(name('pair'), 'TEST', 1, LAYOUT)


@pytest.mark.parametrize(('magic', 'version', 'layout'), [
    ('OTHER', 1, LAYOUT), ('TEST', 2, LAYOUT),
    ('TEST', 1, np.dtype([('record', seqlock_dtype(np.dtype([('values', '<f4', (128,))])))])),
])
def test_another_layout_is_refused(magic, version, layout):
    owner = SharedBlock.create(name('layout'), 'TEST', 1, LAYOUT)
    try:
        with pytest.raises(SharedMemoryError, match='another layout'):
            SharedBlock.attach(name('layout'), magic, version, layout)
    finally:
        owner.close()


def test_a_path_is_no_name():
    with pytest.raises(SharedMemoryError, match='plain file name'):
        SharedBlock.create('../escape', 'TEST', 1, LAYOUT)


def test_a_record_left_half_written_is_not_read():
    owner = SharedBlock.create(name('torn'), 'TEST', 1, LAYOUT)
    writer = Seqlock(owner.record['record'])
    writer.write()
    owner.record['record']['payload']['values'][7] = 1.0  # bytes that no checksum covers
    assert not Seqlock(owner.record['record']).try_read()
    owner.record['record']['sequence'] += 1  # a writer died in between
    with pytest.raises(SharedMemoryError, match='died'):
        Seqlock(owner.record['record']).read(attempts=10)
    owner.close()


def _write(block_name: str) -> None:
    block = SharedBlock.attach(block_name, 'TEST', 1, LAYOUT)
    writer = Seqlock(block.record['record'])
    for number in range(20_000):
        writer.local['values'][:] = number
        writer.write()


def test_a_reader_beside_a_busy_writer_sees_whole_records_only():
    owner = SharedBlock.create(name('busy'), 'TEST', 1, LAYOUT)
    reader = Seqlock(owner.record['record'])
    process = multiprocessing.get_context('fork').Process(target=_write, args=(name('busy'),))
    process.start()
    seen = 0
    while process.is_alive():
        if reader.try_read():
            values = reader.local['values']
            assert (values == values[0]).all()
            seen += 1
    process.join()
    assert seen > 100
    owner.close()
