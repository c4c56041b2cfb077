"""
A run as one HTML page with plots, that needs nothing else:

    python -m vla_monitoring.report ~/.ros/vla_runs/20260101-120000-123
"""
import argparse
import csv
import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vla_core.validation import ConfigurationError
from vla_monitoring.run_log.histogram import Histogram
from vla_monitoring.run_log.plots import histogram_plot, series_plot

__all__ = ['ReportError', 'main', 'render']

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 780px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; width: 100% } td { padding: 2px 8px; vertical-align: top }
tr:nth-child(odd) { background: #f4f4f4 } pre { background: #f4f4f4; padding: 1em; overflow: auto }
svg { width: 100%; font: 11px system-ui, sans-serif } .axis { fill: none; stroke: #888 }
.end { text-anchor: end; fill: #666 } .data { fill: #1a7fd4; stroke: none }
.data polyline { fill: none; stroke: #1a7fd4 } .warn { color: #a60 } .error, .stale { color: #c00 }
"""
SHOWN_EVENTS = 500
PLOTS = (('delay_ms', 'Observation to chunk', 'ms'), ('chunk_age_ms', 'Age of the plan', 'ms'),
         ('inference_ms', 'Inference (median so far)', 'ms'), ('rate_hz', 'Chunks', 'Hz'),
         ('starvation_ratio', 'Share of the time without a plan', ''))


class ReportError(ConfigurationError):
    """A folder that is no run; one line."""


def render(run: Path) -> str:
    """The page of a run; what a run that was killed could not write any more is left out."""
    facts = _yaml(run / 'run.yaml')
    if not isinstance(facts, dict):
        raise ReportError(f'{run}: is no run: it has no run.yaml')
    events = _events(run / 'events.jsonl')
    graver = {'warn': '#e90', 'error': '#d00', 'stale': '#d00'}
    marks = [(event['time_s'], graver[event['level']]) for event in events
             if event['level'] in graver]
    series = _series(run / 'series.csv')
    plots = [series_plot(title, unit, series['time_s'], series[column], marks)
             for column, title, unit in PLOTS] if len(series['time_s']) > 1 else []
    histograms = [histogram_plot(name.replace('_', ' '), histogram)
                  for name, histogram in _histograms(run / 'latency.json').items()]
    title = f'Run of {facts.get("robot", "a robot")}, {facts.get("started", run.name)}'
    sections = [
        ('What ran', _table(_flat(facts))), ('How it went', ''.join(plots)),
        ('Latency', ''.join(histograms)), ('What happened', _event_table(events)),
        ('Policy', _listing(run / 'model_card.yaml')),
        ('Parameters', _listing(run / 'parameters.yaml'))]
    body = ''.join(f'<h2>{escape(name)}</h2>{content or "<p>nothing</p>"}'
                   for name, content in sections)
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<style>{STYLE}</style><h1>{escape(title)}</h1>{body}</html>')


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _events(path: Path) -> list[dict[str, Any]]:
    """Events that can be read; the last line of a run that was killed may be cut."""
    events = []
    for line in path.read_text(encoding='utf-8').splitlines() if path.is_file() else ():
        try:
            event = json.loads(line)
            events.append({'time_s': float(event['time_s']), **{
                key: str(event[key]) for key in ('kind', 'level', 'text')}})
        except (ValueError, KeyError, TypeError):
            continue
    return events


def _series(path: Path) -> dict[str, np.ndarray]:
    columns: dict[str, list[float]] = {'time_s': [], **{name: [] for name, _, _ in PLOTS}}
    if path.is_file():
        with path.open(encoding='utf-8', newline='') as file:
            for row in csv.DictReader(file):
                for name, values in columns.items():
                    try:
                        values.append(float(row.get(name) or 'nan'))
                    except ValueError:
                        values.append(float('nan'))
    arrays = {name: np.array(values) for name, values in columns.items()}
    timed = np.isfinite(arrays['time_s'])
    return {name: values[timed] for name, values in arrays.items()}


def _histograms(path: Path) -> dict[str, Histogram]:
    try:
        found = json.loads(path.read_text())
        return {name: Histogram(entry['counts']) for name, entry in found.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _flat(facts: dict[str, Any], prefix: str = '') -> list[tuple[str, str]]:
    rows = []
    for key, value in facts.items():
        if isinstance(value, dict):
            rows += _flat(value, f'{prefix}{key}.')
        else:
            rows.append((f'{prefix}{key}', str(value)))
    return rows


def _table(rows: list[tuple[str, str]]) -> str:
    cells = ''.join(f'<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>'
                    for key, value in rows)
    return f'<table>{cells}</table>' if rows else ''


def _event_table(events: list[dict[str, Any]]) -> str:
    rows = ''.join(
        f'<tr class="{escape(event["level"])}"><td>{event["time_s"]:.2f} s</td>'
        f'<td>{escape(event["kind"])}</td><td>{escape(event["text"])}</td></tr>'
        for event in events[:SHOWN_EVENTS])
    more = (f'<p>and {len(events) - SHOWN_EVENTS} more in events.jsonl</p>'
            if len(events) > SHOWN_EVENTS else '')
    return f'<table>{rows}</table>{more}' if events else ''


def _listing(path: Path) -> str:
    return f'<pre>{escape(path.read_text(encoding="utf-8"))}</pre>' if path.is_file() else ''


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_monitoring.report', description='A run as one HTML page with plots.')
    parser.add_argument('run', type=Path, help='folder of the run')
    parser.add_argument('--out', type=Path, help='default: report.html in that folder')
    options = parser.parse_args(arguments)
    out = options.out or options.run / 'report.html'
    try:
        out.write_text(render(options.run), encoding='utf-8')
    except (ReportError, OSError) as error:
        print(f'report: {error}', file=sys.stderr)
        return 2
    print(out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
