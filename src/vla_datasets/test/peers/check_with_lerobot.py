"""Check our files against the genuine LeRobot 0.4.4; run by hand in an environment that has both.

    python check_with_lerobot.py

1. LeRobot opens what DatasetWriter wrote, what a killed and resumed writer left, and what `merge`
   made; frames, actions, times and tasks are those that went in.
2. DatasetReader opens what LeRobot wrote; the same comparison; our merge of it opens in LeRobot.
3. A version 2.1 data set of ours passes LeRobot's own conversion to 3.0.

How to make the environment is in the README beside this package.
"""
from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

os.environ['HF_HUB_OFFLINE'] = '1'
# torchvision from PyPI, without its compiled part, lacks two operators it wants to describe.
OPERATORS = torch.library.Library('torchvision', 'DEF')
OPERATORS.define('nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
OPERATORS.define('qnms(Tensor a) -> Tensor')

from lerobot.datasets.lerobot_dataset import LeRobotDataset  # noqa: E402

from vla_datasets import (  # noqa: E402
    DatasetReader,
    DatasetWriter,
    VideoSettings,
    convert,
    merge,
)
from vla_datasets.verification import verify  # noqa: E402

FPS = 30
CAMERAS = ('observation.images.front', 'observation.images.wrist')
SHAPE = {'names': ['height', 'width', 'channels'], 'shape': (96, 128, 3)}
FEATURES = {
    'observation.state': {'dtype': 'float32', 'shape': (7,), 'names': [f'q{i}' for i in range(7)]},
    'action': {'dtype': 'float32', 'shape': (7,), 'names': None},
    'observation.effort': {'dtype': 'float32', 'shape': (2, 3), 'names': None},
    'capture_stamp_ns': {'dtype': 'int64', 'shape': (1,), 'names': None},
    'next.done': {'dtype': 'bool', 'shape': (1,), 'names': None},
    **{camera: {'dtype': 'video', **SHAPE} for camera in CAMERAS},
    'observation.images.still': {
        'dtype': 'image', 'shape': (16, 20, 3), 'names': ['height', 'width', 'channels']},
}


def scene(episode: int, step: int, height: int, width: int) -> np.ndarray:
    """A smooth image that tells episode and step apart by colour."""
    ramp = np.add.outer(np.arange(height), np.arange(width))[..., None] / (height + width) * 60
    colour = np.array([40 + 20 * episode, 30 + 6 * step, 90])
    return (ramp + colour).clip(0, 255).astype(np.uint8)


def length(episode: int) -> int:
    return 12 + 5 * (episode % 3)


def task(episode: int) -> str:
    return ('pick the red block', 'push the cube', 'öffne die Lade')[episode % 3]


def frame(episode: int, step: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1000 * episode + step)
    return {
        'observation.state': random.normal(size=7).astype(np.float32),
        'action': random.normal(size=7).astype(np.float32),
        'observation.effort': random.normal(size=(2, 3)).astype(np.float32),
        'capture_stamp_ns': np.array([1_700_000_000_000_000_000 + step], dtype=np.int64),
        'next.done': np.array([step == length(episode) - 1]),
        **{camera: scene(episode, step + shift, 96, 128) for shift, camera in enumerate(CAMERAS)},
        'observation.images.still': scene(episode, step, 16, 20),
    }


def write_ours(root: Path, episodes: range, **settings: object) -> None:
    with DatasetWriter.create(root, fps=FPS, features=FEATURES, **settings) as writer:
        for episode in episodes:
            for step in range(length(episode)):
                writer.add_frame(frame(episode, step), task=task(episode))
            writer.save_episode(seed=episode)


def write_theirs(root: Path, episodes: range) -> None:
    data = LeRobotDataset.create(
        'local/peer', FPS, FEATURES, root=root, use_videos=True, vcodec='h264')
    for episode in episodes:
        for step in range(length(episode)):
            data.add_frame({**frame(episode, step), 'task': task(episode)})
        data.save_episode(parallel_encoding=False)
    data.finalize()


def compare(read: dict, episode: int, step: int, where: str) -> None:
    """Numbers must be equal, video images within what the codec loses."""
    expected = frame(episode, step)
    for name, value in expected.items():
        found = np.asarray(read[name])
        if name.startswith('observation.images'):
            if found.dtype != np.uint8:
                found = np.moveaxis(found, 0, -1) * 255
            off = np.abs(found.astype(float) - value).mean()
            limit = 3.0 if name in CAMERAS else 1e-4
            assert off < limit, f'{where}: {name} is off by {off:.2f} levels'
        else:
            assert np.array_equal(found.reshape(value.shape), value), f'{where}: {name} differs'
    assert abs(float(read['timestamp']) - step / FPS) < 1e-5, f'{where}: timestamp'
    assert int(read['frame_index']) == step, f'{where}: frame_index'
    assert read['task'] == task(episode), f'{where}: task'


def open_with_lerobot(root: Path, episodes: range) -> LeRobotDataset:
    data = LeRobotDataset('local/ours', root=root, video_backend='torchcodec')
    assert data.num_episodes == len(episodes)
    index = 0
    for episode in episodes:
        for step in range(length(episode)):
            compare(data[index], episode, step, f'{root.name}: frame {index} read by LeRobot')
            index += 1
    assert len(data) == index
    for name in FEATURES:
        for key in ('mean', 'std', 'min', 'max', 'count', 'q01', 'q99'):
            assert key in data.meta.stats[name], f'{root.name}: {name} has no {key}'
    chunks = LeRobotDataset(
        'local/ours', root=root, video_backend='torchcodec',
        delta_timestamps={'action': [step / FPS for step in range(4)], CAMERAS[0]: [0.0]})
    reader = DatasetReader(root)
    for index in range(len(reader)):
        values, padding = reader.action_chunk(index, 4)
        item = chunks[index]
        assert np.array_equal(item['action'], values), f'{root.name}: chunk of frame {index}'
        assert np.array_equal(item['action_is_pad'], padding), f'{root.name}: padding of {index}'
    return data


def open_with_ours(root: Path, episodes: range) -> None:
    reader = DatasetReader(root)
    index = 0
    for episode in episodes:
        for step in range(length(episode)):
            compare(reader[index], episode, step, f'{root.name}: frame {index} read by us')
            index += 1
    assert len(reader) == index


def compare_statistics(ours: Path, theirs: Path) -> None:
    """What both compute of the same numbers; quantiles of theirs are averages over episodes."""
    left, right = DatasetReader(ours).statistics, DatasetReader(theirs).statistics
    for name, declaration in FEATURES.items():
        for key in ('min', 'max', 'mean', 'std'):
            if len(declaration['shape']) == 2 or name == 'capture_stamp_ns':
                continue  # theirs pools the rows of a matrix, and loses digits of large numbers
            if key == 'std' and declaration['dtype'] in ('video', 'image'):
                continue  # theirs squares uint8 without widening it, and overflows
            off = np.abs(left[name][key] - right[name][key].astype(float)).max()
            limit = 1e-5 if declaration['dtype'] not in ('video', 'image') else 0.03
            assert left[name][key].shape == right[name][key].shape, f'{name}: shape of {key}'
            assert off < limit, f'statistics of {name}: {key} differs by {off}'


def write_and_kill(root: Path, saved: int) -> None:
    """Save some episodes, then end this process without a word, in the middle of the next."""
    child = os.fork()
    if child == 0:
        writer = DatasetWriter.create(root, fps=FPS, features=FEATURES)
        for episode in range(saved):
            for step in range(length(episode)):
                writer.add_frame(frame(episode, step), task=task(episode))
            writer.save_episode(seed=episode)
        writer.add_frame(frame(saved, 0), task='lost')
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_and_kill(root / 'killed', 2)
        DatasetWriter.resume(root / 'killed').close()
        write_ours(root / 'ours', range(3))
        write_ours(root / 'av1', range(3), video=VideoSettings(codec='av1'))
        tiny = {'data_files_size_in_mb': 0.01, 'video_files_size_in_mb': 0.01, 'chunks_size': 2}
        write_ours(root / 'many_files', range(3, 8), **tiny)
        merge([root / 'ours', root / 'many_files'], root / 'merged')
        for name, episodes in {
            'killed': range(2), 'ours': range(3), 'av1': range(3), 'many_files': range(3, 8),
            'merged': range(8),
        }.items():
            open_with_lerobot(root / name, episodes)
            print(f'LeRobot reads {name}: {len(episodes)} episodes equal', file=sys.stderr)

        write_theirs(root / 'theirs', range(3))
        open_with_ours(root / 'theirs', range(3))
        compare_statistics(root / 'ours', root / 'theirs')
        print('we read what LeRobot wrote: 3 episodes equal, statistics agree', file=sys.stderr)
        with DatasetWriter.resume(root / 'theirs') as writer:
            for step in range(length(3)):
                writer.add_frame(frame(3, step), task=task(3))
            writer.save_episode()
        open_with_lerobot(root / 'theirs', range(4))
        print('LeRobot reads its own data set with our episode appended', file=sys.stderr)
        merge([root / 'theirs', root / 'many_files'], root / 'both')
        open_with_lerobot(root / 'both', [*range(4), *range(3, 8)])
        assert not verify(root / 'both', decode=True), verify(root / 'both', decode=True)
        print('LeRobot reads our merge of its data set and ours', file=sys.stderr)

        from lerobot.datasets.v30 import convert_dataset_v21_to_v30 as conversion
        convert(root / 'ours', root / 'old', 'v2.1')
        open_with_ours(root / 'old', range(3))
        new = root / 'converted'
        conversion.validate_local_dataset_version(root / 'old')
        conversion.convert_info(root / 'old', new, 100, 200)
        conversion.convert_tasks(root / 'old', new)
        data = conversion.convert_data(root / 'old', new, 100)
        videos = conversion.convert_videos(root / 'old', new, 200)
        conversion.convert_episodes_metadata(root / 'old', new, data, videos)
        open_with_lerobot(new, range(3))
        open_with_ours(new, range(3))
        print('LeRobot converts our version 2.1 to 3.0: 3 episodes equal', file=sys.stderr)
    print('all equal')


if __name__ == '__main__':
    main()
