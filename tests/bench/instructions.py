"""--count: instructions per operation of neap and the limit, by valgrind."""

import io_rows
from counting import count_instructions
from measuring import show_progress
from processes import Failure
from programs import command_of
from rows import LEAST, ROWS
from table import show_figure


def instructions_per_operation(command, row):
    """From two sizes, so that starting up and ending cancel out."""
    small = max(ROWS[row] // 50, LEAST.get(row, 0))
    large = 3 * small
    first, second = (count_instructions([*command, row, n])[0] for n in (small, large))
    return (second - first) / (large - small)


def print_counts(programs, rows, failures):
    counts = {}
    print("instructions per operation (valgrind --tool=callgrind)")
    print(f"{'row':<16}{'C limit':>10}{'neap':>10}{'neap/limit':>12}")
    for row in rows:
        if row in ("startup", "create") or row in io_rows.ROWS:
            continue
        counts[row] = {}
        for name in programs:
            command = command_of(name, programs[name], row)
            if not command or (row == "copy1m" and name == "limit"):
                continue
            show_progress(f"{row} {name}")
            try:
                counts[row][name] = instructions_per_operation(command, row)
            except Failure as failure:
                failures.append(f"{name} {row} under valgrind: {failure}")
        show_progress("")
        limit, neap = counts[row].get("limit"), counts[row].get("neap")
        ratio = f"{neap / limit:.2f}" if limit and neap else "-"
        print(f"{row:<16}{show_figure(limit):>10}{show_figure(neap):>10}{ratio:>12}", flush=True)
    return counts
