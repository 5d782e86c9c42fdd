"""How the scripts beside this one run a program to its end."""

import subprocess

TIMEOUT = 600  # seconds for one process; the slowest row takes about 10


class Failure(Exception):
    """A program did not run, or did not print its result."""


def run(command, prepare=None, environment=None):
    """`prepare` is called in the new process before it becomes the program. `environment`: None for one's own."""
    try:
        done = subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            preexec_fn=prepare,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"still running after {TIMEOUT} s") from None
    if done.returncode != 0:
        output = done.stderr.strip() or done.stdout.strip()
        raise Failure(f"exit status {done.returncode}: {output}")
    return done
