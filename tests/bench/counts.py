"""run.py --counts: what one operation costs by count, held against the file counts.txt.

Each row runs at two sizes, and the difference is divided, so that what a program does once cancels out; in the rows
`startup` and `create` there is nothing to cancel, or it is not wanted to. What the rows are: README.md.
"""

import argparse
import os
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from counting import count_allocations, count_instructions, has_valgrind
from processes import Failure

HERE = Path(__file__).resolve().parent
FILE = HERE / "counts.txt"
COMMAND = "./dev bench --counts --update"
NOT_COMPARED = 77  # exit status: there is nothing to compare with here, or nothing to count with
TOLERANCE = 0.05
OF_TURNS = 0.2  # of instructions and system calls where threads and processes take turns as the system lets them
SAME = 0.01  # what differs by less is not written anew, so that a change of the file shows what has changed
FIELDS = ("instructions", "allocations", "bytes", "syscalls")
NOTHING = {"instructions": 1, "allocations": 0.02, "bytes": 2, "syscalls": 0.02}  # a difference that is none
DECIMALS = {"instructions": 0, "allocations": 2, "bytes": 0, "syscalls": 2}
HEADER = f"""\
# What one operation costs in neap, counted: README.md says what the rows are. A test compares within {TOLERANCE:.0%},
# and instructions and system calls of subprocess and thread_call, which the system has a say in, within {OF_TURNS:.0%}.
# Written by {COMMAND}
"""


@dataclass
class Row:
    name: str
    small: int
    large: int
    script: str = "peers/neap.lua"
    row: str = ""
    takes_turns: bool = False

    def command(self, build, n):
        if self.name == "startup":
            return [build / "neap", "counts/empty.lua"]
        if self.name == "create":
            return [build / "tests" / "bench" / "neap_bench_create", "neap", n]
        return [build / "neap", self.script, self.row or self.name, n]


OWN = "counts/rows.lua"
ROWS = [
    Row("switch1", 5_000, 25_000),
    Row("switch1000", 5_000, 25_000),
    Row("spawn_seq", 2_000, 6_000),
    Row("gather", 2_000, 6_000),
    Row("event", 2_000, 6_000),
    Row("queue100", 4_000, 12_000),
    Row("queueinf", 4_000, 12_000),
    Row("lock100", 2_000, 6_000),
    Row("timer", 20, 60, OWN),
    Row("timers_cancel", 2_000, 6_000),
    Row("timeout", 2_000, 6_000),
    Row("pingpong", 2_000, 6_000),
    Row("cancel", 2_000, 6_000),
    Row("request64", 200, 600, OWN),
    Row("request16384", 200, 600, OWN),
    Row("connection", 50, 150, OWN),
    Row("subprocess", 10, 50, OWN, takes_turns=True),
    Row("thread_call", 500, 2_500, OWN, takes_turns=True),
    Row("startup", 0, 1),
    Row("create", 5, 15),
]


# ---- counting --------------------------------------------------------------------------------


def count_run(row, build, n):
    if n == 0:
        return [0] * len(FIELDS)
    bench = build / "tests" / "bench"
    command = row.command(build, n)
    instructions, calls = count_instructions(command, bench / "libneap_bench_time.so")
    return [instructions, *count_allocations(command, bench / "libneap_bench_allocations.so"), calls]


def count_row(row, build):
    """{field: figure of one operation}"""
    small, large = (count_run(row, build, n) for n in (row.small, row.large))
    return {f: (b - a) / (row.large - row.small) for f, a, b in zip(FIELDS, small, large)}


