#!/usr/bin/env python3
"""The benchmark rows in asyncio.

usage: asyncio_rows.py [--uvloop] ROW [N]

The same programs as the other files here; see ../README.md for what each row is. (Not called
asyncio.py: a script of that name would import itself.)
"""

import asyncio
import concurrent.futures
import functools
import json
import re
import sys
import time

ROWS = {}


def row(function):
    """A row: called with n, measured as a whole, gives the operations done if that is not n.

    parked gives a function instead, called after the measurement, which ends its tasks."""
    ROWS[function.__name__] = function
    return function


async def nap():
    await asyncio.sleep(0)


async def switch(n, tasks):
    rounds = max(n // tasks, 1)

    async def child():
        for _ in range(rounds):
            await asyncio.sleep(0)

    await asyncio.gather(*(child() for _ in range(tasks)))
    return rounds * tasks


for name, tasks in (("switch1", 1), ("switch1000", 1000), ("switch10k", 10_000), ("switch100k", 100_000)):
    ROWS[name] = functools.partial(switch, tasks=tasks)


@row
async def spawn_seq(n):
    for _ in range(n):
        await asyncio.create_task(nap())


@row
async def gather(n):
    await asyncio.gather(*(nap() for _ in range(n)))


@row
async def parked(n):
    gate = asyncio.get_running_loop().create_future()

    async def child():
        await gate

    tasks = [asyncio.create_task(child()) for _ in range(n)]
    await asyncio.sleep(0)

    async def finish():
        gate.set_result(None)
        await asyncio.gather(*tasks)

    return finish


class Clock:
    """What is measured begins with the row, or where the row starts it once everything is in place."""

    def start(self):
        self.wall, self.cpu = time.perf_counter_ns(), time.process_time_ns()

    def read(self):
        return time.perf_counter_ns() - self.wall, time.process_time_ns() - self.cpu


CLOCK = Clock()


@row
async def event(n):
    event = asyncio.Event()
    tasks = [asyncio.create_task(event.wait()) for _ in range(n)]
    await asyncio.sleep(0)
    CLOCK.start()
    event.set()
    await asyncio.gather(*tasks)


async def queue(n, maxsize):
    queue = asyncio.Queue(maxsize)

    async def produce():
        for i in range(n):
            await queue.put(i)

    producer = asyncio.create_task(produce())
    for i in range(n):
        assert await queue.get() == i
    await producer


@row
async def queue100(n):
    await queue(n, 100)


@row
async def queueinf(n):
    await queue(n, 0)


@row
async def lock100(n):
    lock = asyncio.Lock()
    rounds = max(n // 100, 1)

    async def child():
        for _ in range(rounds):
            async with lock:
                await asyncio.sleep(0)

    await asyncio.gather(*(child() for _ in range(100)))
    return rounds * 100


@row
async def sem5(n):
    semaphore = asyncio.Semaphore(5)

    async def child():
        async with semaphore:
            await asyncio.sleep(0)

    await asyncio.gather(*(child() for _ in range(n)))


def delay(i):
    return i * 7919 % 50021 / 50021 * 0.5


@row
async def timers(n):
    async def child(i):
        await asyncio.sleep(delay(i))

    await asyncio.gather(*(child(i) for i in range(1, n + 1)))


@row
async def timers_late(n):
    loop = asyncio.get_running_loop()
    latest = 0

    async def child(i):
        nonlocal latest
        due = loop.time() + delay(i)
        await asyncio.sleep(delay(i))
        latest = max(latest, loop.time() - due)

    await asyncio.gather(*(child(i) for i in range(1, n + 1)))
    return {"late_ms": latest * 1e3}


@row
async def timers_cancel(n):
    loop = asyncio.get_running_loop()

    def never():
        raise AssertionError("a cancelled call ran")

    for i in range(1, n + 1):
        loop.call_later(60, never).cancel()
        if i % 100 == 0:
            await asyncio.sleep(0)


@row
async def timeout(n):
    for _ in range(n):
        async with asyncio.timeout(10):
            await asyncio.sleep(0)


@row
async def pingpong(n):
    loop = asyncio.get_running_loop()
    ping, pong = loop.create_future(), None

    async def ponger():
        nonlocal ping
        for _ in range(n):
            await ping
            ping = loop.create_future()
            pong.set_result(None)

    task = asyncio.create_task(ponger())
    for _ in range(n):
        pong = loop.create_future()
        ping.set_result(None)
        await pong
    await task


async def chain(n, depth):
    async def step(left):
        if left == 0:
            return 0
        return 1 + await step(left - 1)

    for _ in range(n // depth):
        assert await step(depth) == depth


async def deep(n, depth):
    async def descend(left):
        if left > 0:
            return await descend(left - 1)
        for _ in range(n):
            await asyncio.sleep(0)

    await descend(depth)


for depth in (10, 100, 1000):
    ROWS[f"chain{depth}"] = functools.partial(chain, depth=depth)
    ROWS[f"deep{depth}"] = functools.partial(deep, depth=depth)


@row
async def cancel(n):
    loop = asyncio.get_running_loop()
    cleaned = 0

    async def child():
        nonlocal cleaned
        try:
            await loop.create_future()
        finally:
            cleaned += 1

    tasks = [asyncio.create_task(child()) for _ in range(n)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert cleaned == n


@row
async def cancel_rev(n):
    cleaned, event = 0, asyncio.Event()

    async def child():
        nonlocal cleaned
        try:
            await event.wait()
        finally:
            cleaned += 1

    tasks = [asyncio.create_task(child()) for _ in range(n)]
    await asyncio.sleep(0)
    for task in reversed(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert cleaned == n


KEPT = 1000


async def jitter(n, parked):
    """The longest time between two steps of a task that makes records and keeps the last 1,000 of them."""
    gate = asyncio.get_running_loop().create_future()

    async def wait():
        await gate

    tasks = [asyncio.create_task(wait()) for _ in range(parked)]
    await asyncio.sleep(0)
    kept, longest = [None] * KEPT, 0
    CLOCK.start()
    before = time.perf_counter_ns()
    for i in range(n):
        kept[i % KEPT] = {"id": i, "name": f"user {i}", "tags": ["a", "b", i]}
        await asyncio.sleep(0)
        after = time.perf_counter_ns()
        longest = max(longest, after - before)
        before = after
    gate.set_result(None)
    await asyncio.gather(*tasks)
    return {"gap_ms": longest / 1e6}


for name, parked in (("jitter1000", 1000), ("jitter10k", 10_000), ("jitter100k", 100_000)):
    ROWS[name] = functools.partial(jitter, parked=parked)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@row
async def fib32(n):
    for _ in range(n):
        assert fib(32) == 2178309


LINE = re.compile(r"(\w+):(\d+):")


@row
async def strmix(n):
    parts, size = [], 0
    for i in range(1, n + 1):
        line = f"user{i % 1000}:{i}:some text"
        name, number = LINE.match(line).groups()
        parts.append(name.upper() + "=" + number)
        if i % 100 == 0:
            size += len(",".join(parts))
            parts = []
    assert n < 100 or size > 0


def identity(value):
    return value


@row
async def copy1m(n):
    """About 1 MiB, there and back: to another process, since threads copy nothing."""
    data = [
        {"id": i, "name": f"user {i}", "score": i / 2, "active": i % 2 == 0, "tags": ["a", "b", i % 10]}
        for i in range(1, 15001)
    ]
    loop = asyncio.get_running_loop()
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        assert len(await loop.run_in_executor(pool, identity, data)) == 15000
        CLOCK.start()
        for _ in range(n):
            await loop.run_in_executor(pool, identity, data)
        wall, _ = CLOCK.read()
    return {"wall_ns": wall / n, "cpu_ns": None}  # the other process's time is not in ours


def memory(field):
    """Bytes: VmRSS is resident now, VmHWM the most that ever was. None where there is no /proc."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))
    except FileNotFoundError:
        return None


async def measure(name, n):
    resident = memory("VmRSS")
    CLOCK.start()
    answer = await ROWS[name](n)
    wall, cpu = CLOCK.read()
    ops = answer if isinstance(answer, int) else n
    result = {"row": name, "n": ops, "cpu_ns": cpu / ops, "wall_ns": wall / ops}
    result["peak_rss"] = memory("VmHWM")
    if callable(answer):
        result["bytes_each"] = resident and (memory("VmRSS") - resident) / ops
        await answer()
    if isinstance(answer, dict):
        result |= answer
    print(json.dumps(result))


def main(args):
    if "--uvloop" in args:
        args.remove("--uvloop")
        import uvloop

        uvloop.install()
    if not args or args[0] not in ROWS:
        sys.exit(f"{__doc__}\nrows: {' '.join(ROWS)}")
    sys.setrecursionlimit(10_000)  # for deep1000 and chain1000
    asyncio.run(measure(args[0], int(args[1]) if len(args) > 1 else 100_000))


main(sys.argv[1:])
