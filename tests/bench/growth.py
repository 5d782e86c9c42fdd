"""--grow: every row at three sizes, each ten times the one before, and how the cost of one operation grows."""

import math
from dataclasses import dataclass

import io_rows
from measuring import sample_row
from programs import title
from rows import FIXED, LEAST, LINES, ROWS, VARIANTS, operations
from table import aligned, medians, show_figure

SIZELESS = {"startup", "create", "parallel2", "fib32", "switch1000", "jitter1000", "jitter10k"}
ROUNDS = ROWS["switch100k"] // 100_000
CONNECTED = io_rows.SERVED - {"idle"}
BY_VARIANT = {
    "switch100k": ("tasks", ("switch1000", "switch10k", "switch100k"), (1_000, 10_000, 100_000)),
    "chain100": ("calls deep", ("chain10", "chain100", "chain1000"), (10, 100, 1_000)),
    "deep100": ("calls deep", ("deep10", "deep100", "deep1000"), (10, 100, 1_000)),
    "jitter100k": ("parked", ("jitter1000", "jitter10k", "jitter100k"), (1_000, 10_000, 100_000)),
    "sub_big": ("MiB in use", ("sub_big10m", "sub_big100m", "sub_big"), (10, 100, 1_024)),
}


@dataclass(frozen=True)
class Size:
    """One of a row's three sizes: what is run, and what is ten times as large as in the one before."""

    row: str
    n: int
    size: int
    connections: int = io_rows.CONNECTIONS


def unit_of(row):
    if row in BY_VARIANT:
        return BY_VARIANT[row][0]
    return {"idle": "connections", "sub_capture": "bytes"}.get(row, "connections" if row in CONNECTED else "n")


def variant_operations(variant, size, scale):
    """As many for every task of a switch, whose start is a part of it; otherwise the variant's own number."""
    if variant.startswith("switch"):
        return max(round(ROUNDS * size * scale), size)
    return operations(variant, scale)


def sizes_of(row, scale=1.0):
    """The sizes of a row, or nothing where it has none. `scale` makes all of them smaller."""
    if row in SIZELESS or row in VARIANTS:
        return []
    if row in BY_VARIANT:
        _, variants, sizes = BY_VARIANT[row]
        return [Size(variant, variant_operations(variant, size, scale), size) for variant, size in zip(variants, sizes)]
    if row in CONNECTED:
        n = operations(row, scale)
        return [Size(row, n, connections, connections) for connections in (10, 100, 1_000)]
    most = ROWS[row] if row in FIXED else operations(row, scale)
    least = LEAST.get(row, 1)
    return [Size(row, n, n) for n in (most // 100, most // 10, most) if n >= least]


def line_of(row):
    """The figure whose growth is shown: that of the row's first line."""
    return next(line for line in LINES if line.row == row)


def exponent(sizes, costs):
    """The slope of the cost against the size, both logarithmic: 0 is constant, 1 is proportional.

    None where there is no slope: fewer than two sizes, or a cost that is not positive."""
    if len(sizes) < 2 or len(sizes) != len(costs) or min(costs) <= 0:
        return None
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((x - middle_x) ** 2 for x in xs)
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys)) / across


def growth_of(row, measured):
    """{program: {"costs", "ratio", "exponent"}} of [(Size, samples), ...]; those with a cost at every size."""
    line = line_of(row)
    figures = [medians(line, samples) for _, samples in measured]
    grown = {}
    for name in figures[0] if figures else ():
        if not all(name in at for at in figures):
            continue
        costs = [at[name] for at in figures]
        ratio = costs[-1] / costs[0] if costs[0] > 0 else None
        slope = exponent([size.size for size, _ in measured], costs)
        grown[name] = {"costs": costs, "ratio": ratio, "exponent": slope}
    return grown


def show_growth(grown):
    """One program's, as "x1.3 n^0.05": the last cost over the first, and the exponent."""
    if not grown or grown["ratio"] is None:
        return "-"
    slope = grown["exponent"]
    return f"x{grown['ratio']:,.2f}" + ("" if slope is None else f" n^{round(slope, 2) + 0.0:.2f}")  # and not -0.00


def cells_of(entry, programs):
    """`entry` is {"row", "unit", "title", "sizes", "growth"}, as --json has it."""
    growth = entry["growth"]
    costs = growth.get("neap", {}).get("costs", [])
    sizes = " / ".join(show_size(size) for size in entry["sizes"]) + f" {entry['unit']}"
    others = [show_growth(growth.get(name)) for name in programs]
    return [entry["title"], sizes, " / ".join(map(show_figure, costs)) or "-", *others]


def show_size(size):
    for power, letter in ((20, "Mi"), (10, "Ki")):
        if size >= 2**power and size % 2**power == 0:
            return f"{size >> power}{letter}"
    for step, letter in ((10**6, "M"), (10**3, "k")):
        if size >= step and size * 10 % step == 0:
            return f"{size / step:g}{letter}"
    return f"{size:,}"


def heads(programs):
    return ["row", "sizes", "neap at each", *map(title, programs)]


def print_growth(programs, rows, args, failures):
    """Measures and prints row by row, and gives the entry of each."""
    widths = [20, 28, 26] + [16] * len(programs)
    print(f"cost of one operation at three sizes, medians of {args.repeat}: neap's, and for each the")
    print("last over the first, and how it grows with the size (n^0 is constant, n^1 proportional)")
    print(aligned(heads(programs), widths), flush=True)
    for row in rows:
        sizes = sizes_of(row, args.scale)
        if len(sizes) < 2:
            continue  # nothing grows
        measured = []
        for size in sizes:
            samples = sample_row(programs, size.row, size.n, args, failures, size.connections)
            measured.append((size, samples))
        entry = {
            "row": row,
            "unit": unit_of(row),
            "title": line_of(row).title,
            "sizes": [size.size for size in sizes],
            "growth": growth_of(row, measured),
        }
        print(aligned(cells_of(entry, programs), widths), flush=True)
        yield entry
