#!/usr/bin/env python3
"""Runs the benchmark rows in neap, in its peers and in the limit program, and prints one table.

Every measurement is a fresh process; the programs take turns, so that a slow moment of the
machine falls on all of them. Figures are medians. What each row is: README.md beside this file.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import io_rows
from processes import Failure, run

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build" / "release"
PROGRAMS = ("limit", "neap", "asyncio", "uvloop", "node")
OTHERS = ("asyncio", "uvloop", "node")  # those that neap wants to be ahead of
STARTUPS = 10  # processes started for one sample of the row startup
NOISE = 1.02  # a goal is reached within 2 %: two runs of one program differ by as much

# Operations in one measurement, the same for every program: long enough to measure in the fastest,
# and a sample of about a second in the slowest. gather, parked, event, sem5, timers and cancel are one
# burst of so many tasks, so there n is a part of what the row is.
ROWS = {
    "switch1": 1_000_000,
    "switch1000": 1_000_000,
    "switch100k": 1_000_000,
    "spawn_seq": 300_000,
    "gather": 100_000,
    "parked": 200_000,
    "event": 100_000,
    "queue100": 1_000_000,
    "queueinf": 1_000_000,
    "lock100": 300_000,
    "sem5": 100_000,
    "timers": 200_000,
    "timers_late": 200_000,
    "timers_cancel": 500_000,
    "timeout": 300_000,
    "pingpong": 300_000,
    "chain100": 5_000_000,
    "chain100_plain": 5_000_000,
    "deep100": 300_000,
    "cancel": 100_000,
    "cancel_rev": 30_000,
    "copy1m": 100,
    "startup": STARTUPS,
    "create": 2_000,
    "echo64": 200_000,
    "echo16384": 100_000,
    "idle": 10_000,
    "sub_seq": 400,
    "sub_8": 800,
    "sub_capture": 64 * 2**20,
    "sub_big": 200,
    "offload": 20_000,
    "parallel2": 40_000_000,
}
FIXED = {"startup", "idle", "sub_capture", "sub_big", "parallel2"}  # where --scale changes nothing
LEAST = {"switch1000": 1_000, "switch100k": 100_000, "copy1m": 10}  # one round for each task; quick


@dataclass
class Line:
    """A line of the table: one figure of a row, and what is asked of it.

    The goal is a ratio to the figure of another program (`against`), or absolute where that is
    None. `must` is what the first release has to reach; twice the goal unless said."""

    title: str
    goal: float
    row: str = ""
    field: str = "cpu_ns"
    divisor: float = 1
    against: "str | None" = "limit"
    must: float = 0
    ahead: bool = True  # is being ahead of the other three asked for?

    def __post_init__(self):
        self.row = self.row or self.title
        self.must = self.must or 2 * self.goal


LINES = [
    Line("switch1", 1.3),
    Line("switch1000", 1.4),
    Line("switch100k", 1.3),
    Line("spawn_seq", 1.5),
    Line("gather", 1.25),
    Line("parked", 1.25),
    Line("parked, bytes each", 1280, "parked", "bytes_each", against=None, must=1400, ahead=False),
    Line("event", 1.25),
    Line("queue100", 2.0),
    Line("queueinf", 1.5),
    Line("lock100", 1.5),
    Line("sem5", 1.3),
    Line("timers", 1.2),
    Line("latest timer, ms", 1.0, "timers_late", "late_ms"),
    Line("timers_cancel", 1.5),
    Line("timeout", 2.0),
    Line("pingpong", 1.4),
    Line("chain100", 0.96, against="asyncio", must=1.5, ahead=False),  # 80 ns where asyncio has 83
    Line("chain100_plain", 1.0, ahead=False),
    Line("deep100", 1.3),
    Line("cancel", 1.3),
    Line("cancel_rev", 1.3),
    Line("copy1m, wall us", 1.0, "copy1m", "wall_ns", divisor=1e3, against="node"),
    Line("copy1m, CPU us", 1.0, "copy1m", divisor=1e3, against="node"),
    Line("echo64", 1 / 0.92),
    Line("echo64, wall", 1 / 0.92, "echo64", "wall_ns"),
    Line("echo16384", 1 / 0.9),
    Line("echo16384, wall", 1 / 0.9, "echo16384", "wall_ns"),
    Line("idle, bytes each", 4096, "idle", "bytes_each", against=None, ahead=False),
    Line("sub_seq, wall us", 1.05, "sub_seq", "wall_ns", divisor=1e3),
    Line("sub_seq, CPU us", 1.05, "sub_seq", divisor=1e3),
    Line("sub_8, wall us", 1.1, "sub_8", "wall_ns", divisor=1e3),
    Line("sub_8, CPU us", 1.1, "sub_8", divisor=1e3),
    Line("sub_capture, us/MiB", 1 / 0.85, "sub_capture", "wall_ns", divisor=1e3 / 2**20),
    Line("sub_capture, CPU", 1 / 0.85, "sub_capture", divisor=1e3 / 2**20),
    Line("sub_big, wall us", 2.0, "sub_big", "wall_ns", divisor=1e3),
    Line("sub_big, CPU us", 2.0, "sub_big", divisor=1e3),
    Line("offload, wall us", 1.2, "offload", "wall_ns", divisor=1e3),
    Line("offload, CPU us", 1.2, "offload", divisor=1e3),
    Line("parallel2, 2 : 1", 2 / 1.95, "parallel2", "two_to_one", against=None, must=1.1, ahead=False),
    Line("startup, us", 1.8, "startup", divisor=1e3),
    Line("startup, MiB", 4, "startup", "peak_rss", divisor=2**20, against=None, ahead=False),
    Line("create, us", 1000, "create", "wall_ns", divisor=1e3, against=None, must=1000, ahead=False),
    Line("create, KB", 300, "create", "bytes", divisor=1e3, against=None, must=300, ahead=False),
]


# ---- the programs ----------------------------------------------------------------------------


def succeeds(command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def pythons():
    """Every python3 on the PATH that has asyncio.timeout, this one first."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = [shutil.which("python3", path=folder) for folder in folders]
    current = "import sys; sys.exit(sys.version_info < (3, 11))"
    unique = dict.fromkeys([sys.executable, *filter(None, found)])
    return [path for path in unique if succeeds([path, "-c", current])]


