"""Progress bars on a pseudo-terminal.

    python3 tests/stdlib/patterns/terminal.py PATH_OF_NEAP CASE
"""

import os
import re
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "repl"))
from terminal import Failure, Terminal  # noqa: E402

NEAP = sys.argv[1]


def run(script, columns=70, rows=8, **options):
    options.setdefault("env", {"LC_ALL": "C"})
    source = 'local progress = require("neap.patterns").progress\n' + script
    return Terminal([NEAP, "-e", source], columns=columns, rows=rows, **options)


def expect_lines(terminal, *patterns):
    """Waits until the screen shows lines like these, and no others."""

    def matches():
        lines = terminal.lines()
        return len(lines) == len(patterns) and all(map(re.fullmatch, patterns, lines))

    terminal.wait(matches, "lines like\n" + "\n".join(patterns))


def print_above():
    """What print writes appears above the bars while they are there, and they stay at the end."""
    terminal = run("""
        local before = print
        local a, b = progress(4, { label = "a" }), progress(4, { label = "b" })
        print("one", 2)
        a:advance(2)
        async.sleep(0.5)
        print("two\\nthree")
        b:print_above("four")
        async.sleep(0.5)
        b:close()
        a:close()
        assert(print == before)
        print("five")
    """)
    expect_lines(terminal, "one *2", r"a +50 %  \[#+-+\]  2/4.*", r"b +0 %  \[-+\]  0/4")
    expect_lines(terminal, "one *2", "two", "three", "four", r"a +50 %.*", r"b +0 %.*")
    expect_lines(terminal, "one *2", "two", "three", "four", r"b +0 %.* in 00:01", r"a +50 %.*in 00:01", "five")
    terminal.expect_end()


def many():
    """More bars than rows: as many as there is room for; each is shown when it is over."""
    terminal = run("""
        local bars = {}
        for k = 1, 12 do bars[k] = progress(1, { label = "bar " .. k }) end
        for i = 1, 20 do print("line " .. i) end
        async.sleep(0.5)
        for _, bar in ipairs(bars) do bar:close() end
    """, rows=6)
    expect_lines(terminal, "line 20", *[rf"bar {k} +0 %.*" for k in range(1, 6)])
    expect_lines(terminal, *[rf"bar {k} +0 %.*" for k in range(8, 13)])
    terminal.expect_end()


def resize():
    """A bar is as wide as the terminal is now."""
    terminal = run("""
        local bar <close> = progress(1000, { label = "work" })
        for _ = 1, 1000 do async.sleep(0.01) bar:advance() end
    """, columns=60)
    expect_lines(terminal, r"work .*left")
    terminal.resize(20, 8)
    short = re.compile(r"work +\d+ %( .*)?")
    terminal.wait(lambda: any(short.fullmatch(line) for line in terminal.lines()[-1:]), "a short line")
    terminal.signal(2)
    terminal.expect_end(130)


def interrupt():
    """Ctrl-C leaves the bar as it is, and nothing else on its line."""
    terminal = run("for _ in progress({ 1, 2, 3 }, { label = 'x' }) do async.sleep(60) end")
    expect_lines(terminal, r"x +0 %.*0/3")
    terminal.send("\x03")
    last = re.compile(r"x +0 % .* in 00:\d\d")
    terminal.wait(lambda: any(map(last.fullmatch, terminal.lines())), "the last state")
    terminal.expect_end(130)


def dumb():
    """A terminal that cannot move its cursor shows nothing."""
    terminal = run("for _ in progress({ 1, 2 }) do end print('end')", env={"TERM": "dumb"})
    terminal.expect_end()
    terminal.expect("end")


def prompt():
    """At the prompt an entry has its bars; a task in the background has none while somebody types."""
    terminal = Terminal([NEAP], columns=70, rows=12, env={"LC_ALL": "C"})
    terminal.expect_text("1>")
    terminal.send("for _ in neap.patterns.progress({1, 2}) do async.sleep(0.3) end\r")
    terminal.expect_text(" 50 %")
    terminal.expect_text("100 %")
    terminal.expect_text("2>")
    terminal.send("t = async.spawn(function() for _ in neap.patterns.progress({1, 2}) do async.sleep(0.2) end x = 7 end)\r")
    terminal.expect_text("3>")
    terminal.send("async.sleep(0.8) == nil and x\r")
    terminal.wait(lambda: "7" in terminal.lines(), "7")
    if sum("100 %" in line for line in terminal.lines()) > 2:
        raise Failure("too many bars:\n" + terminal.picture())
    terminal.expect_text("4>")
    terminal.wait(lambda: not terminal.modes()[3] & termios.ECHO, "the prompt's own modes")
    terminal.send("\x04")
    terminal.expect_end()


try:
    {each.__name__: each for each in (print_above, many, resize, interrupt, dumb, prompt)}[sys.argv[2]]()
except Failure as failure:
    print(failure)
    sys.exit(1)
finally:
    for opened in Terminal.opened:
        opened.close()
