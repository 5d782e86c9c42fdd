#!/usr/bin/env python3
"""Runs every row once in every program that is installed, at a size that takes no time, and looks at the results.

usage: check_rows.py --neap PATH --limit PATH

A row that fails, or lacks a figure that a line of the table wants, is printed, and the exit status is 1.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import io_rows
from measuring import measure
from processes import Failure
from programs import choose_programs, command_of
from rows import LINES, ROWS, has_row
from run import parse_arguments

# The rows that are large whatever n is are tried in the smallest of their sizes, which is the same program.
SMALLER = {"switch100k": "switch1000", "jitter100k": "jitter1000", "jitter10k": "jitter1000", "sub_big": "sub_big10m"}
OPERATIONS = {"fib32": 1, "startup": 1, "create": 1, "copy1m": 1, "sub_seq": 1, "sub_8": 8, "sub_big10m": 1}
OPERATIONS |= {"offload": 10, "idle": 5, "sub_capture": 100_000, "parallel2": 1_000}
CONNECTIONS = 4
SAME_PROGRAM = {"switch1", "timers_cancel", "echo64", "http", "sub_seq", "offload", "startup"}  # uvloop is asyncio's


def wanted_fields(program, row):
    fields = {line.field for line in LINES if line.row == row}
    if row not in ("create", "idle"):
        fields |= {"wall_ns", "cpu_ns", "peak_rss"}
    if row == "copy1m" and program in ("asyncio", "uvloop"):
        fields.discard("cpu_ns")  # which is another process's
    return fields


def problem_of(program, command, row, args):
    """What is wrong with a row in a program, or None."""
    n = OPERATIONS.get(row, 200)
    try:
        result = measure(program, command, row, n, args, CONNECTIONS)
    except (Failure, OSError) as failure:
        return f"{program} {row} {n}: {failure}"
    missing = [field for field in wanted_fields(program, row) if not isinstance(result.get(field), (int, float))]
    return f"{program} {row} {n}: no {', '.join(missing)} in {result}" if missing else None


def main():
    args = parse_arguments(sys.argv[1:])
    programs = choose_programs(args)
    rows = dict.fromkeys(SMALLER.get(row, row) for row in ROWS)
    checks = [
        (name, command, row, args)
        for row in rows
        for name, command in programs.items()
        if has_row(name, row) and command_of(name, command, row) and (name != "uvloop" or row in SAME_PROGRAM)
    ]
    io_rows.allow_many_files()
    with ThreadPoolExecutor(2) as pool:
        problems = [problem for problem in pool.map(lambda check: problem_of(*check), checks) if problem]
    print("\n".join(problems))
    print(f"{len(checks)} checked in {', '.join(programs)}; {len(problems)} failed")
    return 1 if problems or not {"neap", "limit"} <= set(programs) else 0


if __name__ == "__main__":
    sys.exit(main())
