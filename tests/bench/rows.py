"""The rows: how many operations each does, and what lines of the table it gives."""

from dataclasses import dataclass

STARTUPS = 10  # processes started for one sample of the row startup

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
    "jitter1000": 500_000,
    "jitter10k": 500_000,
    "jitter100k": 500_000,
    "copy1m": 100,
    "strmix": 1_000_000,
    "fib32": 3,
    "startup": STARTUPS,
    "create": 2_000,
    "echo64": 200_000,
    "echo16384": 100_000,
    "http": 100_000,
    "idle": 10_000,
    "sub_seq": 400,
    "sub_8": 800,
    "sub_capture": 64 * 2**20,
    "sub_big": 200,
    "offload": 20_000,
    "parallel2": 40_000_000,
}
# Asked for by --grow alone: other sizes of a row whose size is not its number of operations.
VARIANTS = {
    "switch10k": ROWS["switch100k"],
    "chain10": ROWS["chain100"],
    "chain1000": ROWS["chain100"],
    "deep10": ROWS["deep100"],
    "deep1000": ROWS["deep100"] // 10,  # asyncio goes through all calls each time
    "sub_big10m": ROWS["sub_big"],
    "sub_big100m": ROWS["sub_big"],
}
GROUPS = {
    "switch": ("switch1", "switch1000", "switch100k"),
    "jitter": ("jitter1000", "jitter10k", "jitter100k"),
    "echo": ("echo64", "echo16384"),
    "sub": ("sub_seq", "sub_8", "sub_capture", "sub_big"),
}
FIXED = {"startup", "idle", "sub_capture", "sub_big", "parallel2"}  # where --scale changes nothing
# One round for each task; quick; one call that takes long.
LEAST = {"switch1000": 1_000, "switch10k": 10_000, "switch100k": 100_000, "copy1m": 10, "fib32": 1}
LEAST |= {"chain1000": 1_000}
PLAIN = {"fib32", "strmix"}  # no loop is in it: a program of Lua alone


def operations(row, scale=1.0):
    most = (ROWS | VARIANTS)[row]
    return most if row in FIXED else max(round(most * scale), LEAST.get(row, 100))


def has_row(program, row):
    if row == "create":
        return program in ("limit", "neap")
    if row == "copy1m":
        # Threads that copy nothing would be another program; those of luv take no tables.
        return program in ("neap", "asyncio", "uvloop", "node")
    if row in PLAIN:
        return program != "uvloop"  # which is asyncio's program without the loop
    return row != "chain100_plain" or program in ("limit", "neap")


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
    ahead: bool = True  # is being ahead of asyncio, uvloop and Node asked for?

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
    Line("jitter 1,000, ms", 3, "jitter1000", "gap_ms", against=None, ahead=False),
    Line("jitter 10,000, ms", 3, "jitter10k", "gap_ms", against=None, ahead=False),
    Line("jitter 100,000, ms", 3, "jitter100k", "gap_ms", against=None, ahead=False),
    Line("copy1m, wall us", 1.0, "copy1m", "wall_ns", divisor=1e3, against="node"),
    Line("copy1m, CPU us", 1.0, "copy1m", divisor=1e3, against="node"),
    Line("strmix", 1.0, ahead=False),
    Line("fib32, ms", 1.0, "fib32", divisor=1e6, ahead=False),
    Line("echo64", 1 / 0.92),
    Line("echo64, wall", 1 / 0.92, "echo64", "wall_ns"),
    Line("echo16384", 1 / 0.9),
    Line("echo16384, wall", 1 / 0.9, "echo16384", "wall_ns"),
    Line("http", 1 / 0.9),
    Line("http, wall", 1 / 0.9, "http", "wall_ns"),
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
