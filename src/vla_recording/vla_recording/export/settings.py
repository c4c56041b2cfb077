"""What an export is asked for, the features it writes, and where its unfinished work lies."""
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_recording.bag_reader import Bag
from vla_recording.errors import BagError, EpisodeError

__all__ = ['ExportSettings', 'features', 'find_bags', 'fps_of', 'profile_of', 'work_folder']


@dataclass(frozen=True)
class ExportSettings:
    """
    How bags become a data set.

    ``outcomes`` and ``intervention`` choose episodes: intervention 'with' or 'without' a person
    taking over from a policy. Parts shorter than ``min_steps`` are left out. ``images`` 'png' keeps
    every bit, 'video' encodes.
    """

    contract: str
    actions: Literal['targets', 'committed'] = 'targets'
    images: Literal['video', 'png'] = 'video'
    codec: Literal['h264', 'av1'] = 'h264'
    robot: str = ''
    instruction: str = ''
    outcomes: tuple[str, ...] = ()
    intervention: Literal['any', 'with', 'without'] = 'any'
    min_steps: int = 2
    renamed: dict[str, str] = field(default_factory=dict)

    def digest(self, bag: Path) -> str:
        """Tells this export of this bag from every other, in 12 characters."""
        contract = PolicyContract.load(self.contract).model_dump(mode='json')
        files = [(path.name, path.stat().st_size) for path in sorted(bag.glob('*.mcap'))]
        text = json.dumps([asdict(self), contract, str(bag.resolve()), files], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def fps_of(contract: PolicyContract) -> int:
    """Frames a second; LeRobot's are whole."""
    fps = round(contract.rate_hz)
    if abs(fps - contract.rate_hz) > 1e-9:
        raise EpisodeError(
            f'contract {contract.name}: rate_hz: is {contract.rate_hz:g}, a data set needs a whole '
            'number')
    return fps


def profile_of(bag: Bag, settings: ExportSettings, contract: PolicyContract) -> RobotProfile:
    """The robot of a bag; EpisodeError when it is not the contract's."""
    episode = bag.episode
    if settings.robot:
        profile = RobotProfile.load(settings.robot)
    elif episode.robot_profile:
        profile = episode.load_profile()
    else:
        profile = RobotProfile.load(contract.robot)
    if episode.robot and episode.robot != contract.robot:
        raise EpisodeError(f'is of robot {episode.robot}, the contract is for {contract.robot}; '
                           'export the robots apart')
    contract.check_robot(profile)
    return profile


def features(contract: PolicyContract, images: str) -> dict[str, dict[str, Any]]:
    """
    Features of the data set, as LeRobot declares them.

    Beside those of the contract: ``stamp_ns``, the time of the observation; ``in_charge``, an index
    into `vla_recording.frames.IN_CHARGE`; ``intervention``, a person took over from a policy.
    """
    space = contract.action.space
    declared: dict[str, dict[str, Any]] = {
        image.key: {'dtype': 'image' if images == 'png' else 'video',
                    'shape': (image.processing.height, image.processing.width, 3),
                    'names': ['height', 'width', 'channels']} for image in contract.images}
    if contract.state is not None:
        declared[contract.state.key] = {
            'dtype': 'float32', 'shape': (contract.state.dimension,),
            'names': list(contract.state.labels)}
    declared[contract.action.key] = {
        'dtype': 'float32', 'shape': (space.dimension,), 'names': list(space.labels)}
    declared['stamp_ns'] = {'dtype': 'int64', 'shape': (1,), 'names': None}
    declared['in_charge'] = {'dtype': 'int64', 'shape': (1,), 'names': None}
    declared['intervention'] = {'dtype': 'bool', 'shape': (1,), 'names': None}
    return declared


def find_bags(paths: Sequence[Path]) -> list[Path]:
    """The bags named, and those in the folders named, each once."""
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise BagError(f'{path}: no such bag or folder')
        path = path if path.is_dir() else path.parent
        inside = ([path] if _is_bag(path)
                  else sorted(child for child in path.iterdir() if _is_bag(child)))
        if not inside:
            raise BagError(f'{path}: is no bag and holds none')
        for bag in inside:
            found.setdefault(bag.resolve(), bag)
    return list(found.values())


def work_folder(out: Path) -> Path:
    """Where the parts of an unfinished export lie, beside what it will be."""
    return out.parent / f'.{out.name}.export'


def _is_bag(path: Path) -> bool:
    return path.is_dir() and ((path / 'metadata.yaml').is_file() or any(path.glob('*.mcap')))
