"""Measurements: every one is a fresh process, and the programs take turns."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import io_rows
from processes import Failure, run
from programs import command_of
from rows import has_row


def client_of(args):
    return args.limit.with_name("neap_bench_client")


def create_of(args):
    return args.limit.with_name("neap_bench_create")


# ---- one measurement -------------------------------------------------------------------------


def measure(program, command, row, n, args, connections=io_rows.CONNECTIONS):
    """`command` as programs.find_programs gives it."""
    if row == "startup":
        return measure_startup(program, command[0], n)
    if row == "create":
        output = run([str(create_of(args)), program, str(n)]).stdout
    elif row in io_rows.SERVED:
        served = command_of(program, command, row)
        return io_rows.measure_served(served, client_of(args), row, n, connections)
    else:
        output = run([*command_of(program, command, row), row, str(n)]).stdout
    try:
        return json.loads(output)
    except ValueError:
        raise Failure(f"printed no result: {output!r}") from None


# The smallest program that has a loop at its disposal, and the same one that tells its memory.
# (The kernel's own figure for an ended child is no use: it starts from the parent's memory.)
LUA_EMPTY = ("", 'print(io.open("/proc/self/status"):read("*a"))')
LUV_EMPTY = tuple(f'local uv = require "luv" {text} uv.run()' for text in LUA_EMPTY)
STARTUP_SCRIPTS = {
    "limit": LUA_EMPTY,
    "neap": LUA_EMPTY,
    "luv-jit": LUV_EMPTY,
    "luv-5.4": LUV_EMPTY,
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


def sample_row(programs, row, n, args, failures, connections=io_rows.CONNECTIONS):
    """{program: [result, ...]}; a program that fails once is left out of the rest of the row."""
    able = [name for name in programs if has_row(name, row) and command_of(name, programs[name], row)]
    samples = {name: [] for name in able}
    for turn in range(args.repeat):
        names = list(samples)
        shift = turn % max(len(names), 1)  # so that nobody always runs after the same one
        for name in names[shift:] + names[:shift]:
            show_progress(f"{row} {turn + 1}/{args.repeat} {name}")
            try:
                samples[name].append(measure(name, programs[name], row, n, args, connections))
            except Failure as failure:
                failures.append(f"{name} {row} {n}: {failure}")
                del samples[name]
    show_progress("")
    return samples


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
