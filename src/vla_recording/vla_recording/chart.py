"""
Small charts as SVG text, for pages that stand alone: bars, histograms and lines.

Numbers are plain arrays; a chart is one string to be put into HTML.
"""
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

__all__ = ['bars', 'histogram', 'lines', 'page']

WIDTH, HEIGHT = 460, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 24, 26
COLOURS = ('#2f6fb5', '#d1672b', '#3b8f5a', '#8a4fa3', '#9a8420', '#5b6770')
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1000px; margin: 2em auto;
  padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 1.8em }
table { border-collapse: collapse } td, th { padding: .2em .9em .2em 0; text-align: left;
  vertical-align: top } th { border-bottom: 1px solid #bbb }
figure { display: inline-block; margin: .3em } svg text { font: 11px system-ui, sans-serif }
.bad { color: #a33 } img { image-rendering: auto; max-width: 100% }
"""


def histogram(values: Sequence[float], title: str, bins: int = 24) -> str:
    """How often ``values`` [n] fall where."""
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return _frame(title, '', 0, 1, 0, 1)
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9 * max(1.0, abs(low)):
        low, high = low - 0.5, high + 0.5
    counts = np.histogram(values, bins=bins, range=(low, high))[0]
    return bars(counts, title, edges=(low, high))


def bars(
    counts: Sequence[float], title: str, edges: tuple[float, float] | None = None,
) -> str:
    """A bar for each of ``counts``; ``edges`` are the values at both ends of the axis."""
    counts = np.asarray(counts, dtype=np.float64)
    top = max(float(counts.max(initial=0.0)), 1e-12)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(counts))
    gap = min(1.0, step / 6)
    content = ''.join(
        f'<rect x="{LEFT + index * step + gap / 2:.1f}" y="{_y(value, 0, top):.1f}" '
        f'width="{step - gap:.1f}" height="{_y(0, 0, top) - _y(value, 0, top):.1f}" '
        f'fill="{COLOURS[0]}"/>' for index, value in enumerate(counts) if value > 0)
    low, high = edges or (0, len(counts))
    return _frame(title, content, low, high, 0, top)


def lines(
    x: Sequence[float], series: Mapping[str, Sequence[float]], title: str,
    dashed: Sequence[str] = (), width: int = WIDTH,
) -> str:
    """Curves over ``x`` [n]; not a number breaks a curve."""
    x = np.asarray(x, dtype=np.float64)
    curves = {name: np.asarray(values, dtype=np.float64) for name, values in series.items()}
    known = np.concatenate([values[np.isfinite(values)] for values in curves.values()]
                           or [np.zeros(1)])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if high - low < 1e-9 * max(1.0, abs(low)):
        low, high = low - 0.5, high + 0.5
    begin, end = (float(x.min()), float(x.max())) if len(x) else (0.0, 1.0)
    span = (end - begin) or 1.0
    content: list[str] = []
    for index, (name, values) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        dash = ' stroke-dasharray="4 3"' if name in dashed else ''
        path, pen = [], 'M'
        for place, value in zip(x, values):
            if not np.isfinite(value):
                pen = 'M'
                continue
            across = LEFT + (place - begin) / span * (width - LEFT - RIGHT)
            path.append(f'{pen}{across:.1f},{_y(value, low, high):.1f}')
            pen = 'L'
        content.append(f'<path d="{"".join(path)}" fill="none" stroke="{colour}" '
                       f'stroke-width="1.4"{dash}/>')
        content.append(f'<text x="{width - RIGHT - 4}" y="{TOP + 12 + 13 * index}" '
                       f'text-anchor="end" fill="{colour}">{escape(name)}</text>')
    return _frame(title, ''.join(content), begin, end, low, high, width)


def page(title: str, body: str) -> str:
    """A page of HTML that needs nothing beside it."""
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>\n')


def _y(value: float, low: float, high: float) -> float:
    return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _frame(
    title: str, content: str, begin: float, end: float, low: float, high: float,
    width: int = WIDTH,
) -> str:
    floor = HEIGHT - BOTTOM
    axes = (f'<path d="M{LEFT},{TOP}V{floor}H{width - RIGHT}" fill="none" stroke="#999"/>'
            f'<text x="{LEFT - 5}" y="{TOP + 8}" text-anchor="end">{high:.4g}</text>'
            f'<text x="{LEFT - 5}" y="{floor}" text-anchor="end">{low:.4g}</text>'
            f'<text x="{LEFT}" y="{floor + 15}">{begin:.4g}</text>'
            f'<text x="{width - RIGHT}" y="{floor + 15}" text-anchor="end">{end:.4g}</text>'
            f'<text x="{LEFT}" y="14" font-weight="600">{escape(title)}</text>')
    return (f'<figure><svg width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
            f'xmlns="http://www.w3.org/2000/svg">{axes}{content}</svg></figure>')
