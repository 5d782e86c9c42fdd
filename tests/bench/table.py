"""What the measurements say: medians, spread, verdicts, and the tables of the terminal."""

import statistics

from programs import OTHERS, title
from rows import LINES

NOISE = 1.02  # a goal is reached within 2 %: two runs of one program differ by as much


def values_of(line, results):
    """The line's figure in each sample; empty unless all have it."""
    values = [result.get(line.field) for result in results]
    return [] if None in values else [value / line.divisor for value in values]


def medians(line, samples):
    """{program: median} of the line's figure, for those that have it."""
    figures = {name: values_of(line, results) for name, results in samples.items()}
    return {name: statistics.median(values) for name, values in figures.items() if values}


def spread(values):
    """Half the distance from the smallest to the largest sample, in percent of the median."""
    return 50 * (max(values) - min(values)) / (statistics.median(values) or 1)


def verdict(line, figures):
    if "neap" not in figures:
        return ""
    words = []
    others = [name for name in OTHERS if name in figures]
    faster = [name for name in others if figures[name] <= figures["neap"]]
    if line.ahead and others:
        words.append(f"behind {', '.join(faster)}" if faster else "ahead")
    if line.against is None or line.against in figures:
        figure = figures["neap"] / (figures[line.against] if line.against else 1)
        must = "2x goal" if line.must == 2 * line.goal else f"{line.must:,g}"
        figure /= NOISE
        reached = "goal" if figure <= line.goal else must if figure <= line.must else None
        words.append(f"within {reached}" if reached else f"OVER {must}")
    return ", ".join(words)


def lines_of(samples):
    """(line, its row's samples) for every line that somebody has a figure for, in the table's order."""
    for line in LINES:
        if medians(line, samples.get(line.row, {})):
            yield line, samples[line.row]


def show_figure(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def show_spread(line, results):
    """The median and, of several samples, how far they are from it; "-" without samples."""
    values = values_of(line, results)
    around = f" ±{spread(values):.0f}%" if len(values) > 1 else ""
    return show_figure(statistics.median(values)) + around if values else "-"


def show_ratio(figures, above, below):
    if not {above, below} <= set(figures) or figures[below] == 0:
        return "-"
    ratio = figures[above] / figures[below]
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


# ---- on the terminal -------------------------------------------------------------------------


def columns(programs):
    """(title, width) of the first table's columns."""
    first = [("row", 19), ("C limit", 14), ("neap", 14), ("neap/limit", 10), ("goal", 14)]
    others = [(name, 14) for name in programs if name not in ("limit", "neap")]
    return [*first, *others, ("verdict", 0)]


def aligned(cells, widths):
    """The first cell to the left, the others to the right; the last one as it is if its width is 0."""
    parts = [f"{cells[0]:<{widths[0]}}"]
    parts += [f"{cell:>{width}}" if width else cell for cell, width in zip(cells[1:], widths[1:])]
    return "  ".join(parts).rstrip()


def cells_of(line, samples, programs):
    figures = medians(line, samples)
    shown = {name: show_spread(line, samples.get(name, [])) for name in {"limit", "neap", *programs}}
    goal = f"{line.goal:,g}" if line.against is None else f"{line.goal:.4g} x {line.against}"
    first = [line.title, shown["limit"], shown["neap"], show_ratio(figures, "neap", "limit"), goal]
    others = [shown[name] for name in programs if name not in ("limit", "neap")]
    return [*first, *others, verdict(line, figures)]


def print_head(programs, repeat):
    print(f"CPU ns per operation unless said; medians of {repeat}, ± half the range")
    heads = columns(programs)
    print(aligned([name for name, _ in heads], [width for _, width in heads]), flush=True)


def print_row(row, samples, programs):
    widths = [width for _, width in columns(programs)]
    for line, results in lines_of({row: samples}):
        print(aligned(cells_of(line, results, programs), widths), flush=True)


def wall_and_memory(row_samples):
    """The median wall time of an operation in ns and the peak memory in MiB; None for what is not known."""
    wall = [result.get("wall_ns") for result in row_samples]
    peak = [result.get("peak_rss") for result in row_samples]
    known = [None not in values and values != [] for values in (wall, peak)]
    return (
        statistics.median(wall) if known[0] else None,
        statistics.median(peak) / 2**20 if known[1] else None,
    )


def print_wall_and_memory(samples, programs):
    widths = [19] + [20] * len(programs)
    print("\nwall ns per operation | peak memory in MiB")
    print(aligned(["row", *map(title, programs)], widths))
    for row, row_samples in samples.items():
        cells = [row]
        for name in programs:
            wall, peak = wall_and_memory(row_samples.get(name, []))
            cells.append(f"{show_figure(wall)} | {show_figure(peak):>5}")
        print(aligned(cells, widths))