def count_rows(rows, build):
    """{row: figures}; raises Failure."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return dict(zip((row.name for row in rows), pool.map(lambda row: count_row(row, build), rows)))


def count_surely(rows, build, before):
    """The same; what is not as written is counted twice more, and the median taken: threads and processes take turns as
    the system lets them."""
    now = count_rows(rows, build)
    doubtful = [row for row in rows if compare(before, {row.name: now[row.name]})]
    more = [now, count_rows(doubtful, build), count_rows(doubtful, build)]
    for row in doubtful:
        now[row.name] = {f: statistics.median(counted[row.name][f] for counted in more) for f in FIELDS}
    return now


# ---- the file --------------------------------------------------------------------------------


def read_file():
    """(toolchain, {row: figures})"""
    toolchain, figures = "", {}
    if FILE.exists():
        for line in FILE.read_text().splitlines():
            if line.startswith("toolchain: "):
                toolchain = line.partition(" ")[2]
            elif line and line[0] != "#" and not line.startswith("row "):
                name, *values = line.split()
                figures[name] = dict(zip(FIELDS, map(float, values)))
    return toolchain, figures


def cells_of(name, figures):
    return [name, *(f"{round(figures[field], DECIMALS[field]) + 0.0:.{DECIMALS[field]}f}" for field in FIELDS)]


def format_cells(cells):
    return f"{cells[0]:<14}" + "".join(f"{cell:>14}" for cell in cells[1:])


def write_file(toolchain, figures):
    lines = [format_cells(cells_of(row.name, figures[row.name])) for row in ROWS if row.name in figures]
    title = format_cells(["row", *FIELDS])
    FILE.write_text(f"{HEADER}toolchain: {toolchain}\n\n" + "\n".join([title, *lines]) + "\n")


# ---- comparing -------------------------------------------------------------------------------


def tolerance_of(name, field):
    turns = any(row.takes_turns for row in ROWS if row.name == name)
    return OF_TURNS if turns and field in ("instructions", "syscalls") else TOLERANCE


def differs(field, before, now, tolerance):
    return abs(now - before) > max(tolerance * before, NOTHING[field])


def merge(before, now):
    """What is to be written: the old figures of a row where all are the same."""
    merged = dict(before)
    for name, figures in now.items():
        old = before.get(name)
        if not old or any(differs(field, old[field], figures[field], SAME) for field in FIELDS):
            merged[name] = figures
    return merged


def compare(before, now):
    """A line for each figure that is not as written."""
    lines = []
    for name, figures in now.items():
        if name not in before:
            lines.append(f"{name}: not in {FILE.name} yet")
            continue
        for field in FIELDS:
            old, new = before[name][field], figures[field]
            if differs(field, old, new, tolerance_of(name, field)):
                change = f"{new / old - 1:+.1%}" if old else "new"
                places = DECIMALS[field]
                lines.append(f"{name}: {field} {old:.{places}f} before, {new:.{places}f} now ({change})")
    return lines


def print_table(before, now):
    print(format_cells(["row", *FIELDS]))
    for name, figures in now.items():
        print(format_cells(cells_of(name, figures)))
        if name in before:
            print(format_cells(["  before", *cells_of(name, before[name])[1:]]))


# ---- the command -----------------------------------------------------------------------------


def toolchain_of(build):
    """What the figures belong to, as CMake has written it; "" when the programs are not built."""
    file = build / "tests" / "bench" / "toolchain.txt"
    return file.read_text().strip() if file.exists() else ""


def obstacle(build, recorded, update):
    toolchain = toolchain_of(build)
    if not has_valgrind():
        return "valgrind is not installed"
    if not toolchain:
        return f"the programs to count with are not built in {build}"
    if not update and recorded != toolchain:
        return f"the figures are those of {recorded}, and this is {toolchain}"
    return None


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="run.py --counts", description=__doc__.split("\n\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all")
    parser.add_argument("--update", action="store_true", help=f"write {FILE.name} anew")
    default = HERE.parent.parent / "build" / "release"
    parser.add_argument("--build", type=Path, default=default, metavar="FOLDER")
    parser.add_argument("--quiet", action="store_true", help="print only what differs")
    args = parser.parse_args(arguments)
    args.build = args.build.resolve()
    unknown = set(args.rows) - {row.name for row in ROWS}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))} (rows: {' '.join(row.name for row in ROWS)})")
    return args


def main(arguments):
    args = parse_arguments(arguments)
    recorded, before = read_file()
    reason = obstacle(args.build, recorded, args.update)
    if reason:
        print(reason)
        return NOT_COMPARED
    rows = [row for row in ROWS if not args.rows or row.name in args.rows]
    os.chdir(HERE)  # a script's path is the name of its functions, and Lua has a block for each name that is long
    try:
        now = count_surely(rows, args.build, before)
    except Failure as failure:
        print(f"FAILED {failure}", file=sys.stderr)
        return 1
    if not args.quiet:
        print_table(before, now)
    differences = compare(before, now)
    print("\n".join(differences))
    if args.update:
        write_file(toolchain_of(args.build), merge(before, now))
        return 0
    if differences:
        print(f"If that is meant, `{COMMAND}` writes it down.")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
