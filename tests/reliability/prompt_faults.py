"""The prompt when calls of the system fail: reads and writes of the terminal, its modes, the history file.

    python3 tests/reliability/prompt_faults.py NEAP LAYER          all, some at a time
    python3 tests/reliability/prompt_faults.py NEAP LAYER 8        each eighth of them
    python3 tests/reliability/prompt_faults.py NEAP LAYER RULE     one, as "read low 5 2 1 screen"

LAYER is the library of faults_layer.c. Each rule is tried in a session of its own, on a terminal that can draw ("screen"),
on one that cannot ("plain"), or with pipes ("pipe"). What must hold: the program ends by itself, with status 0 or 1 and no
signal; the terminal has the modes that it had; while nothing of the terminal fails for good, each entry is answered; the
history file has what it had before, in order, and the new entries unless writing them failed.
"""

import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import time
from concurrent.futures import ThreadPoolExecutor

import fcntl
import struct

LIMIT = float(os.environ.get("NEAP_TEST_LIMIT", "30"))
ENTRIES = [("x = 6 * 7", None), ("x + 100", b"142"), ("('ab'):rep(3)", b"ababab")]
OLD = ["old one", "old two", "old three"]
EINTR, EIO, EAGAIN, EACCES, ENOSPC = 4, 5, 11, 13, 28
SHORT, FOREVER = -1, 1000000


def rules():
    for kind in ("screen", "plain", "pipe"):
        for call in ("read", "write"):
            for first in (1, 2, 5, 9):
                yield f"{call} low {EINTR} {first} 3 {kind}"
                yield f"{call} low {EIO} {first} 1 {kind}"
                if kind == "screen":
                    yield f"{call} low {EAGAIN} {first} 2 {kind}"
            yield f"{call} low {SHORT} 1 {FOREVER} {kind}"
            yield f"{call} low {EIO} 1 {FOREVER} {kind}"
    for first in (1, 2, 3, 4, 7):
        yield f"tcsetattr low {EINTR} {first} 3 screen"
        yield f"tcsetattr low {EIO} {first} 1 screen"
    for call in ("tcgetattr", "ioctl"):
        yield f"{call} low {EIO} 1 1 screen"
        yield f"{call} low {EIO} 1 {FOREVER} screen"
    yield f"poll any {EINTR} 1 9 screen"
    for error in (EIO, ENOSPC, EINTR, SHORT):
        for first, count in ((1, 1), (2, 1), (1, FOREVER)):
            yield f"write file {error} {first} {count} history"
    for error in (EIO, EINTR, SHORT):
        yield f"pread file {error} 1 1 history"
        yield f"pread file {error} 2 1 history"
        yield f"pread file {error} 1 {FOREVER if error != EINTR else 5} history"
    for first in (1, 2, 3, 5):
        yield f"fstat file {EIO} {first} 1 history"
        yield f"ftruncate file {EIO} {first} 1 history"
    for first in range(1, 14):
        yield f"open any {EACCES} {first} 1 history"
    compacting = ("fsync", EIO), ("fsync", ENOSPC), ("rename", ENOSPC), ("write", ENOSPC), ("pread", EIO), ("fstat", EIO)
    for call, error in compacting:
        for first in (1, 2, 3, 4, 5, 6):
            yield f"{call} {'any' if call == 'rename' else 'file'} {error} {first} 1 compact"


class Problem(Exception):
    pass


