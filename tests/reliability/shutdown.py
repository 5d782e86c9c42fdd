"""Programs that end at any moment, in any way: what they leave behind.

    python3 tests/reliability/shutdown.py PATH_OF_NEAP SCENARIO [WAY]
    python3 tests/reliability/shutdown.py PATH_OF_NEAP all          some of them at a time
    python3 tests/reliability/shutdown.py --list

Each scenario is a program that is in the middle of something, with output that is not flushed, a temporary file and
directory, and a variable to be closed that waits and writes. It is ended in each way of WAYS that there is for it. Then:
the exit status is right, what was written has arrived, the cleanup ran where that is promised, no process, no temporary
file and no changed mode of the terminal is left. Status 0: so it was; 1: what was wrong is told.
"""

import ctypes
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from concurrent.futures import ThreadPoolExecutor

LIMIT = float(os.environ.get("NEAP_TEST_LIMIT", "30"))
PR_SET_CHILD_SUBREAPER = 36

# What is done in the middle. `ready()` says that it is.
BODIES = {
    "sleep": "ready() async.sleep(600)",
    "compute": "ready() local n = 0 while true do n = n + 1 end",
    "compute_protected": "ready() while true do pcall(function() local n = 0 while true do n = n + 1 end end) end",
    "stdin": "ready() io.read()",
    "stream": "ready() async.stdin:read(1)",
    "child": """
        local process <close> = async.create_subprocess_exec("sleep", "600")
        ready() process:wait()""",
    "forgotten_child": """
        kept = async.create_subprocess_exec("sleep", "600", { stdout = async.subprocess.PIPE })
        ready() async.sleep(600)""",
    "pipeline": """
        local PIPE = async.subprocess.PIPE
        local first <close> = async.create_subprocess_exec("sleep", "600", { stdout = PIPE })
        local second <close> = async.create_subprocess_exec("cat", { stdin = first.stdout, stdout = PIPE })
        ready() second:communicate()""",
    "run": "async.spawn(function() async.sleep(0.1) ready() end) async.subprocess.run('exec sleep 600', { capture = true })",
    "popen": "local pipe <close> = io.popen('while sleep 0.05; do echo; done') ready() pipe:read('a')",
    "execute": "async.spawn(function() async.sleep(0.1) ready() end) os.execute('exec sleep 600')",
    "thread": "ready() async.to_thread(function() while true do end end)",
    "worker": """
        local worker <close> = async.Worker(function(parent) parent:send(1) parent:receive() end)
        worker:receive() ready() worker:receive()""",
    "isolate": """
        local box <close> = neap.isolate.start { confine = false }
        async.spawn(function() async.sleep(0.1) ready() end)
        box:run("while true do end")""",
    "server": """
        local server <close> = async.start_server(function(stream) stream:read("a") end, "127.0.0.1", 0)
        local client <close> = async.open_connection("127.0.0.1", server:address().port)
        client:write("x") ready() client:read("a")""",
    "group": """
        local group <close> = async.TaskGroup()
        for i = 1, 3 do group:spawn(async.sleep, 600) end
        group:spawn(ready)""",
    "file": """
        local file = fs.open(os.getenv("TMPDIR") .. "/kept", "w")
        file:write("kept") ready() async.sleep(600)""",
}

PROGRAM = """
local fs = neap.fs
local way = ...
local is_ready = async.Event()
local function ready()
  io.stderr:write("ready\\n")
  is_ready:set()
end
local temporary <close> = fs.tempfile()
temporary:write("x"):flush()
local directory <close> = fs.tempdir()
fs.write(directory.path .. "/in it", "x")
local function body()
  local cleanup <close> = setmetatable({}, { __close = function()
    async.sleep(0.01)
    io.write("cleaned\\n")
  end })
  io.write("written\\n")
  %s
end
if way == "outside" then return body() end
async.spawn(body)
is_ready:wait()
if way == "error" then error("on purpose") end
if way == "exit" then os.exit(3) end
if way == "exit in order" then os.exit(4, true) end
if way == "exit in a thread" then async.to_thread(os.exit, 5) end
"""

