"""How run.py and io_rows.py run a program to its end."""

import subprocess

TIMEOUT = 600  # seconds for one process; the slowest row takes about 10


class Failure(Exception):
    """A program did not run, or did not print its result."""


def run(command, prepare=None):
    """`prepare` is called in the new process before it becomes the program."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, preexec_fn=prepare)
    except subprocess.TimeoutExpired:
        raise Failure(f"still running after {TIMEOUT} s") from None
    if done.returncode != 0:
        output = done.stderr.strip() or done.stdout.strip()
        raise Failure(f"exit status {done.returncode}: {output}")
    return done
