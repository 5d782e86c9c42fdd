#!/usr/bin/env python3
"""The benchmark rows with sockets and processes in asyncio.

usage: asyncio_io.py [--uvloop] serve      prints its port, and echoes until it is killed
       asyncio_io.py [--uvloop] http       the same, and answers HTTP
       asyncio_io.py [--uvloop] ROW N      prints one line of JSON

The same programs as the other files here; see ../README.md for what each row is.
"""

import asyncio
import contextlib
import json
import re
import sys
import time

READ = 64 * 1024
AT_A_TIME = 8
BIG = 1 << 30


async def echo(reader, writer):
    while data := await reader.read(READ):
        writer.write(data)
        await writer.drain()
    writer.close()


REQUEST_LINE = re.compile(rb"(\S+) (\S+) HTTP/1\.1\r\n")


def respond(status, body):
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer(method, path):
    if method == b"GET" and path == b"/":
        return respond("200 OK", b"Hello, world!\n")
    return respond("404 Not Found", b"Not found\n")


async def http(reader, writer):
    with contextlib.suppress(asyncio.IncompleteReadError):
        while line := REQUEST_LINE.match(await reader.readuntil(b"\r\n\r\n")):
            writer.write(answer(line[1], line[2]))
            await writer.drain()
    writer.close()


async def serve(handle):
    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=511)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# Each row gives a function, which is measured; it does n operations.


async def spawn_one_by_one(n):
    for _ in range(n):
        process = await asyncio.create_subprocess_exec("true")
        assert await process.wait() == 0


def sub_seq():
    return spawn_one_by_one


def sub_8():
    async def run(n):
        await asyncio.gather(*(spawn_one_by_one(n // AT_A_TIME) for _ in range(AT_A_TIME)))

    return run


def sub_capture():
    async def run(n):
        process = await asyncio.create_subprocess_exec(
            "head", "-c", str(n), "/dev/zero", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert len(output) == n

    return run


def with_ballast(size):
    def prepare():
        ballast = b"x" * size

        async def run(n):
            await spawn_one_by_one(n)
            assert len(ballast) == size

        return run

    return prepare


def next_number(x):
    return x + 1


def offload():
    async def run(n):
        for i in range(n):
            assert await asyncio.to_thread(next_number, i) == i + 1

    return run


def compute(n):
    x = 1
    for _ in range(n):
        x = x * 16807 % 2147483647
    return x


def parallel2():
    async def run(n):
        begun = time.perf_counter_ns()
        await asyncio.to_thread(compute, n)
        one = time.perf_counter_ns()
        await asyncio.gather(asyncio.to_thread(compute, n), asyncio.to_thread(compute, n))
        return {"two_to_one": (time.perf_counter_ns() - one) / (one - begun)}

    return run


ROWS = {
    "offload": offload,
    "parallel2": parallel2,
    "sub_seq": sub_seq,
    "sub_8": sub_8,
    "sub_capture": sub_capture,
    "sub_big": with_ballast(BIG),
    "sub_big100m": with_ballast(100 << 20),
    "sub_big10m": with_ballast(10 << 20),
}


def peak():
    """The most bytes that were ever resident; None where there is no /proc."""
    with contextlib.suppress(FileNotFoundError), open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


async def measure(name, n):
    run = ROWS[name]()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    more = await run(n)
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    result = {"row": name, "n": n, "cpu_ns": cpu / n, "wall_ns": wall / n, "peak_rss": peak()}
    print(json.dumps(result | (more or {})))


def main(args):
    if "--uvloop" in args:
        args.remove("--uvloop")
        import uvloop

        uvloop.install()
    if args in (["serve"], ["http"]):
        asyncio.run(serve(http if args == ["http"] else echo))
    elif len(args) == 2 and args[0] in ROWS:
        asyncio.run(measure(args[0], int(args[1])))
    else:
        sys.exit(f"{__doc__}\nrows: {' '.join(ROWS)}")


main(sys.argv[1:])