def find_programs(args):
    """What runs a row in each program, as a command that lacks only ROW and N."""
    peers = HERE / "peers"
    candidates = pythons()
    with_uvloop = next((p for p in candidates if succeeds([p, "-c", "import uvloop"])), None)
    python = with_uvloop or next(iter(candidates), None)
    node = shutil.which("node")
    return {
        "limit": args.limit.exists() and [str(args.limit), str(HERE / "limit" / "limit.lua")],
        "neap": args.neap.exists() and [str(args.neap), str(peers / "neap.lua")],
        "asyncio": python and [python, str(peers / "asyncio_rows.py")],
        "uvloop": with_uvloop and [with_uvloop, str(peers / "asyncio_rows.py"), "--uvloop"],
        "node": node and [node, str(peers / "node.mjs")],
    }


def client_of(args):
    return args.limit.with_name("neap_bench_client")


def create_of(args):
    return args.limit.with_name("neap_bench_create")


def default_rows(args):
    """All; without those of the client where that is not built, because the system is not Linux."""
    missing = set() if client_of(args).exists() else set(io_rows.SERVED)
    missing |= set() if create_of(args).exists() else {"create"}
    return [row for row in ROWS if row not in missing]


def choose_programs(args):
    programs = find_programs(args)
    wanted = {"neap", *args.peers.split(",")} - {""}
    unknown = wanted - set(PROGRAMS)
    if unknown:
        sys.exit(f"run.py: no such peer: {', '.join(sorted(unknown))}")
    missing = [name for name in PROGRAMS if name in wanted and not programs[name]]
    if missing:
        print(f"not found, so skipped: {', '.join(missing)}", file=sys.stderr)
    return {name: programs[name] for name in PROGRAMS if name in wanted and programs[name]}


# ---- one measurement -------------------------------------------------------------------------


def measure(program, command, row, n, args):
    if row == "startup":
        return measure_startup(program, command[0], n)
    if row == "create":
        output = run([str(create_of(args)), program, str(n)]).stdout
    elif row in io_rows.ROWS:
        output = io_rows.measure(io_rows.command_of(program, command), client_of(args), row, n)
    else:
        output = run([*command, row, str(n)]).stdout
    try:
        return json.loads(output)
    except ValueError:
        raise Failure(f"printed no result: {output!r}") from None


