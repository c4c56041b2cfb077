"""A page about an export that stands alone: lengths, rates, gaps, actions and pictures."""
import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from vla_datasets import DatasetReader, metadata as dataset_metadata
from vla_recording.bag_writer import write_whole
from vla_recording.chart import bars, histogram, page
from vla_recording.export.episode import BagResult
from vla_recording.export.run import Export

__all__ = ['contact_sheet', 'write_report']

ROWS, COLUMNS, CELL = 12, 6, 150


def write_report(export: Export, path: Path) -> None:
    """Write the page about what was exported."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = [_summary(export)]
    sections += [_dataset(root) for root in export.datasets]
    sections.append(_streams(export.results))
    sections.append(_left_out(export.results))
    title = ', '.join(root.name for root in export.datasets)
    write_whole(path, page(f'Export: {title}', ''.join(sections)))


def contact_sheet(reader: DatasetReader, key: str) -> np.ndarray:
    """
    RGB image with a row an episode and ``COLUMNS`` frames from its beginning to its end.

    Where there are more episodes than rows, they are taken evenly.
    """
    episodes = reader.metadata.episodes
    chosen = np.unique(np.linspace(0, len(episodes) - 1, min(ROWS, len(episodes))).astype(int))
    firsts = np.concatenate([[0], np.cumsum([episode.length for episode in episodes])])
    rows = []
    for index in chosen:
        frames = np.linspace(0, episodes[index].length - 1, COLUMNS).astype(int)
        images = [np.asarray(reader[int(firsts[index] + frame)][key]) for frame in frames]
        rows.append(np.hstack([_cell(image) for image in images]))
    return np.vstack(rows)


def _cell(image: np.ndarray) -> np.ndarray:
    height = max(1, round(image.shape[0] * CELL / image.shape[1]))
    return cv2.resize(image, (CELL, height), interpolation=cv2.INTER_AREA)


def _summary(export: Export) -> str:
    frames = sum(result.frames for result in export.results)
    used = sum(result.episodes > 0 for result in export.results)
    rows = {'bags': f'{len(export.results)}, {used} of them used', 'episodes': export.episodes,
            'frames': frames,
            'messages lost in recording': sum(entry.lost_messages for entry in export.results)}
    return '<table>' + ''.join(
        f'<tr><th>{escape(name)}<td>{value}' for name, value in rows.items()) + '</table>'


def _dataset(root: Path) -> str:
    metadata = dataset_metadata.load(root)
    reader = DatasetReader(root)
    lengths = [episode.length / metadata.fps for episode in metadata.episodes]
    outcomes: dict[str, int] = {}
    for episode in metadata.episodes:
        outcome = str(episode.fields.get('outcome', 'unknown'))
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    charts = [histogram(lengths, 'episode length, s')]
    for name, feature in metadata.features.items():
        if name.startswith('action') and len(feature.shape) == 1:
            labels = feature.names or range(feature.shape[0])
            values = reader.column(name).reshape(-1, feature.shape[0])
            charts += [histogram(values[:, place], f'{name}: {label}')
                       for place, label in enumerate(labels)]
    sheets = [
        f'<p>{escape(name)}<br>{_image(contact_sheet(reader, name))}'
        for name, feature in metadata.features.items() if feature.is_visual]
    tasks = ''.join(f'<li>{escape(task)}' for task in list(metadata.tasks)[:20])
    return (f'<h2>{escape(root.name)}</h2><p>{len(metadata.episodes)} episodes at {metadata.fps} '
            f'frames a second, robot {escape(str(metadata.robot_type))}, '
            f'{escape(", ".join(f"{count} {name}" for name, count in outcomes.items()))}</p>'
            f'<ul>{tasks}</ul>{"".join(charts)}<h2>Contact sheet</h2>{"".join(sheets)}')


def _streams(results: Sequence[BagResult]) -> str:
    rates: dict[str, list[float]] = {}
    pauses: dict[str, list[float]] = {}
    for result in results:
        for topic, rate in result.rates_hz.items():
            rates.setdefault(topic, []).append(rate)
            pauses.setdefault(topic, []).append(1000 * result.longest_pause_s[topic])
    rows = ''.join(
        f'<tr><td>{escape(topic)}<td>{np.median(values):.1f}<td>{min(values):.1f}'
        f'<td>{max(pauses[topic]):.0f}' for topic, values in rates.items())
    charts = ''.join(bars(values, f'{topic}: longest pause of each bag, ms')
                     for topic, values in pauses.items() if len(values) > 1)
    return ('<h2>Streams</h2><table><tr><th>topic<th>median rate, Hz<th>lowest, Hz'
            f'<th>longest pause, ms{rows}</table>{charts}')


def _left_out(results: Sequence[BagResult]) -> str:
    rows = [f'<tr><td>{escape(Path(result.bag).name)}<td class="bad">left out: '
            f'{escape(result.skipped)}' for result in results if result.skipped]
    rows += [f'<tr><td>{escape(Path(result.bag).name)}<td>{escape(note)}'
             for result in results for note in result.notes]
    return f'<h2>What a person should know</h2><table>{"".join(rows)}</table>' if rows else ''


def _image(image: np.ndarray) -> str:
    _, data = cv2.imencode('.jpg', cv2.cvtColor(image, cv2.COLOR_RGB2BGR),
                           [cv2.IMWRITE_JPEG_QUALITY, 80])
    text = base64.b64encode(data.tobytes()).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{text}">'
