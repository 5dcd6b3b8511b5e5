"""Rate-quality plots as SVG: bits on a logarithmic axis, quality on a linear one.

A series has a colour (classes s0 to s7, which the page's style sheet defines) and a shape, so
that it is told apart without colours too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 480
_PLOT_HEIGHT = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 16, 14, 52
_LEGEND_COLUMNS = 2
_LEGEND_ROW = 20
_NAME_MAX = 26
_TICKS = 5
COLOURS = 8
_RADIUS = 5.0
_SHAPES = (
    "M{left},{y}a{r},{r} 0 1 0 {d},0a{r},{r} 0 1 0 -{d},0Z",
    "M{left},{top}h{d}v{d}h-{d}Z",
    "M{x},{top}L{right},{y}L{x},{bottom}L{left},{y}Z",
    "M{x},{top}L{right},{bottom}L{left},{bottom}Z",
)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """A curve through its `points`, and single values as `dots` behind it; (rate, quality).

    Rates are above 0 and all numbers finite. `number` decides colour and shape.
    """

    name: str
    number: int
    points: tuple[Point, ...]
    dots: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """Values between `least` and `most` on the pixels between `start` and `end`."""

    least: float
    most: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        share = (value - self.least) / (self.most - self.least)
        return self.start + share * (self.end - self.start)


def rate_plot(x_label: str, y_label: str, series: Sequence[Series]) -> str:
    """An SVG element; there is at least one point or dot."""
    values = [point for each in series for point in (*each.points, *each.dots)]
    bottom = _PLOT_HEIGHT - _BOTTOM
    across = log_axis([x for x, _ in values], _LEFT, WIDTH - _RIGHT)
    up = linear_axis([y for _, y in values], bottom, _TOP)
    rows = math.ceil(len(series) / _LEGEND_COLUMNS)
    height = _PLOT_HEIGHT + rows * _LEGEND_ROW
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(y_label)} over {escape(x_label)}">',
        *_grid(across, up),
        f'<text class="axis" x="{(_LEFT + WIDTH - _RIGHT) / 2:.0f}" y="{_PLOT_HEIGHT - 10}" '
        f'text-anchor="middle">{escape(x_label)}</text>',
        f'<text class="axis" transform="translate(16 {(_TOP + bottom) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>',
    ]
    for each in series:
        parts += _curve(each, across, up)
    for place, each in enumerate(series):
        parts.append(_legend_entry(each, place))
    parts.append("</svg>")
    return "\n".join(parts)


def log_axis(values: Sequence[float], start: float, end: float) -> Axis:
    """Logarithms to base 10, a little room at both ends; ticks at 1, 2 and 5, or at decades."""
    least, most = math.log10(min(values)), math.log10(max(values))
    room = max(0.05 * (most - least), 0.08)
    least, most = least - room, most + room
    decades = range(math.floor(least), math.ceil(most) + 1)
    steps = (1, 2, 5) if most - least < 2.5 else (1,)
    ticks = [math.log10(step) + decade for decade in decades for step in steps]
    inside = tuple(tick for tick in ticks if least <= tick <= most)
    return Axis(least, most, start, end, inside or ((least + most) / 2,))


def linear_axis(values: Sequence[float], start: float, end: float) -> Axis:
    """A few round ticks, the ends of the axis among them."""
    least, most = min(values), max(values)
    spread = (most - least) or max(abs(most), 1.0) * 0.1
    raw = spread / _TICKS
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw * 0.999)
    first, last = math.floor(least / step), math.ceil(most / step)
    if first == last:
        first, last = first - 1, last + 1
    ticks = tuple(number * step for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def _grid(across: Axis, up: Axis) -> list[str]:
    lines = []
    for tick in up.ticks:
        y = up.place(tick)
        lines.append(f'<path class="grid" d="M{across.start},{y:.1f}H{across.end}"/>')
        lines.append(
            f'<text x="{across.start - 7}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
        )
    for tick in across.ticks:
        x = across.place(tick)
        lines.append(f'<path class="grid" d="M{x:.1f},{up.start}V{up.end}"/>')
        lines.append(
            f'<text x="{x:.1f}" y="{up.start + 18}" text-anchor="middle">'
            f"{float(f'{10**tick:.4g}'):,g}</text>"
        )
    return lines


def _curve(series: Series, across: Axis, up: Axis) -> list[str]:
    def placed(point: Point) -> Point:
        return across.place(math.log10(point[0])), up.place(point[1])

    colour = f"s{series.number % COLOURS}"
    lines = [f'<g class="{colour}">']
    lines += [
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        for x, y in map(placed, series.dots)
    ]
    if len(series.points) > 1:
        corners = "L".join(f"{x:.1f},{y:.1f}" for x, y in map(placed, series.points))
        lines.append(f'<path class="curve" d="M{corners}"/>')
    for point in series.points:
        rate, quality = point
        says = escape(f"{series.name}: {rate:,.4g}, {quality:.4g}")
        lines.append(
            f'<path class="mark" d="{_shape(series.number, *placed(point))}">'
            f"<title>{says}</title></path>"
        )
    lines.append("</g>")
    return lines


def _shape(number: int, x: float, y: float) -> str:
    return _SHAPES[number % len(_SHAPES)].format(
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        left=f"{x - _RADIUS:.1f}",
        right=f"{x + _RADIUS:.1f}",
        top=f"{y - _RADIUS:.1f}",
        bottom=f"{y + _RADIUS:.1f}",
        r=_RADIUS,
        d=2 * _RADIUS,
    )


def _legend_entry(series: Series, place: int) -> str:
    row, column = divmod(place, _LEGEND_COLUMNS)
    x = 20 + column * (WIDTH - 20) / _LEGEND_COLUMNS
    y = _PLOT_HEIGHT + 6 + row * _LEGEND_ROW
    name = series.name
    if len(name) > _NAME_MAX:
        name = name[: _NAME_MAX - 1] + "…"
    return (
        f'<g class="s{series.number % COLOURS}">'
        f'<path class="mark" d="{_shape(series.number, x, y)}"/>'
        f'<text x="{x + 12:.0f}" y="{y + 4}">{escape(name)}</text></g>'
    )
