"""How run.py measures the rows with sockets, processes and threads.

A server has one processor to itself, and the client another: two programs that share one would measure the system's
scheduler. The client is the same for all, and written in C, so that it is never what the server waits for.
"""

import contextlib
import json
import os
import resource
import subprocess
from pathlib import Path

from processes import Failure, run

PEERS = Path(__file__).resolve().parent / "peers"
SCRIPTS = {
    "neap": "neap_io.lua",
    "asyncio": "asyncio_io.py",
    "uvloop": "asyncio_io.py",
    "node": "node_io.mjs",
    "luv-jit": "luv_io.lua",
    "luv-5.4": "luv_io.lua",
}
CONNECTIONS = 64
ECHO_SIZES = {"echo64": 64, "echo16384": 16384}
SERVED = {*ECHO_SIZES, "http", "idle"}
SUB_BIG = {"sub_big", "sub_big10m", "sub_big100m"}
ROWS = SERVED | SUB_BIG | {"sub_seq", "sub_8", "sub_capture", "offload", "parallel2"}


def command_of(program, command, row):
    """The command for these rows of the program that runs the others by `command`."""
    if program == "limit":
        name = "neap_bench_http_limit" if row == "http" else "neap_bench_io_limit"
        return [str(Path(command[0]).with_name(name))]
    interpreter, _, *options = command
    return [interpreter, str(PEERS / SCRIPTS[program]), *options]


def allow_many_files():
    """For the row idle: a descriptor for every connection, in the server and in the client."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "infinite", and refuses it
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def pin(place):
    """A function that puts a new process on one processor of those there are, if there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    return lambda: len(allowed) > 1 and os.sched_setaffinity(0, {allowed[place]})


@contextlib.contextmanager
def serving(command):
    """(port, process id) of a server that runs meanwhile."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=pin(0))
    try:
        port = process.stdout.readline().strip()
        if not port.isdecimal():
            raise Failure(f"printed no port: {port!r}")
        yield port, str(process.pid)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def peak_of(pid):
    """Bytes: the most that was ever resident of a process that still runs."""
    status = Path("/proc", pid, "status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def measure_served(command, client, row, n, connections):
    """A row of a server: what its client has measured, and the server's memory."""
    with serving([*command, "http" if row == "http" else "serve"]) as (port, pid):
        if row == "idle":
            arguments = ["idle", port, pid, str(n)]
        elif row == "http":
            arguments = ["http", port, pid, str(connections), str(n)]
        else:
            arguments = ["echo", port, pid, str(connections), str(ECHO_SIZES[row]), str(n)]
        result = json.loads(run([str(client), *arguments], prepare=pin(1)).stdout)
        return {**result, "row": row, "peak_rss": peak_of(pid)}