# The smallest program that has a loop at its disposal, and the same one that tells its memory.
# (The kernel's own figure for an ended child is no use: it starts from the parent's memory.)
LUA_EMPTY = ("", 'print(io.open("/proc/self/status"):read("a"))')
STARTUP_SCRIPTS = {
    "limit": LUA_EMPTY,
    "neap": LUA_EMPTY,
    "node": ("", 'console.log(require("fs").readFileSync("/proc/self/status", "ascii"))'),
    "asyncio": (
        "import asyncio\nasync def main(): pass\nasyncio.run(main())",
        'import asyncio\nasync def main(): print(open("/proc/self/status").read())\n'
        "asyncio.run(main())",
    ),
    "uvloop": (
        "import asyncio, uvloop\nasync def main(): pass\nuvloop.install()\nasyncio.run(main())",
        'import asyncio, uvloop\nasync def main(): print(open("/proc/self/status").read())\n'
        "uvloop.install()\nasyncio.run(main())",
    ),
}


def measure_startup(program, binary, n):
    with tempfile.TemporaryDirectory() as folder:
        empty, telling = Path(folder, "empty"), Path(folder, "telling")
        empty.write_text(STARTUP_SCRIPTS[program][0])
        telling.write_text(STARTUP_SCRIPTS[program][1])
        wall, cpu = time.perf_counter_ns(), 0.0
        for _ in range(n):
            cpu += start_once([binary, str(empty)])
        wall = time.perf_counter_ns() - wall
        result = {"row": "startup", "n": n, "cpu_ns": cpu * 1e9 / n, "wall_ns": wall / n}
        if Path("/proc/self/status").exists():
            status = run([binary, str(telling)]).stdout
            kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
            result["peak_rss"] = int(kib) * 1024
        return result


