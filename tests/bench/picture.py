"""The picture: for each row a group of bars, as long as the logarithm of the time of an operation."""

import math
from xml.sax.saxutils import escape

from programs import PROGRAMS, title
from table import lines_of, medians

COLOURS = {
    "neap": "#d9480f",
    "limit": "#868e96",
    "asyncio": "#3b7dd8",
    "uvloop": "#7cb5ec",
    "node": "#2f9e44",
    "luv-jit": "#9c36b5",
    "luv-5.4": "#c78bd6",
}
ORDER = ("neap", *(name for name in PROGRAMS if name != "neap"))
WIDTH, LEFT, RIGHT, TOP = 920, 150, 90, 92
BAR, GROUP_GAP = 9, 10

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 10px }
.title { font-size: 15px; font-weight: 600 }
.back { fill: #ffffff }
.grid { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .back { fill: #0d1117 }
  .grid { stroke: #30363d }
}
"""


# The fields that are times: nanoseconds in one, and what is said of them.
TIMES = {"cpu_ns": (1, ""), "wall_ns": (1, ", wall"), "gap_ms": (1e6, ", gap"), "late_ms": (1e6, "")}


def bars_of(samples):
    """[(row, {program: nanoseconds})]: the first line of each row that is a time."""
    groups, seen = [], set()
    for line, row_samples in lines_of(samples):
        if line.row in seen or line.field not in TIMES:
            continue
        seen.add(line.row)
        unit, suffix = TIMES[line.field]
        figures = medians(line, row_samples)
        times = {name: value * line.divisor * unit for name, value in figures.items() if value > 0}
        groups.append((line.row + suffix, times))
    return [group for group in groups if group[1]]


def show_time(ns):
    for limit, unit in ((1e3, "ns"), (1e6, "µs"), (1e9, "ms")):
        if ns < 0.9995 * limit:
            return f"{ns * 1e3 / limit:.3g} {unit}"
    return f"{ns / 1e9:.3g} s"


def decades(groups):
    """The powers of ten that the axis begins and ends with."""
    times = [value for _, figures in groups for value in figures.values()]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    return low, max(high, low + 1)


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def legend(present):
    parts, x = [], LEFT
    for name in ORDER:
        if name in present:
            parts.append(f'<rect x="{x}" y="48" width="11" height="11" fill="{COLOURS[name]}"/>')
            parts.append(text(x + 16, 58, title(name)))
            x += 34 + 7 * len(title(name))
    return parts


def axis(low, high, place, bottom):
    parts = []
    for power in range(low, high + 1):
        x = place(10**power)
        parts.append(f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{TOP - 6}" y2="{bottom}"/>')
        parts.append(text(x, TOP - 12, show_time(10.0**power), "small", "middle"))
    return parts


def svg(samples, subtitle=""):
    """The text of the picture, or None when nothing in the samples is a time."""
    groups = bars_of(samples)
    if not groups:
        return None
    low, high = decades(groups)
    scale = (WIDTH - LEFT - RIGHT) / (high - low)

    def place(ns):
        return LEFT + (math.log10(ns) - low) * scale

    parts, y = [], TOP
    for row, times in groups:
        present = [name for name in ORDER if name in times]
        parts.append(text(LEFT - 8, y + BAR * len(present) / 2 + 4, row, "", "end"))
        for name in present:
            width = max(place(times[name]) - LEFT, 1)
            tip = f"<title>{escape(f'{row}, {title(name)}: {show_time(times[name])}')}</title>"
            parts.append(
                f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 1}" fill="{COLOURS[name]}">{tip}</rect>'
            )
            parts.append(text(LEFT + width + 4, y + BAR - 1, show_time(times[name]), "small"))
            y += BAR
        y += GROUP_GAP
    everyone = {name for _, times in groups for name in times}
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{y}"/>',
        text(LEFT, 22, "Time of one operation, logarithmic; shorter is better", "title"),
        text(LEFT, 39, subtitle, "small"),
    ]
    return "\n".join([*head, *legend(everyone), *axis(low, high, place, y - GROUP_GAP), *parts, "</svg>", ""])
