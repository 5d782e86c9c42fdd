"""A program on a pseudo-terminal, and a model of the screen that shows what it writes.

Nothing sleeps for a fixed time: everything waits for what must come, and gives up after LIMIT seconds with what
the screen showed instead.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

LIMIT = float(os.environ.get("NEAP_TEST_LIMIT", "20"))


class Failure(Exception):
    pass


class Terminal:
    opened = []

    def __init__(self, argv, columns=60, rows=16, env=None, before=None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.output = bytearray()
        self.feeding = True
        self.controller, self.device = pty.openpty()
        self.set_size(columns, rows)
        if before:
            before(self.device)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NEAP_", "LUA_", "XDG_", "TMUX")) or name == "NEAP_STDLIB"
        }
        environment.update(TERM="xterm-256color", XTERM_VERSION="a model", NEAP_HISTORY="", HOME="/nonexistent")
        environment.update(env or {})
        self.child = subprocess.Popen(
            argv,
            stdin=self.device,
            stdout=self.device,
            stderr=self.device,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            close_fds=True,
        )
        Terminal.opened.append(self)

    # Input.

    def send(self, keys):
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            _, writable, _ = select.select([], [self.controller], [], 0.05)
            if writable:
                data = data[os.write(self.controller, data[:512]):]
            self.read(0)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.device, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        """As the user does it with the window: the model first, then the program is told."""
        self.screen.resize(rows, columns)
        self.screen.cursor.x = min(self.screen.cursor.x, columns - 1)
        self.set_size(columns, rows)  # sends SIGWINCH

    def signal(self, number):
        os.kill(self.child.pid, number)

    def modes(self):
        modes = termios.tcgetattr(self.device)
        modes[6] = [value if isinstance(value, int) else value[0] for value in modes[6]]
        return modes

    # Output.

    def read(self, timeout):
        """Feeds what comes to the screen. False when nothing has come, or all has."""
        readable, _, _ = select.select([self.controller], [], [], timeout)
        if not readable:
            return False
        try:
            data = os.read(self.controller, 65536)
        except OSError:
            return False
        self.output += data
        if self.feeding:
            self.stream.feed(data)
        return bool(data)

    def wait(self, condition, what):
        end = time.monotonic() + LIMIT
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"{what} did not come; the screen:\n{self.picture()}")
            self.read(min(left, 0.05))

    def lines(self):
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def cursor(self):
        return (self.screen.cursor.y, self.screen.cursor.x)

    def picture(self):
        return "\n".join(f"{number:3}|{line}" for number, line in enumerate(self.lines())) + f"\n  cursor {self.cursor()}"

    def expect(self, *lines, cursor=None, what="the screen"):
        """Waits until the screen shows exactly these lines, and the cursor is at (row, column)."""
        wanted = list(lines)
        while wanted and not wanted[-1]:
            wanted.pop()

        def matches():
            return self.lines() == wanted and (cursor is None or self.cursor() == cursor)

        shown = "\n".join(f"{number:3}|{line}" for number, line in enumerate(wanted))
        self.wait(matches, f"{what}\n{shown}\n  cursor {cursor}\n")

    def expect_text(self, text):
        self.wait(lambda: any(text in line for line in self.lines()), repr(text))

    def expect_end(self, status=0):
        """Waits for the end of the program, and that it is this one."""
        end = time.monotonic() + LIMIT
        while self.child.poll() is None:
            if time.monotonic() > end:
                raise Failure(f"the program did not end; the screen:\n{self.picture()}")
            self.read(0.01)
        while self.read(0.01):
            pass
        if self.child.returncode != status:
            raise Failure(f"status {self.child.returncode} and not {status}; the screen:\n{self.picture()}")

    def close(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        os.close(self.controller)
        os.close(self.device)
