"""Uses scripts/examples/agent as a person does, on a pseudo-terminal, where Ctrl-C reaches every process of it.

    python3 tests/scripts/examples/agent_terminal.py NEAP MAIN SERVER_COMMAND
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "repl"))
from terminal import Failure, Terminal  # noqa: E402

CTRL_C, CTRL_D = "\x03", "\x04"


def start(neap, main, server):
    terminal = Terminal([neap, main, "--delay", "0.01", "--server", server], columns=100, rows=30,
                        env={"NO_COLOR": "1"})
    terminal.wait(lambda: terminal.lines()[-1:] == [">"], "the prompt")
    return terminal


def prompt_comes(terminal):
    terminal.wait(lambda: terminal.lines()[-1:] == [">"], "the prompt")


def cancel_and_go_on(terminal):
    """Ctrl-C in a call of a tool, and in the middle of a text; the server lives on through both."""
    terminal.send("search for rope\r")
    terminal.expect_text("-> search_notes(word=rope)")
    terminal.send(CTRL_C)
    terminal.expect_text("(cancelled)")
    prompt_comes(terminal)
    terminal.send("a story\r")
    terminal.expect_text("Once upon")
    terminal.send(CTRL_C)
    prompt_comes(terminal)
    terminal.send("add 2 and 3\r")
    terminal.expect_text("The sum of 2 and 3 is 5.")
    prompt_comes(terminal)


def main():
    try:
        terminal = start(*sys.argv[1:])
        cancel_and_go_on(terminal)
        terminal.send(CTRL_C)  # at the prompt
        terminal.expect_end(130)
        if terminal.lines()[-2:] != ["> ^C", "[notes] the client has gone"]:
            raise Failure(f"another end; the screen:\n{terminal.picture()}")

        terminal = start(*sys.argv[1:])
        terminal.send("hi\r")
        terminal.expect_text("Hello.")
        prompt_comes(terminal)
        terminal.send(CTRL_D)
        terminal.expect_end(0)
    except Failure as failure:
        print(failure)
        return 1
    finally:
        for terminal in Terminal.opened:
            terminal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
