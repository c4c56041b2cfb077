"""
Compare an export with its bags through the genuine LeRobot 0.4.4.

    python check_export_with_lerobot.py            makes synthetic bags and exports them
    python check_export_with_lerobot.py OUT BAG…   takes an export with --images png, and its bags

Frames, states, actions and times that LeRobot reads must be those that `vla_recording.frames`
makes of the bags. The environment is that of vla_datasets/test/peers/check_with_lerobot.py, with
rosbags, mcap, pydantic, PyYAML and opencv-python-headless besides. The last line is ``all equal``.
"""
import os
import subprocess
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

from vla_recording.bag_reader import Bag  # noqa: E402
from vla_recording.frames import EpisodeFrames  # noqa: E402


def check(out: Path, bags: list[Path]) -> int:
    """How many frames were compared; AssertionError names what differs."""
    data = LeRobotDataset('local/export', root=out, video_backend='torchcodec')
    index = 0
    for path in bags:
        with Bag(path) as bag:
            contract, profile = bag.episode.load_contract(), bag.episode.load_profile()
            frames = EpisodeFrames(bag, contract, profile, bag.episode.instruction)
            for part in frames.parts:
                if len(part.steps) < 2:
                    continue
                for number, frame in enumerate(frames.frames(part)):
                    compare(data[index], frame, number, contract, f'{path.name}: frame {number}')
                    index += 1
    assert index == len(data), f'{len(data)} frames in the data set, {index} in the bags'
    return index


def compare(read: dict, frame, number: int, contract, where: str) -> None:
    """Numbers must be equal, images too, within what a float in [0, 1] keeps."""
    seen = frame.observation
    assert np.array_equal(read[contract.state.key], seen.state), f'{where}: state'
    assert np.array_equal(read[contract.action.key], frame.action), f'{where}: action'
    assert int(read['stamp_ns']) == seen.stamp_ns, f'{where}: stamp'
    assert abs(float(read['timestamp']) - number / contract.rate_hz) < 1e-5, f'{where}: timestamp'
    assert read['task'] == seen.instruction, f'{where}: task'
    for key, image in seen.images.items():
        found = np.rint(np.moveaxis(np.asarray(read[key]), 0, -1) * 255).astype(np.uint8)
        assert np.array_equal(found, image), f'{where}: {key}'


def main() -> None:
    if len(sys.argv) > 2:
        count = check(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    else:
        sys.path.insert(0, str(Path(__file__).parents[1]))
        from synthetic_bag import SyntheticBag, contract
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            bags = [SyntheticBag(root / 'bags' / 'a').close(),
                    SyntheticBag(root / 'bags' / 'b', seconds=3.0, dropped={
                        '/front/image_raw': (1.0, 1.7)}).close()]
            contract().save(root / 'contract.yaml')
            subprocess.run(
                [sys.executable, '-m', 'vla_recording.export', *map(str, bags), '--contract',
                 str(root / 'contract.yaml'), '--out', str(root / 'out'), '--images', 'png'],
                check=True)
            count = check(root / 'out', bags)
    print(f'{count} frames', file=sys.stderr)
    print('all equal')


if __name__ == '__main__':
    main()
