"""One bag into a data set of its own: the piece of work that a worker does, and that is kept."""
import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vla_core.image_processing import ImageError
from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError
from vla_datasets import DatasetError, DatasetWriter, DiskFullError, VideoSettings
from vla_recording.bag_reader import Bag
from vla_recording.bag_writer import write_whole
from vla_recording.errors import EpisodeError
from vla_recording.export.settings import ExportSettings, features, fps_of, profile_of
from vla_recording.frames import EpisodeFrames, Part

__all__ = ['RESULT', 'BagResult', 'export_bag', 'read_result']

RESULT = 'result.json'


@dataclass
class BagResult:
    """
    What became of a bag.

    ``skipped`` says why it gave no episode; ``notes`` what else a person should know. Rates are of
    messages by topic, in Hz, ``longest_pause_s`` the longest time between two of them.
    """

    bag: str
    episodes: int = 0
    frames: int = 0
    skipped: str = ''
    notes: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    outcome: str = 'unknown'
    instruction: str = ''
    robot: str = ''
    lost_messages: int = 0
    rates_hz: dict[str, float] = field(default_factory=dict)
    longest_pause_s: dict[str, float] = field(default_factory=dict)


def export_bag(path: Path, target: Path, settings: ExportSettings) -> BagResult:
    """
    Write the data set ``target`` of one bag, or say why there is nothing to write.

    ``target`` is complete once its result lies in it; what an interrupted call left is done anew.
    DiskFullError is not a property of the bag and goes on to the caller.
    """
    done = read_result(target)
    if done is not None:
        return done
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    result = BagResult(str(path))
    try:
        _export(path, target / 'data', settings, result)
    except DiskFullError:
        raise
    except (ConfigurationError, DatasetError, ImageError, ValueError) as error:
        shutil.rmtree(target / 'data', ignore_errors=True)
        result.episodes = result.frames = 0
        result.skipped = str(error).removeprefix(f'{path}: ')
    write_whole(target / RESULT, json.dumps(asdict(result), ensure_ascii=False, indent=1))
    return result


def read_result(target: Path) -> BagResult | None:
    """What became of a bag that is done."""
    try:
        return BagResult(**json.loads((target / RESULT).read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError):
        return None


def _export(path: Path, data: Path, settings: ExportSettings, result: BagResult) -> None:
    contract = PolicyContract.load(settings.contract)
    with Bag(path, settings.renamed) as bag:
        episode = bag.episode
        result.duration_s, result.outcome = bag.duration_s, episode.outcome
        result.robot, result.lost_messages = episode.robot, episode.lost_messages
        if settings.outcomes and episode.outcome not in settings.outcomes:
            raise EpisodeError(f'its outcome is {episode.outcome}')
        profile = profile_of(bag, settings, contract)
        instruction = settings.instruction or episode.instruction
        if not instruction:
            raise EpisodeError('has no instruction; give --instruction')
        result.instruction = instruction
        frames = EpisodeFrames(bag, contract, profile, instruction, settings.actions)
        _describe(frames, result)
        wanted = [part for part in frames.parts if len(part.steps) >= settings.min_steps]
        if not wanted:
            raise EpisodeError(f'has no part of at least {settings.min_steps} steps')
        video = VideoSettings(codec=settings.codec)
        with DatasetWriter.create(
                data, fps=fps_of(contract), features=features(contract, settings.images),
                robot_type=profile.name, video=video) as writer:
            for number, part in enumerate(wanted):
                _write_part(writer, frames, part, number, settings, result)
        if not result.episodes:
            raise EpisodeError('a person takes over in it' if settings.intervention == 'without'
                               else 'nobody takes over in it')


def _write_part(
    writer: DatasetWriter, frames: EpisodeFrames, part: Part, number: int,
    settings: ExportSettings, result: BagResult,
) -> None:
    contract = frames.contract
    interventions = 0
    for frame in frames.frames(part):
        values: dict[str, Any] = {
            **frame.observation.images, contract.action.key: frame.action,
            'stamp_ns': np.array([frame.observation.stamp_ns], np.int64),
            'in_charge': np.array([frame.in_charge], np.int64),
            'intervention': np.array([frame.intervention])}
        if contract.state is not None:
            values[contract.state.key] = frame.observation.state
        interventions += frame.intervention
        writer.add_frame(values, task=frame.observation.instruction)
    if writer.frames_in_progress != len(part.steps):
        raise EpisodeError('images that its index names cannot be read')
    if settings.intervention != 'any' and (interventions > 0) != (settings.intervention == 'with'):
        writer.discard_episode()
        return
    episode = frames.bag.episode
    writer.save_episode(
        bag=frames.bag.name, part=number, outcome=episode.outcome, note=episode.note,
        labels=' '.join(episode.labels), marks=episode.marks, recovered=episode.recovered,
        intervention=interventions > 0, lost_messages=episode.lost_messages,
        start_ns=part.steps[0].stamp_ns)
    result.episodes += 1
    result.frames += len(part.steps)


def _describe(frames: EpisodeFrames, result: BagResult) -> None:
    """Rates and pauses of every stream, and what was left out."""
    for topic in dict.fromkeys(frames.contract.topics):
        name = frames.name(topic)
        stamps = np.array([place.stamp_ns for part in _spans(frames)
                           for place in part.places.get(name, ())], dtype=np.int64)
        pauses = np.diff(np.sort(stamps)) / 1e9
        if len(pauses) and pauses.sum() > 0:
            result.rates_hz[name] = round(len(pauses) / float(pauses.sum()), 2)
            result.longest_pause_s[name] = round(float(pauses.max()), 3)
    if frames.clock_jumps:
        result.notes.append(f'the clock was set back {frames.clock_jumps} times; '
                            'the episode is cut there')
    if frames.without_action:
        result.notes.append(f'{frames.without_action} steps before the first target are left out')
    reasons = Counter()
    for gap in frames.gaps:
        reasons[gap.reason.split(' is ')[0].split(' lies ')[0]] += gap.steps
    for subject, count in reasons.items():
        first = next(gap for gap in frames.gaps if gap.reason.startswith(subject))
        result.notes.append(f'{count} steps are left out: {first.reason}')
    if frames.bag.episode.lost_messages:
        result.notes.append(f'{frames.bag.episode.lost_messages} messages were lost in recording')
    if frames.bag.episode.recovered:
        result.notes.append('the recording was cut and mended')


def _spans(frames: EpisodeFrames):
    seen = {id(part.span): part.span for part in frames.parts}
    return seen.values()