# The argument of the program; what is done to it from outside; its status; whether the cleanup runs.
WAYS = {
    "end": ("end", None, 0, True),
    "error": ("error", None, 1, True),
    "os.exit(3)": ("exit", None, 3, False),
    "os.exit(4, true)": ("exit in order", None, 4, None),
    "os.exit(5) in a thread": ("exit in a thread", None, 5, False),
    "SIGINT": ("outside", [signal.SIGINT], 130, True),
    "SIGTERM": ("outside", [signal.SIGTERM], -15, True),
    "SIGHUP": ("outside", [signal.SIGHUP], -1, True),
    "SIGTERM twice": ("outside", [signal.SIGTERM, signal.SIGTERM], -15, None),
    "SIGTERM while a thread ends": ("end", [signal.SIGTERM], None, None),
    "a closed terminal": ("outside", "hang up", None, None),  # nobody can be told
}
# Ways that a program cannot take: code that computes does not let others have their turn.
OUTSIDE_ONLY = ("compute", "compute_protected")


def skipped(name, way):
    if name in OUTSIDE_ONLY:
        return WAYS[way][0] != "outside" or way == "SIGINT"  # which waits until the code does
    return False


class Problem(Exception):
    pass


def children():
    """Of this process, to which the orphans come."""
    found = []
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children") as file:
            found += map(int, file.read().split())
    return found


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read().replace("\0", " ")
    except OSError:
        return "?"


def reap():
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def check_no_child():
    """Those that were killed may take a moment."""
    deadline = time.monotonic() + 3
    while True:
        reap()
        left = children()
        if not left:
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    told = "; ".join(command_of(pid) for pid in left)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)
    reap()
    raise Problem(f"processes are left: {told}")


class Run:
    """A program with its standard input and output on a terminal, or with pipes; standard error is a pipe."""

    def __init__(self, argv, directory, on_terminal):
        self.out, self.err = b"", b""
        self.master = self.slave = None
        options = {}
        if on_terminal:
            self.master, self.slave = pty.openpty()
            self.modes = termios.tcgetattr(self.slave)
            options = {"stdin": self.slave, "stdout": self.slave, "preexec_fn": own_terminal}
        else:
            options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "preexec_fn": os.setsid}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LUA_")}
        environment.update(TMPDIR=directory, NEAP_HISTORY="", TERM="xterm", HOME="/nonexistent")
        self.process = subprocess.Popen(argv, stderr=subprocess.PIPE, env=environment, **options)
        self.source = self.master if on_terminal else self.process.stdout.fileno()
        self.error = self.process.stderr.fileno()

    def read(self, seconds):
        """What comes within that time. False when neither stream is open any more."""
        sources = [each for each in (self.source, self.error) if each is not None]
        for source in select.select(sources, [], [], seconds)[0] if sources else ():
            try:
                data = os.read(source, 65536)
            except OSError:  # how the end of a terminal shows
                data = b""
            if source == self.error:
                self.err += data
                self.error = self.error if data else None
            else:
                self.out += data
                self.source = self.source if data else None
        return bool(sources)

    def wait_for(self, condition, what):
        deadline = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > deadline:
                raise Problem(f"{what} did not come")
            if not self.read(0.1) and not condition():
                raise Problem(f"it ended before {what}: {self.err!r}")

    def finish(self):
        """Its status, when it has ended by itself."""
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise Problem("it does not end")
            if not self.read(0.02):
                time.sleep(0.002)
        # What it has written is there; a child that it has left may hold the pipes open.
        while select.select([each for each in (self.source, self.error) if each is not None], [], [], 0)[0]:
            self.read(0)
        return self.process.returncode

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = self.source = None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for each in (self.process.stdin, self.process.stdout, self.process.stderr):
            if each:
                each.close()
        for each in (self.master, self.slave):
            if each is not None:
                os.close(each)


def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def check_left(directory):
    left = [name for name in os.listdir(directory) if name != "kept"]
    if left:
        raise Problem(f"temporary files are left: {left}")
    kept = os.path.join(directory, "kept")
    if os.path.exists(kept) and open(kept).read() != "kept":
        raise Problem("what was written to a file is lost")