class Session:
    def __init__(self, neap, layer, rule, directory):
        words = rule.split()
        self.kind = words[-1]
        self.history = os.path.join(directory, "history")
        # So many records that the first new one makes the file smaller.
        self.old = [f"old {i}" for i in range(20000)] if self.kind == "compact" else list(OLD)
        with open(self.history, "w") as file:
            file.write("".join(line + "\n" for line in self.old))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEAP_FAULT", "LUA_"))}
        environment.update(
            TERM="dumb" if self.kind == "plain" else "xterm", NEAP_HISTORY=self.history, HOME="/nonexistent",
            NO_COLOR="1", LD_PRELOAD=layer, NEAP_FAULT=" ".join(words[:-1]), TMPDIR=directory,
        )
        options = {}
        self.master = self.slave = None
        self.out = b""
        if self.kind == "pipe":
            options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        else:
            self.master, self.slave = pty.openpty()
            fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            self.modes = termios.tcgetattr(self.slave)
            options = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, "preexec_fn": self.own}
        self.process = subprocess.Popen([neap, "-i"], env=environment, **options)
        self.source = self.process.stdout.fileno() if self.kind == "pipe" else self.master
        self.target = self.process.stdin.fileno() if self.kind == "pipe" else self.master

    def own(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def read(self, seconds):
        if self.source is None or not select.select([self.source], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.source, 65536)
        except OSError:
            data = b""
        self.out += data
        if not data:
            self.source = None

    def wait(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end and self.process.poll() is None:
            self.read(0.02)
        return condition()

    def send(self, data):
        try:
            os.write(self.target, data)
        except OSError:  # it has ended
            pass

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        for each in (self.master, self.slave):
            if each is not None:
                os.close(each)


def check(neap, layer, rule):
    words = rule.split()
    error, count = int(words[2]), int(words[4])
    passes = error in (EINTR, EAGAIN, SHORT)
    of_terminal = words[-1] not in ("history", "compact")
    with tempfile.TemporaryDirectory() as directory:
        session = Session(neap, layer, rule, directory)
        try:
            newline = b"\n" if session.kind in ("plain", "pipe") else b"\r"
            answered = 0
            patience = LIMIT if passes or not of_terminal else 1
            session.wait(lambda: b"1> " in session.out, patience)
            for entry, answer in ENTRIES:
                before = len(session.out)
                session.send(entry.encode() + newline)
                if answer and session.wait(lambda: answer in session.out[before:], patience):
                    answered += 1
                elif not answer:
                    session.wait(lambda: b"2> " in session.out[before:], patience)
            if session.kind == "pipe":
                session.process.stdin.close()
            else:
                session.send(b"\x04")
            end = time.monotonic() + LIMIT
            while session.process.poll() is None:
                if time.monotonic() > end:
                    raise Problem(f"it does not end: {session.out[-300:]!r}")
                session.read(0.02)
                if session.kind != "pipe" and time.monotonic() > end - LIMIT / 2:
                    session.send(b"\x04")  # the entry before it was lost with a read that failed
            while session.source is not None and select.select([session.source], [], [], 0)[0]:
                session.read(0)
            status = session.process.returncode
            if status not in (0, 1) or (passes and status != 0):
                raise Problem(f"status {status}: {session.out[-600:]!r}")
            if session.slave is not None and termios.tcgetattr(session.slave) != session.modes:
                raise Problem("the terminal has other modes")
            if (passes or not of_terminal) and answered != 2:
                raise Problem(f"{answered} of 2 entries were answered: {session.out[-600:]!r}")
            check_history(session, passes)
        finally:
            session.close()


def check_history(session, passes):
    if session.kind in ("plain", "pipe"):
        return  # which have none
    with open(session.history) as file:
        lines = file.read().split("\n")
    new = [entry for entry, _ in ENTRIES]
    there = [line for line in lines if line in new]
    old = [line for line in lines if line.startswith("old")]
    least = 5000 if session.kind == "compact" else len(session.old)
    if len(old) < least or old != session.old[len(session.old) - len(old):]:
        raise Problem(f"old entries are lost: {len(old)} of {len(session.old)} are left")
    if passes and there != new:
        raise Problem(f"entries are lost: {there}")
    if there != [entry for entry in new if entry in there]:
        raise Problem(f"another order: {there}")


def attempt(neap, layer, rule):
    try:
        check(neap, layer, rule)
        return None
    except Problem as problem:
        return f"{rule}: {problem}"


def main():
    neap, layer, chosen = sys.argv[1], sys.argv[2], sys.argv[3:]
    step = int(chosen.pop()) if chosen and chosen[0].isdigit() else 1
    chosen = chosen or list(rules())[::step]
    with ThreadPoolExecutor(6) as pool:
        problems = [each for each in pool.map(lambda rule: attempt(neap, layer, rule), chosen) if each]
    for problem in problems:
        print(problem)
    print(f"{len(chosen)} sessions, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