def start_once(command):
    """CPU seconds of one process from its start to its end."""
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise Failure(f"exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


# ---- all measurements of a row ---------------------------------------------------------------


def has_row(program, row):
    if row == "create":
        return program in ("limit", "neap")
    if row == "copy1m":
        return program != "limit"  # threads that copy nothing would be another program
    return row != "chain100_plain" or program in ("limit", "neap")


def sample_row(programs, row, args, failures):
    """{program: [result, ...]}; a program that fails once is left out of the rest of the row."""
    n = ROWS[row] if row in FIXED else max(round(ROWS[row] * args.scale), LEAST.get(row, 100))
    samples = {name: [] for name in programs if has_row(name, row)}
    for turn in range(args.repeat):
        names = list(samples)
        shift = turn % max(len(names), 1)  # so that nobody always runs after the same one
        for name in names[shift:] + names[:shift]:
            show_progress(f"{row} {turn + 1}/{args.repeat} {name}")
            try:
                samples[name].append(measure(name, programs[name], row, n, args))
            except Failure as failure:
                failures.append(f"{name} {row} {n}: {failure}")
                del samples[name]
    show_progress("")
    return samples


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


# ---- the table -------------------------------------------------------------------------------


def medians(line, samples):
    """{program: median} of the line's figure, for those that have it."""
    figures = {name: [r.get(line.field) for r in results] for name, results in samples.items()}
    return {
        name: statistics.median(values) / line.divisor
        for name, values in figures.items()
        if values and None not in values
    }


def spread(line, results):
    """Half the distance from the smallest to the largest sample, in percent of the median."""
    values = [r[line.field] for r in results]
    return 50 * (max(values) - min(values)) / (statistics.median(values) or 1)


def verdict(line, figures):
    if "neap" not in figures:
        return ""
    words = []
    faster = [name for name in OTHERS if figures.get(name, float("inf")) <= figures["neap"]]
    if line.ahead:
        words.append(f"behind {', '.join(faster)}" if faster else "ahead")
    if line.against is None or line.against in figures:
        figure = figures["neap"] / (figures[line.against] if line.against else 1)
        must = "2x goal" if line.must == 2 * line.goal else f"{line.must:,g}"
        figure /= NOISE
        reached = "goal" if figure <= line.goal else must if figure <= line.must else None
        words.append(f"within {reached}" if reached else f"OVER {must}")
    return ", ".join(words)


COLUMNS = (("row", 19), ("limit", 14), ("neap", 14), ("neap/limit", 10), ("goal", 14))
COLUMNS += tuple((name, 9) for name in OTHERS) + (("verdict", 0),)


def print_cells(cells):
    aligned = [f"{cells[0]:<{COLUMNS[0][1]}}"]
    aligned += [f"{cell:>{width}}" for cell, (_, width) in zip(cells[1:-1], COLUMNS[1:-1])]
    print("  ".join([*aligned, cells[-1]]).rstrip(), flush=True)


def show_figure(value):
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def print_line(line, samples):
    figures = medians(line, samples)

    def with_spread(name):
        text = show_figure(figures.get(name))
        return f"{text} ±{spread(line, samples[name]):.0f}%" if name in figures else text

    both = {"neap", "limit"} <= set(figures)
    ratio = f"{figures['neap'] / figures['limit']:.2f}" if both else "-"
    goal = f"{line.goal:,g}" if line.against is None else f"{line.goal:.4g} x {line.against}"
    others = [show_figure(figures.get(name)) for name in OTHERS]
    first = [line.title, with_spread("limit"), with_spread("neap"), ratio, goal]
    print_cells([*first, *others, verdict(line, figures)])


def print_table(programs, rows, args, failures):
    print(f"CPU ns per operation unless said; medians of {args.repeat}, ± half the range")
    print_cells([name for name, _ in COLUMNS])
    everything = {}
    for row in rows:
        everything[row] = samples = sample_row(programs, row, args, failures)
        for line in LINES:
            if line.row == row and any(samples.values()):
                print_line(line, samples)
    return everything


# ---- instructions ----------------------------------------------------------------------------


def count_instructions(command):
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    report = run([*tool, *command]).stderr
    return int(next(line.split()[-1] for line in report.splitlines() if "Collected :" in line))


def instructions_per_operation(command, row):
    """From two sizes, so that starting up and ending cancel out."""
    small = max(ROWS[row] // 50, LEAST.get(row, 0))
    large = 3 * small
    first, second = (count_instructions([*command, row, str(n)]) for n in (small, large))
    return (second - first) / (large - small)


def print_counts(programs, rows, failures):
    counts = {}
    print("instructions per operation (valgrind --tool=callgrind)")
    print(f"{'row':<16}{'limit':>10}{'neap':>10}{'neap/limit':>12}")
    for row in rows:
        if row in ("startup", "create") or row in io_rows.ROWS:
            continue
        counts[row] = {}
        for name in programs:
            show_progress(f"{row} {name}")
            try:
                counts[row][name] = instructions_per_operation(programs[name], row)
            except Failure as failure:
                failures.append(f"{name} {row} under valgrind: {failure}")
        show_progress("")
        limit, neap = counts[row].get("limit"), counts[row].get("neap")
        ratio = f"{neap / limit:.2f}" if limit and neap else "-"
        print(f"{row:<16}{show_figure(limit):>10}{show_figure(neap):>10}{ratio:>12}", flush=True)
    return counts


# ---- the command -----------------------------------------------------------------------------


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"default: all ({' '.join(ROWS)})")
    parser.add_argument("--neap", type=Path, default=BUILD / "neap", metavar="PATH")
    default = BUILD / "tests" / "bench" / "neap_bench_limit"
    parser.add_argument("--limit", type=Path, default=default, metavar="PATH")
    parser.add_argument(
        "--peers",
        default="asyncio,uvloop,node,limit",
        metavar="LIST",
        help="what to measure besides neap (default: %(default)s)",
    )
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="n times X; default: 1")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument(
        "--count",
        action="store_true",
        help="instructions per operation of neap and the limit instead, by valgrind",
    )
    args = parser.parse_args()
    unknown = [row for row in args.rows if row not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)} (rows: {' '.join(ROWS)})")
    if args.repeat < 1 or not 0 < args.scale < float("inf"):
        parser.error("--repeat and --scale must be positive")
    if args.count and not shutil.which("valgrind"):
        parser.error("--count needs valgrind")
    return args


def main():
    args = parse_arguments()
    rows = args.rows or default_rows(args)
    io_rows.allow_many_files()
    programs = choose_programs(args)
    failures = []
    if args.count:
        native = {name: programs[name] for name in ("limit", "neap") if name in programs}
        result = print_counts(native, rows, failures)
    else:
        result = print_table(programs, rows, args, failures)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