def check(name, way, neap, directory):
    argument, outside, status, cleaned = WAYS[way]
    script = os.path.join(directory, "x.lua")
    with open(script, "w") as file:
        file.write(PROGRAM % BODIES[name])
    temporary = os.path.join(directory, "tmp")
    os.makedirs(temporary, exist_ok=True)
    run = Run([neap, script, argument], temporary, outside == "hang up")
    try:
        run.wait_for(lambda: b"ready\n" in run.err, "'ready'")
        if outside == "hang up":
            run.hang_up()
        for number in outside if isinstance(outside, list) else ():
            run.process.send_signal(number)
            time.sleep(0.005)
        got = run.finish()
        if status is not None and got != status:
            raise Problem(f"status {got}, and not {status}: {run.err!r}")
        out = run.out.decode().replace("\r", "")
        if outside != "hang up" and "written\n" not in out and way != "SIGTERM twice":
            raise Problem(f"output is lost: {out!r}")
        if cleaned is not None and ("cleaned\n" in out) != cleaned:
            raise Problem(f"the cleanup {'did not run' if cleaned else 'ran'}: {out!r} {run.err!r}")
        check_no_child()
        if way != "SIGTERM twice":  # the end at once
            check_left(temporary)
    finally:
        run.close()
        reap()
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        reap()


# The prompt, with the terminal in its own modes and a task in the background.

BACKGROUND = (
    "async.spawn(function() "
    "local d <close> = neap.fs.tempdir() neap.fs.write(d.path .. '/x', 'x') "
    "local p <close> = async.create_subprocess_exec('sleep', '600') "
    "io.stderr:write('ready\\n') p:wait() end)\r"
)
PROMPT_WAYS = {
    "Ctrl-D": (b"\x04", 0),
    "os.exit(3)": (b"os.exit(3)\r", 3),
    "os.exit(3, true)": (b"os.exit(3, true)\r", 3),
    "os.exit in a thread": (b"async.to_thread(os.exit, 3)\r", 3),
    "SIGTERM": ([signal.SIGTERM], -15),
    "SIGHUP": ([signal.SIGHUP], -1),
    "a closed terminal": ("hang up", None),
}


def check_prompt(way, neap, directory):
    act, status = PROMPT_WAYS[way]
    temporary = os.path.join(directory, "tmp")
    os.makedirs(temporary, exist_ok=True)
    run = Run([neap], temporary, True)
    try:
        run.wait_for(lambda: b"1>" in run.out, "the prompt")
        os.write(run.master, BACKGROUND.encode())
        run.wait_for(lambda: b"ready" in run.out + run.err and b"2>" in run.out, "the second prompt")
        if act == "hang up":
            run.hang_up()
        elif isinstance(act, bytes):
            os.write(run.master, act)
        else:
            for number in act:
                run.process.send_signal(number)
        got = run.finish()
        if status is not None and got != status:
            raise Problem(f"status {got}, and not {status}: {run.err!r}")
        if run.slave is not None and termios.tcgetattr(run.slave) != run.modes:
            raise Problem("the terminal has other modes")
        check_no_child()
        check_left(temporary)
    finally:
        run.close()
        reap()


def run_all(neap):
    """Mostly they wait, so some run at once, each in a process of its own, to which its orphans come."""

    def run(name):
        return subprocess.run([sys.executable, __file__, neap, name], stdout=subprocess.PIPE).stdout

    with ThreadPoolExecutor(4) as pool:
        told = b"".join(pool.map(run, [*BODIES, "prompt"]))
    sys.stdout.buffer.write(told)
    sys.exit(told != b"")


def main():
    if sys.argv[1] == "--list":
        return print(*BODIES, "prompt")
    neap, name = sys.argv[1:3]
    if name == "all":
        run_all(neap)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    problems = 0
    for way in PROMPT_WAYS if name == "prompt" else WAYS:
        if len(sys.argv) > 3 and way != sys.argv[3] or name != "prompt" and skipped(name, way):
            continue
        with tempfile.TemporaryDirectory() as directory:
            try:
                if name == "prompt":
                    check_prompt(way, neap, directory)
                else:
                    check(name, way, neap, directory)
            except Problem as problem:
                problems += 1
                print(f"{name}, {way}: {problem}")
    sys.exit(problems != 0)


main()
