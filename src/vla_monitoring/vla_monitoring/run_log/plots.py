"""Plots as SVG text, without a plotting library."""
from collections.abc import Sequence
from html import escape

import numpy as np

from vla_monitoring.run_log.histogram import Histogram

__all__ = ['histogram_plot', 'series_plot']

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 200, 60, 28, 24


def series_plot(title: str, unit: str, times_s: np.ndarray, values: np.ndarray,
                marks: Sequence[tuple[float, str]] = ()) -> str:
    """Values [n] (NaN where unknown) over times [n] in s, with marks (time, colour) as lines."""
    known = np.isfinite(values)
    if not known.any():
        return f'<p>{escape(title)}: nothing was measured.</p>'
    last = max(float(times_s[-1]), 1e-9)
    top = max(float(values[known].max()), 1e-9)
    x, y = _scales(0.0, last, top)
    parts, line = [], []
    for time_s, value in zip(times_s, values):
        if np.isfinite(value):
            line.append(f'{x(time_s):.1f},{y(value):.1f}')
        elif line:
            parts.append(line)
            line = []
    parts.append(line)
    body = ''.join(f'<polyline points="{" ".join(part)}"/>' for part in parts if part)
    body += ''.join(f'<line x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
                    f'stroke="{escape(colour)}"/>' for t, colour in marks if 0 <= t <= last)
    return _frame(title, body, f'{last:.0f} s', f'{top:.3g} {unit}')


def histogram_plot(title: str, histogram: Histogram) -> str:
    """How often which duration; the axis is logarithmic."""
    if not histogram.total:
        return f'<p>{escape(title)}: nothing was measured.</p>'
    filled = np.flatnonzero(histogram.counts)
    first, last = filled[0], filled[-1] + 1
    counts = histogram.counts[first:last]
    x, y = _scales(0, len(counts), counts.max())
    body = ''.join(
        f'<rect x="{x(i):.1f}" y="{y(c):.1f}" width="{max(x(1) - x(0) - 1, 0.5):.1f}" '
        f'height="{y(0) - y(c):.1f}"/>' for i, c in enumerate(counts) if c)
    edges = np.concatenate([[0.0], histogram.EDGES, [np.inf]])
    title = (f'{title}: p50 {histogram.quantile(0.5):.3g} ms, p99 '
             f'{histogram.quantile(0.99):.3g} ms, n = {histogram.total}')
    return _frame(title, body, f'{edges[first]:.3g} to {edges[last]:.3g} ms (logarithmic)',
                  f'{counts.max()}')


def _scales(first: float, last: float, top: float):
    span = max(last - first, 1e-9)
    return (lambda t: LEFT + (t - first) / span * (WIDTH - LEFT - 10),
            lambda v: HEIGHT - BOTTOM - v / top * (HEIGHT - BOTTOM - TOP))


def _frame(title: str, body: str, across: str, up: str) -> str:
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
            f'<text x="{LEFT}" y="15">{escape(title)}</text>'
            f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - 10}" class="axis"/>'
            f'<text x="{LEFT - 4}" y="{TOP + 8}" class="end">{escape(up)}</text>'
            f'<text x="{WIDTH - 10}" y="{HEIGHT - 8}" class="end">{escape(across)}</text>'
            f'<g class="data">{body}</g></svg>')
