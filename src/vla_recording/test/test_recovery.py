"""A bag that was cut anywhere is mended, and every reader finds in it what was written before."""
import os
import shutil
import signal
from pathlib import Path

import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from synthetic_bag import SyntheticBag

from vla_recording.bag_reader import Bag
from vla_recording.errors import BagError
from vla_recording.recover import main
from vla_recording.recovery import recover, unfinished


def read_by_rosbags(bag):
    with AnyReader([bag]) as reader:
        return [(entry.topic, log_ns, bytes(data)) for entry, log_ns, data in reader.messages()]


def read_by_mcap(bag):
    found = []
    for path in sorted(bag.glob('*.mcap')):
        with path.open('rb') as stream:
            found += [(channel.topic, message.log_time, message.data)
                      for _, channel, message in make_reader(stream).iter_messages()]
    return found


def chunks_of(bag, name='episode_0.mcap'):
    with (bag / name).open('rb') as stream:
        return make_reader(stream).get_summary().chunk_indexes


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp('whole') / 'episode'
    return SyntheticBag(path, seconds=1.0, chunk_bytes=20_000).close()


def cut_copy(whole, target, size):
    shutil.copytree(whole, target)
    (target / 'metadata.yaml').unlink()
    os.truncate(target / 'episode_0.mcap', size)
    return target


@pytest.mark.parametrize('share', [0.15, 0.33, 0.5, 0.71, 0.97, 0.999])
def test_what_was_written_before_a_cut_is_there_again(whole, tmp_path, share):
    every = read_by_mcap(whole)
    size = (whole / 'episode_0.mcap').stat().st_size
    bag = cut_copy(whole, tmp_path / 'episode', int(size * share))
    result = recover(bag)
    found = sorted(read_by_mcap(bag), key=lambda entry: entry[1])
    assert found == sorted(every, key=lambda entry: entry[1])[:len(found)], 'a beginning, whole'
    assert sorted(read_by_rosbags(bag)) == sorted(found), 'both readers agree'
    assert result.messages == len(found) and not result.was_whole
    whole_until = max((chunk.message_end_time for chunk in chunks_of(whole)
                       if chunk.chunk_start_offset + chunk.chunk_length <= size * share), default=0)
    assert len(found) >= sum(log_ns <= whole_until for _, log_ns, _ in every)
    with Bag(bag) as opened:
        assert opened.episode.recovered and opened.episode.instruction == 'pick the red cube'


def test_mending_twice_changes_nothing(whole, tmp_path):
    bag = cut_copy(whole, tmp_path / 'episode', 60_000)
    recover(bag)
    content = (bag / 'episode_0.mcap').read_bytes()
    assert recover(bag).was_whole
    assert (bag / 'episode_0.mcap').read_bytes() == content


def test_bytes_that_power_loss_left_as_zeros_are_cut_off(whole, tmp_path):
    bag = cut_copy(whole, tmp_path / 'episode', 60_000)
    with (bag / 'episode_0.mcap').open('r+b') as stream:
        stream.seek(50_000)
        stream.write(bytes(10_000))
    assert recover(bag).messages == len(read_by_rosbags(bag)) > 20


def test_compressed_chunks_are_mended_chunk_by_chunk(tmp_path):
    whole = SyntheticBag(
        tmp_path / 'whole' / 'episode', seconds=1.0, chunk_bytes=9000, compression='zstd').close()
    chunks = chunks_of(whole)
    middle = chunks[len(chunks) // 2]
    bag = cut_copy(whole, tmp_path / 'episode', middle.chunk_start_offset + 100)
    recover(bag)
    found = read_by_rosbags(bag)
    expected = [log_ns for _, log_ns, _ in read_by_rosbags(whole)
                if log_ns < middle.message_start_time]
    assert len(found) == pytest.approx(len(expected), abs=1) and len(found) > 30


def test_whole_files_of_a_split_bag_are_left_alone(tmp_path):
    whole = SyntheticBag(tmp_path / 'episode', seconds=1.0, split_bytes=55_000).close()
    every = len(read_by_rosbags(whole))
    files = sorted(whole.glob('*.mcap'))
    assert len(files) >= 3 and files[0].name == 'episode_0.mcap'
    last = chunks_of(whole, files[-1].name)[-1]
    (whole / 'metadata.yaml').unlink()
    os.truncate(files[-1], last.chunk_start_offset + last.chunk_length - 10)
    result = recover(whole)
    assert [entry.whole for entry in result.files] == [True] * (len(files) - 1) + [False]
    assert len(read_by_rosbags(whole)) == every - 1, 'the message that was torn'


WRITER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from synthetic_bag import SyntheticBag
from vla_recording.writing import EpisodeWriter
bag = SyntheticBag(Path(sys.argv[1]), seconds=0.01)
writer = EpisodeWriter(bag.writer, queue_bytes=1 << 26)
bag.writer = writer
count = 0
while True:
    bag.write('/joint_states', count * 0.01)
    count += 1
    print(count, flush=True)
    time.sleep(0.01)
"""


def test_a_writer_that_is_killed_loses_less_than_a_second(tmp_path, python):
    bag = tmp_path / 'episode'
    writer = python('-c', WRITER, str(bag), str(Path(__file__).parent))
    written = 0
    while written < 200:
        written = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert unfinished(tmp_path) == [bag]
    with pytest.raises(BagError, match='ros2 run vla_recording recover'):
        Bag(bag)
    assert main([str(tmp_path)]) == 0
    assert len(read_by_rosbags(bag)) > written - 100, 'at 100 messages a second'
    assert unfinished(tmp_path) == []


def test_what_cannot_be_mended_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / 'nothing')]) == 1
    (tmp_path / 'empty').mkdir()
    assert main([str(tmp_path / 'empty')]) == 1
    torn = tmp_path / 'torn'
    torn.mkdir()
    (torn / 'torn_0.mcap').write_bytes(b'\x89MC')
    assert main([str(torn)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(': ', 2)[2] for line in said] == [
        'no such folder', 'holds no MCAP file', 'nothing of it can be read']
