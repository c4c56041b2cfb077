"""
The folder of a run:

    run.yaml         when, where, versions, robot, end
    parameters.yaml  of every node, as they were
    model_card.yaml  of each policy that was loaded: its files and their checksums
    events.jsonl     what happened, a line each
    latency.json     histograms
    series.csv       once a second: ages, delays, levels
"""
import csv
import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from vla_monitoring.run_log.histogram import Histogram

__all__ = ['COLUMNS', 'RunFolder', 'model_card', 'versions']

PACKAGES = ('numpy', 'mujoco', 'pin', 'ruckig', 'pydantic', 'opencv-python-headless', 'viser',
            'torch', 'transformers')
COLUMNS = ('time_s', 'delay_ms', 'chunk_age_ms', 'inference_ms', 'rate_hz', 'health',
           'safety', 'starvation_ratio')
MOST_EVENTS = 20_000
LARGEST_CARD = 20_000  # bytes of a text file that a model card repeats


class RunFolder:
    """Written as things happen, so that a run that is killed has its folder too."""

    def __init__(self, runs: Path, facts: Mapping[str, Any]) -> None:
        stamp = datetime.now(timezone.utc).strftime('%Y%m%d-%H%M%S')
        self.path = runs / f'{stamp}-{os.getpid()}'
        self.path.mkdir(parents=True)
        self._start = time.monotonic()
        self._facts = {'started': datetime.now(timezone.utc).isoformat(timespec='seconds'),
                       'host': platform.node(), **facts, 'versions': versions()}
        self._write('run.yaml', self._facts)
        self._events = (self.path / 'events.jsonl').open('a', encoding='utf-8', buffering=1)
        self._series_file = (self.path / 'series.csv').open('a', encoding='utf-8', buffering=1)
        self._series = csv.DictWriter(self._series_file, COLUMNS)
        self._series.writeheader()
        self._cards: dict[str, Any] = {}
        self._count = 0

    def event(self, kind: str, level: str, text: str) -> None:
        """Note what happened, after as many seconds; beyond thousands only that there were more."""
        self._count += 1
        if self._count == MOST_EVENTS:
            kind, level, text = 'events', 'warn', 'too many: no more are kept'
        if self._count <= MOST_EVENTS:
            print(json.dumps({'time_s': round(time.monotonic() - self._start, 3), 'kind': kind,
                              'level': level, 'text': text[:500]}), file=self._events)

    def row(self, **values: Any) -> None:
        """A line of the series; what is not known is left empty."""
        self._series.writerow({
            'time_s': round(time.monotonic() - self._start, 2),
            **{key: '' if value != value else value for key, value in values.items()}})

    def parameters(self, parameters: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep the parameters of every node."""
        self._write('parameters.yaml', dict(sorted(parameters.items())))

    def policy(self, policy: str) -> None:
        """Keep the card of a policy, once."""
        if policy and policy not in self._cards:
            self._cards[policy] = model_card(policy)
            self._write('model_card.yaml', self._cards)

    def latencies(self, histograms: Mapping[str, Histogram]) -> None:
        """Keep the histograms as they are now."""
        text = json.dumps({name: {'counts': histogram.counts.tolist()}
                           for name, histogram in histograms.items()})
        unfinished = self.path / 'latency.json.part'
        unfinished.write_text(text)
        unfinished.replace(self.path / 'latency.json')

    def close(self) -> None:
        """Note the end."""
        self._facts['seconds'] = round(time.monotonic() - self._start, 1)
        self._write('run.yaml', self._facts)
        self._events.close()
        self._series_file.close()

    def _write(self, name: str, content: Any) -> None:
        (self.path / name).write_text(
            yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding='utf-8')


def versions() -> dict[str, str]:
    """Of Python, ROS, this software and what it stands on; what is not there is left out."""
    found = {'python': platform.python_version(), 'ros': os.environ.get('ROS_DISTRO', 'unknown')}
    commit = subprocess.run(
        ['git', 'describe', '--always', '--dirty'], cwd=Path(__file__).resolve().parent,
        capture_output=True, text=True, check=False).stdout.strip()
    if commit:
        found['commit'] = commit
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def model_card(policy: str) -> dict[str, Any]:
    """What is known of a policy: for a folder, its text files and the checksums of all others."""
    folder = Path(policy).expanduser()
    if not folder.is_dir():
        return {'address': policy}
    card: dict[str, Any] = {'folder': str(folder), 'files': {}}
    for file in sorted(folder.iterdir()):
        if not file.is_file():
            continue
        if file.suffix in ('.yaml', '.md', '.json') and file.stat().st_size <= LARGEST_CARD:
            card[file.name] = file.read_text(encoding='utf-8', errors='replace')
        with file.open('rb') as stream:
            digest = hashlib.sha256()
            while block := stream.read(1 << 20):
                digest.update(block)
        card['files'][file.name] = {'bytes': file.stat().st_size, 'sha256': digest.hexdigest()}
    return card
