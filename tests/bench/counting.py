"""Counts what a program does: instructions and system calls under valgrind, allocations by a preloaded library.

Two runs of one program differ by less than a thousandth, for what would differ is fixed: how much time passes and the
seed of Lua's hashes (counts/time.c), the addresses, the environment, and which of the C library's variants for newer
processors are used.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from processes import run

# The C library's plain variants, which every processor has.
PLAIN = "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in ("AVX", "AVX2", "AVX512F", "ERMS", "FSRM", "SSE4_2"))
# A clock that is read without the kernel elsewhere is a system call under valgrind.
CLOCKS = {"clock_gettime", "gettimeofday", "time", "getcpu"}
SYSTEM_CALL = re.compile(r"^SYSCALL\[\d+,\d+\]\(\s*\d+\) (?:sys_)?(\w+)", re.MULTILINE)
COLLECTED = re.compile(r"Collected : (\d+)")


def environment(**more):
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "GLIBC_TUNABLES": PLAIN, **more}


def has_valgrind():
    return shutil.which("valgrind") is not None


def pin():
    """Keeps the new process on one processor: valgrind runs one thread at a time, so none may wait for others awake."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def count_instructions(command, time=None):
    """(instructions, system calls) of one run. `time`: the library of counts/time.c, if it is built."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-syscalls=yes"]
    preload = {"LD_PRELOAD": str(time)} if time else {}
    report = run([*tool, *map(str, command)], pin, environment(**preload)).stderr
    calls = [name for name in SYSTEM_CALL.findall(report) if name not in CLOCKS]
    return int(COLLECTED.search(report).group(1)), len(calls)


def count_allocations(command, library):
    """(blocks, bytes) that one run asks for."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts")
        run(map(str, command), pin, environment(LD_PRELOAD=str(library), NEAP_COUNTS=str(counts)))
        blocks, size = counts.read_text().split()
    return int(blocks), int(size)
