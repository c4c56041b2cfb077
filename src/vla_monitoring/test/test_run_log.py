"""The folder of a run and the page made of it."""
import json
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml

from vla_monitoring.report import main
from vla_monitoring.run_log.folder import RunFolder, model_card
from vla_monitoring.run_log.histogram import Histogram


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / 'runs', {'robot': 'franka', 'namespace': '/'})
    folder.event('supervision', 'error', 'stopped by <script>alert(1)</script>')
    histogram = Histogram()
    for value in np.random.default_rng(0).lognormal(3, 0.3, 500):
        histogram.add(value)
    for index in range(5):
        folder.row(delay_ms=80.0 + index, chunk_age_ms=float('nan'), health='ok')
    folder.latencies({'inference': histogram, 'chunk_age': Histogram()})
    folder.parameters({'/inference': {'policy': 'mini', 'rates': [1.0, 2.0]}})
    policy = tmp_path / 'policy'
    policy.mkdir()
    (policy / 'policy.yaml').write_text('kind: mini\n')
    (policy / 'model.safetensors').write_bytes(b'weights')
    folder.policy(str(policy))
    folder.close()
    return folder.path


def test_quantiles_are_right_within_a_bin():
    histogram, values = Histogram(), np.random.default_rng(0).lognormal(3, 1, 20_000)
    for value in [*values, float('nan'), float('inf')]:
        histogram.add(value)
    assert histogram.total == 20_000
    for share in (0.5, 0.9, 0.99):
        assert histogram.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.13)
    assert np.isnan(Histogram().quantile(0.5))


def test_a_run_says_what_ran(run):
    facts = yaml.safe_load((run / 'run.yaml').read_text())
    assert facts['robot'] == 'franka' and 'numpy' in facts['versions'] and facts['seconds'] >= 0
    card = yaml.safe_load((run / 'model_card.yaml').read_text())
    files = next(iter(card.values()))
    assert files['policy.yaml'] == 'kind: mini\n' and files['files']['model.safetensors']['sha256']
    assert model_card('ws://localhost:8000') == {'address': 'ws://localhost:8000'}
    event = json.loads((run / 'events.jsonl').read_text())
    assert (event['kind'], event['level']) == ('supervision', 'error')


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for key, value in attributes if key in ('src', 'href')]


def test_the_page_stands_alone_and_runs_nothing(run, capsys):
    assert main([str(run)]) == 0
    text = (run / 'report.html').read_text()
    page = Page(text)
    assert page.tags.count('svg') >= 2
    assert not page.links and 'script' not in page.tags
    assert 'inference: p50' in text and 'nothing was measured' in text


def test_a_run_that_was_killed_has_a_page(run):
    for name in ('events.jsonl', 'series.csv', 'latency.json'):
        path = run / name
        path.write_bytes(path.read_bytes()[:-20])
    (run / 'parameters.yaml').unlink()
    assert main([str(run)]) == 0


def test_what_is_no_run_is_named(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert 'is no run' in capsys.readouterr().err


def test_events_do_not_fill_the_disk(tmp_path):
    folder = RunFolder(tmp_path, {})
    for index in range(20_500):
        folder.event('x', 'ok', str(index))
    folder.close()
    lines = (folder.path / 'events.jsonl').read_text().splitlines()
    assert len(lines) == 20_000 and 'no more are kept' in lines[-1]
