"""Drives the interactive prompt on a pseudo-terminal.

    python3 tests/repl/drive.py PATH_OF_NEAP CASE
    python3 tests/repl/drive.py --list

Each case types like a person, and compares the whole screen. Status 0: it was right; 1: what was wrong is told.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time

from terminal import Failure, Terminal

CASES = {}
NEAP = None
CTRL_C, CTRL_D, CTRL_R, CTRL_U, ESCAPE, TAB, ENTER, UP = "\x03", "\x04", "\x12", "\x15", "\x1b", "\t", "\r", "\x1b[A"


def case(function):
    CASES[function.__name__] = function
    return function


class Prompt(Terminal):
    """neap at its prompt. `entries` are typed first; `above` are the lines above the prompt."""

    def __init__(self, *entries, arguments=(), **options):
        super().__init__([NEAP, *arguments], **options)
        self.number = 1
        self.wait(lambda: self.lines()[-1:] == ["1>"], "the first prompt")
        self.above = self.lines()[:-1]
        for entry in entries:
            self.enter(entry)
            self.above.append(f"{self.number - 1}> {entry}")

    def enter(self, entry):
        """Types an entry whose task ends, and waits for the next prompt."""
        self.send(entry + ENTER)
        self.number += 1
        self.expect_text(f"{self.number}>")

    def expect_below(self, *lines, cursor=None):
        """Expects the lines, behind those that are known to be above; cursor: row from the first of `lines`."""
        row = len(self.above)
        self.expect(*self.above, *lines, cursor=cursor and (row + cursor[0], cursor[1]))

    def wait_until_cooked(self):
        """The entry runs: the terminal shows what is typed by itself."""
        self.wait(lambda: self.modes()[3] & termios.ECHO, "the entry's run")

    def wait_until_raw(self):
        self.wait(lambda: not self.modes()[3] & termios.ECHO, "the prompt")


# Output of the background.


class Ticker:
    """Expects the screen with as many lines of the background's above the entry as there are by now."""

    def __init__(self, prompt, text="tick "):
        self.prompt, self.text = prompt, text

    def count(self):
        numbers = [int(line[len(self.text):]) for line in self.prompt.lines() if re.fullmatch(self.text + r"\d+", line)]
        return max(numbers, default=0)

    def wanted(self, entry, count):
        lines = self.prompt.above + [f"{self.text}{number}" for number in range(1, count + 1)] + entry
        return lines[-self.prompt.screen.lines:]

    def expect(self, entry, cursor):
        prompt = self.prompt

        def matches():
            wanted = self.wanted(entry, self.count())
            row = len(wanted) - len(entry) + cursor[0]
            return prompt.lines() == wanted and prompt.cursor() == (row, cursor[1])

        shown = "\n".join(entry)
        prompt.wait(matches, f"ticks above\n{shown}\nwith the cursor at {cursor} of it")

    def wait_for(self, count):
        self.prompt.wait(lambda: self.count() >= count, f"{self.text}{count}")


@case
def ticker():
    """A background task prints five times a second while two lines are typed, pasted and changed."""
    prompt = Prompt('t = async.spawn(function() for n = 1, 1e9 do async.sleep(0.2) print("tick " .. n) end end)',
                    columns=120, rows=12)
    ticks = Ticker(prompt)
    first = "2> "
    ticks.expect(["2>"], (0, 3))
    columns = 3
    for key in 'f = function() -- né日本e\u0301':
        prompt.send(key)
        if key == "\u0301":
            first += key
            ticks.expect(["2> f = function() -- né日本é"], (0, columns))
            continue
        first += key
        columns += 2 if key in "日本" else 1
        ticks.expect([first.rstrip()], (0, columns))
    first = "2> f = function() -- né日本é"
    prompt.send(ENTER)
    ticks.expect([first, ".."], (1, 5))
    second = "..   return '日é'"
    for index, key in enumerate("return '日é'"):
        prompt.send(key)
        done = second[:5 + index + 1]
        ticks.expect([first, done.rstrip()], (1, 5 + index + 1 + (1 if index >= 8 else 0)))
    ticks.wait_for(ticks.count() + 1)
    ticks.expect([first, second], (1, 17))
    prompt.send("\x1b[200~ .. 'ü\nend\x1b[201~")
    ticks.expect([first, second + " .. 'ü", ".. end"], (2, 6))
    ticks.wait_for(ticks.count() + 1)
    ticks.expect([first, second + " .. 'ü", ".. end"], (2, 6))
    prompt.send("\x1b[A\x05")
    ticks.expect([first, second + " .. 'ü", ".. end"], (1, 23))
    prompt.send("'")
    ticks.expect([first, second + " .. 'ü'", ".. end"], (1, 24))
    prompt.send("\x1b[B\x05")
    ticks.expect([first, second + " .. 'ü'", ".. end"], (2, 6))
    prompt.send(ENTER)
    prompt.expect_text("3>")
    prompt.send("f()" + ENTER)
    prompt.expect_text('"日éü"')


@case
def partial_lines():
    """A line that the background begins stays above, and is continued there."""
    prompt = Prompt('step = async.Event() function more() step:set() step:clear() end',
                    't = async.spawn(function() for _, s in ipairs{"one", " two", "\\nthree\\n", "four"} do '
                    'step:wait() io.write(s) end end)', columns=130)
    prompt.send("more() x")
    prompt.expect_below("3> more() x", cursor=(0, 11))
    prompt.send("\x7f")
    for shown in (["one"], ["one two"], ["one two", "three"], ["one two", "three", "four"]):
        prompt.above.append(f"{prompt.number}> more()")
        prompt.enter("more()" if prompt.number > 3 else "")
        prompt.expect_text(f"{prompt.number}>")


@case
def flood():
    """Ten megabytes from the background, while typing; nothing is lost, and the entry is whole."""
    prompt = Prompt('function flood() for n = 1, 200000 do print(("%06d "):format(n) .. ("x"):rep(44)) '
                    'if n % 50 == 0 then async.sleep(0) end end end', columns=140)
    prompt.feeding = False  # ten megabytes are too much for the model; it sees the end
    prompt.send("t = async.spawn(flood)" + ENTER)
    for count, key in enumerate("typing along"):
        prompt.wait(lambda: (b"%06d " % (count * 10000 + 1)) in prompt.output[-100000:], "the flood")
        prompt.send(key)
    prompt.wait(lambda: b"200000 " in prompt.output[-10000:], "the end of the flood")
    prompt.wait(lambda: prompt.output.endswith(b"g"), "the entry")
    prompt.screen.reset()
    prompt.stream.feed(prompt.output[-20000:])
    prompt.wait(lambda: prompt.lines()[-2:] == ["200000 " + "x" * 44, "3> typing along"], "the entry below the output")
    typed = prompt.output.index(b"typing al")
    if typed > prompt.output.index(b"190000 "):
        raise Failure("what was typed during the flood is shown behind it")
    numbers = [int(number) for number in re.findall(rb"(\d{6}) x{44}", prompt.output)]
    if numbers != list(range(1, 200001)):
        raise Failure(f"{len(numbers)} lines of 200000 have come")


@case
def all_output():
    """Whatever writes to standard output and error, it is shown above the entry."""
    prompt = Prompt("function all() print('print') io.write('io.write\\n') io.stderr:write('io.stderr\\n') "
                    "async.stdout:write('async.stdout\\n') async.stderr:write('async.stderr\\n') "
                    "warn('@on') warn('warn') io.stdout:write('colours \\27[31mred\\n') print('still\\27[0m') end",
                    "t = async.spawn(function() async.sleep(0.3) all() end)", columns=300)
    prompt.send("local abc")
    output = ["print", "io.write", "io.stderr", "async.stdout", "async.stderr", "Lua warning: warn", "colours red", "still"]
    prompt.expect_below(*output, "3> local abc", cursor=(len(output), 12))
    row = len(prompt.above) + len(output)
    colours = [prompt.screen.buffer[row - 1][0].fg, prompt.screen.buffer[row - 2][9].fg, prompt.screen.buffer[row][0].fg]
    if colours != ["red", "red", "green"]:
        raise Failure(f"the colours of the output and of the prompt are {colours}")


# Ctrl-C and Ctrl-Z.


@case
def interrupt_wait():
    """Ctrl-C ends an entry that waits, and its cleanup runs; the background goes on."""
    entry = 'local _ <close> = setmetatable({}, {__close = function() async.sleep(0.01) print("cleaned") end}) async.sleep(1000)'
    prompt = Prompt("other = async.spawn(async.sleep, 1000)", columns=130)
    prompt.send(entry + ENTER)
    prompt.wait_until_cooked()
    prompt.send(CTRL_C)
    prompt.expect_below("2> " + entry, "^C", "cleaned", "cancelled", "3>", cursor=(4, 3))
    prompt.above += ["2> " + entry, "^C", "cleaned", "cancelled"]
    prompt.send("other:done()" + ENTER)
    prompt.expect_below("3> other:done()", "false", "4>", cursor=(2, 3))


@case
def interrupt_busy():
    """Ctrl-C ends an entry that computes for ever."""
    prompt = Prompt()
    prompt.send("while true do end" + ENTER)
    prompt.wait_until_cooked()
    prompt.send(CTRL_C)
    prompt.expect_below("1> while true do end", "^C", "cancelled", "2>", cursor=(3, 3))
    prompt.above += ["1> while true do end", "^C", "cancelled"]
    prompt.send("while true do pcall(function() while true do end end) end" + ENTER)
    prompt.wait_until_cooked()
    prompt.send(CTRL_C)
    prompt.expect_below("2> while true do pcall(function() while true do end end) end", "^C", "cancelled", "3>",
                        cursor=(3, 3))


@case
def interrupt_turning():
    """Ctrl-C ends an entry that never lets the loop sleep."""
    entry = "while true do async.sleep(0) end"
    prompt = Prompt(columns=100)
    prompt.send(entry + ENTER)
    prompt.wait_until_cooked()
    prompt.send(CTRL_C)
    prompt.expect_below("1> " + entry, "^C", "cancelled", "2>", cursor=(3, 3))


@case
def interrupt_stubborn():
    """Ctrl-C ends an entry that computes and catches every error, cancellation too."""
    entry = "while true do async.catch(function() while true do end end) end"
    prompt = Prompt(columns=100)
    prompt.send(entry + ENTER)
    prompt.wait_until_cooked()
    prompt.send(CTRL_C)
    prompt.expect_below("1> " + entry, "^C", "cancelled", "2>", cursor=(3, 3))


@case
def interrupt_busy_coroutine():
    """Ctrl-C ends an entry that computes in coroutines, each of them short."""
    entry = "while true do coroutine.wrap(function() for i = 1, 100 do end end)() end"
    prompt = Prompt(columns=100)
    prompt.send(entry + ENTER)
    prompt.wait_until_cooked()
    prompt.send(CTRL_C)
    prompt.expect_below("1> " + entry, "^C", "cancelled", "2>", cursor=(3, 3))


@case
def interrupt_busy_background():
    """Ctrl-C while typing ends a background task that computes for ever; what is typed stays."""
    with tempfile.TemporaryDirectory() as folder:
        sign = os.path.join(folder, "computes")
        prompt = Prompt(f"t = async.spawn(function() async.sleep(0.1) io.open('{sign}', 'w') while true do end end)",
                        columns=200)
        prompt.send("abc")
        prompt.expect_below("2> abc", cursor=(0, 6))
        prompt.wait(lambda: os.path.exists(sign), "the background's computing")
        prompt.send("d" + CTRL_C)
        prompt.wait(lambda: prompt.lines()[-1] == "2> abcd" and "neap: Ctrl-C stops task" in prompt.lines()[-2],
                    "what was stopped")
        prompt.above.append(prompt.lines()[-2])
        prompt.expect_below("2> abcd", cursor=(0, 7))
        prompt.send("e")
        prompt.expect_below("2> abcde", cursor=(0, 8))


@case
def interrupt_stuck():
    """The third Ctrl-C ends a program that is stuck in C, and the terminal has its modes again."""
    prompt = Prompt()
    before = prompt.modes()
    prompt.send('("a"):rep(1e5):find((".-"):rep(40) .. "b")' + ENTER)
    prompt.wait_until_cooked()
    for _ in range(3):
        prompt.send(CTRL_C)
        end = time.monotonic() + 0.35  # as fingers do
        while time.monotonic() < end:
            prompt.read(0.02)
    prompt.expect_end(130)
    if not prompt.modes()[3] & termios.ICANON or before[3] & termios.ICANON:
        raise Failure("the terminal's modes are not back")


@case
def interrupt_typing():
    """Ctrl-C puts an entry away; on an empty one it tells how to leave."""
    prompt = Prompt()
    prompt.send("abc")
    prompt.expect_below("1> abc", cursor=(0, 6))
    prompt.send(CTRL_C)
    prompt.expect_below("1> abc^C", "1>", cursor=(1, 3))
    prompt.send(CTRL_C)
    prompt.expect_below("1> abc^C", "1>", "(Ctrl-D or .exit leaves)", "1>", cursor=(3, 3))


@case
def suspend():
    """Ctrl-Z while typing stops neap; fg brings the entry back."""
    shell = Terminal(["/bin/sh", "-i"], env={"PS1": "$ ", "ENV": "", "NEAP": NEAP})
    shell.expect("$", cursor=(0, 2))
    shell.send("$NEAP\n")
    shell.expect_text("1>")
    shell.send("abc\x1b[D")
    shell.wait(lambda: shell.lines()[-1] == "1> abc" and shell.cursor()[1] == 5, "the entry")
    shell.send("\x1a")
    shell.wait(lambda: shell.lines()[-1] == "$" and any("Stopped" in line for line in shell.lines()), "the shell")
    shell.send("fg\n")
    shell.wait(lambda: shell.lines()[-1] == "1> abc" and shell.cursor()[1] == 5, "the entry")
    shell.send("d")
    shell.wait(lambda: shell.lines()[-1] == "1> abdc" and shell.cursor()[1] == 6, "the entry")
    shell.signal(signal.SIGHUP)


@case
def job():
    """Ctrl-Z sends an entry that runs to the background; its value comes above what is typed meanwhile."""
    prompt = Prompt("go, other = async.Event(), async.spawn(async.sleep, 1000)", columns=100)
    prompt.send("go:wait() return 6 * 7" + ENTER)
    prompt.wait_until_cooked()
    prompt.send("\x1a")
    prompt.wait(lambda: prompt.lines()[-1] == "3>" and "[2] goes on in the background" in prompt.lines()[-2], "the job")
    prompt.send("go:set()" + ENTER + "abc")
    prompt.wait(lambda: "42" in prompt.lines() and prompt.lines()[-1] == "4> abc", "its value")
    prompt.send(CTRL_C)
    prompt.wait(lambda: prompt.lines()[-2:] == ["4> abc^C", "4>"], "the prompt")


@case
def background_error():
    """The report of a task that fails in the background comes above what is typed."""
    prompt = Prompt("async.spawn(function() async.sleep(0.1) error('oops') end) async.sleep(0)", columns=100)
    prompt.send("abc")
    prompt.expect_text("oops")
    prompt.wait(lambda: prompt.lines()[-1] == "2> abc" and prompt.cursor()[1] == 6
                and not any("abc" in line for line in prompt.lines()[:-1]), "the entry below the report")


# Keys.


@case
def search():
    """Ctrl-R finds earlier entries."""
    prompt = Prompt("alpha = 1", "beta = 2", "alpine = 3")
    prompt.send(CTRL_R)
    prompt.expect_below("4>", "search back:", cursor=(0, 3))
    prompt.send("al")
    prompt.expect_below("4> alpine = 3", "search back: al", cursor=(0, 3))
    prompt.send(CTRL_R)
    prompt.expect_below("4> alpha = 1", "search back: al", cursor=(0, 3))
    prompt.send(ENTER)
    prompt.expect_below("4> alpha = 1", "5>", cursor=(1, 3))
    prompt.above.append("4> alpha = 1")
    prompt.send("be" + UP)
    prompt.expect_below("5> beta = 2", cursor=(0, 11))


@case
def completion():
    """Tab shows candidates below the entry, goes through them, and takes them away."""
    prompt = Prompt("zebra_one, zebra_two = 1, 2")
    names = "zebra_one  zebra_two"
    prompt.send("_ = zeb")
    prompt.expect_below("2> _ = zeb", cursor=(0, 10))
    prompt.send(TAB)
    prompt.expect_below("2> _ = zebra_", names, cursor=(0, 13))
    prompt.send(TAB)
    prompt.expect_below("2> _ = zebra_one", names, "1", cursor=(0, 16))
    row = len(prompt.above) + 1
    marked = [prompt.screen.buffer[row][column].reverse for column in (0, 8, 9, 11)]
    if marked != [True, True, False, False]:
        raise Failure(f"the first candidate is not the one that is marked: {marked}")
    prompt.send(TAB)
    prompt.expect_below("2> _ = zebra_two", names, "2", cursor=(0, 16))
    prompt.send(" ")
    prompt.expect_below("2> _ = zebra_two", cursor=(0, 17))
    prompt.send(CTRL_U + "string.for" + TAB)
    prompt.expect_below("2> string.format", cursor=(0, 16))
    prompt.send("(")
    prompt.expect_below("2> string.format(", "string.format(format, ...) -> string  format: string", cursor=(0, 17))


@case
def signature():
    """In the parentheses of a call its signature is below the entry, and the parameter at the cursor stands out."""
    prompt = Prompt()
    prompt.send("string.rep('x', ")
    line = "string.rep(s, n, separator?) -> string"
    prompt.expect_text(line)
    row = next(y for y, shown in enumerate(prompt.screen.display) if shown.startswith(line))
    plain = [x for x in range(len(line)) if prompt.screen.buffer[row][x].fg == "default" and line[x] != " "]
    if plain != [line.index("n,")]:
        raise Failure(f"columns {plain} stand out")
    prompt.send("2)")
    prompt.expect_below("1> string.rep('x', 2)", cursor=(0, 21))


@case
def lone_escape():
    """Escape alone is a key, told from the beginning of a sequence by time."""
    prompt = Prompt()
    prompt.send("one two" + CTRL_R + "x")
    prompt.send(ESCAPE)
    prompt.expect_below("1> one two", cursor=(0, 10))
    prompt.send("\x1bb")
    prompt.expect_below("1> one two", cursor=(0, 7))
    prompt.send("\x1b[D")
    prompt.expect_below("1> one two", cursor=(0, 6))


@case
def type_ahead():
    """What is typed while an entry runs is there for the next one."""
    prompt = Prompt()
    prompt.send("async.sleep(0.3)" + ENTER)
    prompt.wait_until_cooked()
    prompt.send("x = 1\ny")
    prompt.expect_text("3> y")
    prompt.send(" = x" + ENTER + "x + y" + ENTER)
    prompt.expect_text("5>")
    prompt.wait(lambda: prompt.lines()[-2] == "2", "the sum")


@case
def job_twice():
    """A job that was brought back and sent away again tells once that it is done."""
    prompt = Prompt()
    prompt.send("while not go do async.sleep(0.01) end" + ENTER)
    for number in (2, 3):
        prompt.wait_until_cooked()
        prompt.send("\x1a")
        prompt.expect_text(f"{number}>")
        prompt.wait_until_raw()
        if number == 2:
            prompt.send(".fg" + ENTER)
    prompt.send("go = true; async.sleep(0.1)" + ENTER)
    prompt.expect_text("4>")
    done = [line for line in prompt.lines() if line.startswith("[1] done")]
    if len(done) != 1:
        raise Failure(f"told {len(done)} times")


@case
def reads_input():
    """io.read in an entry reads a line of the terminal, in its own modes."""
    prompt = Prompt()
    prompt.send('io.write("name? ") name = io.read()' + ENTER)
    prompt.wait(lambda: prompt.lines()[-1] == "name?", "the question")
    prompt.send("Zoë\n")
    prompt.expect_below('1> io.write("name? ") name = io.read()', "name? Zoë", "2>", cursor=(2, 3))
    prompt.send("name" + ENTER)
    prompt.expect_text('"Zoë"')


@case
def background_read():
    """Who reads standard input in the background gets nothing of what is typed at the prompt, but what is typed while an
    entry runs."""
    for read in ("io.read()", "async.stdin:read('l')"):
        prompt = Prompt(f"t = async.spawn(function() print('got ' .. {read}) end)", columns=90)
        for count, key in enumerate("abcdefghijklmnopqrstuvwxyz"):
            prompt.send(key)
            prompt.expect_below("2> abcdefghijklmnopqrstuvwxyz"[:4 + count], cursor=(0, 4 + count))
        prompt.send(CTRL_U + "async.sleep(1000)" + ENTER)
        prompt.wait_until_cooked()
        prompt.send("line\n")
        prompt.expect_below("2> async.sleep(1000)", "line", "got line", cursor=(3, 0))
        prompt.send(CTRL_C)
        prompt.wait(lambda: prompt.lines()[-1] == "3>", "the prompt")


@case
def external_editor():
    """Ctrl-X Ctrl-E edits the entry in another program, which has the screen meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = os.path.join(folder, "wanted")
        with open(wanted, "w", encoding="utf-8") as file:
            file.write("6 * 7\n")
        prompt = Prompt('t = async.spawn(function() while true do async.sleep(0.01) print("held") end end)',
                        columns=130, env={"VISUAL": f"sh -c 'echo edits; sleep 0.3; echo; cp {wanted} $0'"})
        prompt.send("foo\x18\x05")
        prompt.expect_text("2> 6 * 7")
        if b"edits\r\n\r\n" not in prompt.output:
            raise Failure("output has come while the other program had the screen")
        prompt.send(ENTER)
        prompt.wait(lambda: "42" in prompt.lines(), "the value")


@case
def clear():
    """Ctrl-L and .clear leave the prompt at the top."""
    prompt = Prompt()
    prompt.send("abc\x0c")
    prompt.expect("1> abc", cursor=(0, 6))
    prompt.send(CTRL_U + ".clear" + ENTER)
    prompt.expect("2>", cursor=(0, 3))


# The window.


@case
def resize():
    """A narrower and a wider window lay a long entry out again, and leave nothing over."""
    prompt = Prompt(columns=40, rows=12)
    entry = "local text = 'some longer text 日本語 that wraps'"
    prompt.send(entry)
    prompt.expect_below("1> local text = 'some longer text 日本語", " that wraps'", cursor=(1, 12))
    prompt.resize(24, 12)
    prompt.above = [line[:24] for line in prompt.above]
    prompt.expect_below("1> local text = 'some lo", "nger text 日本語 that wr", "aps'", cursor=(2, 4))
    prompt.resize(60, 12)
    prompt.expect_below("1> local text = 'some longer text 日本語 that wraps'", cursor=(0, 52))
    prompt.send("\x01")
    prompt.expect_below("1> local text = 'some longer text 日本語 that wraps'", cursor=(0, 3))


@case
def tall_entry():
    """Of an entry taller than the screen the part around the cursor is shown; entered, all of it stays."""
    prompt = Prompt(columns=40, rows=6)
    prompt.send("\x1b[200~x = {\n" + "".join(f"{n},\n" for n in range(1, 10)) + "}\x1b[201~")
    prompt.expect(".. 5,", ".. 6,", ".. 7,", ".. 8,", ".. 9,", ".. }", cursor=(5, 4))
    prompt.send("\x1b[1;5H")
    prompt.expect("1> x = {", ".. 1,", ".. 2,", ".. 3,", ".. 4,", ".. 5,", cursor=(0, 3))
    prompt.send("\x1b[1;5F" + ENTER)
    prompt.expect(".. 6,", ".. 7,", ".. 8,", ".. 9,", ".. }", "2>", cursor=(5, 3))
    prompt.send("#x" + ENTER)
    prompt.expect(".. 8,", ".. 9,", ".. }", "2> #x", "9", "3>", cursor=(5, 3))


# The object.


@case
def prompt_object():
    """The Prompt object itself: misuse, cancellation, hooks that fail, signals, closing."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "prompt_object.lua")
    alone = subprocess.run([NEAP, script, "no terminal"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if alone.returncode != 0:
        raise Failure(alone.stderr)
    prompt = Terminal([NEAP, script], columns=90)
    lines = ["first>"]
    prompt.expect(*lines, "hooks>", cursor=(1, 7))
    prompt.send("typed" + TAB + ";" + ENTER)
    lines.append("hooks> typed;")
    prompt.expect(*lines, "complete>", cursor=(2, 10))
    prompt.send("xyz" + TAB)
    prompt.expect(*lines, "complete> whole", cursor=(2, 15))
    prompt.send(ENTER)
    lines.append("complete> whole")
    prompt.expect(*lines, "cancel>", cursor=(3, 8))
    prompt.send("q")
    prompt.expect(*lines, "cancel> q", cursor=(3, 9))
    prompt.send(TAB)
    lines += ["cancel> q", "ready for Ctrl-C"]
    prompt.expect(*lines, cursor=(5, 0))
    prompt.send(CTRL_C)
    lines += ["^C", "ready for both"]
    prompt.expect(*lines, cursor=(7, 0))
    prompt.send(CTRL_C)
    lines += ["^C"]
    prompt.expect(*lines, cursor=(8, 0))
    prompt.send("\x1a")
    lines += ["^Z", "half a line", "closed>"]
    prompt.expect(*lines, "second> given", cursor=(11, 13))
    prompt.send(ENTER)
    prompt.expect(*lines, "second> given", "all is well")
    prompt.expect_end(0)


# The end.


def check_modes(status, leave, **options):
    found = []
    prompt = Prompt(before=lambda device: found.append(termios.tcgetattr(device)), **options)
    changed = prompt.modes()
    leave(prompt)
    prompt.expect_end(status)
    wanted = found[0]
    wanted[6] = [value if isinstance(value, int) else value[0] for value in wanted[6]]
    if changed == wanted or prompt.modes() != wanted:
        raise Failure(f"modes before {wanted}\nmodes after  {prompt.modes()}")
    if prompt.output.count(b"\x1b[?2004h") != prompt.output.count(b"\x1b[?2004l"):
        raise Failure("bracketed paste is still on")


@case
def leaves_modes():
    """The terminal's modes are what they were, however the program ends."""
    check_modes(0, lambda prompt: prompt.send(CTRL_D))
    check_modes(3, lambda prompt: prompt.send("os.exit(3)" + ENTER))
    check_modes(4, lambda prompt: prompt.send("os.exit(4, true)" + ENTER))
    check_modes(5, lambda prompt: prompt.send("async.spawn(function() async.sleep(0.1) os.exit(5) end)" + ENTER))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGABRT):
        check_modes(-number, lambda prompt: prompt.signal(number))


@case
def hang_up():
    """A terminal that goes away ends the prompt."""
    prompt = Prompt()
    os.close(prompt.device)
    os.close(prompt.controller)
    prompt.controller, prompt.device = os.openpty()  # for close
    prompt.child.wait(timeout=20)


@case
def no_colour():
    """Under NO_COLOR nothing has a colour."""
    prompt = Prompt(env={"NO_COLOR": "1"})
    prompt.enter("local text = 'string' -- comment")
    prompt.enter("text")
    prompt.enter("error('no')")
    found = re.findall(rb"\x1b\[[0-9;]*(?:3[0-7]|9[0-7])m", prompt.output)
    if found:
        raise Failure(f"colours: {found}")


@case
def empty_no_colour():
    """An empty NO_COLOR asks for nothing, as in error reports."""
    prompt = Prompt("'text'", env={"NO_COLOR": ""})
    prompt.wait(lambda: b"\x1b[32m\"text\"" in prompt.output, "a value in colour")


@case
def dumb_interrupt():
    """Where nothing can be drawn Ctrl-C ends an entry that waits, one that computes, and the line that is typed."""
    prompt = Prompt(rows=30, env={"TERM": "dumb"})

    def last(line):
        prompt.wait(lambda: prompt.lines()[-1] == line, f"the last line '{line}'")

    for number, entry in enumerate(("async.sleep(1000)", "while true do end", "while true do pcall(async.sleep, 1) end"), 2):
        prompt.send(f"print('it runs') {entry}" + ENTER)
        last("it runs")
        prompt.send(CTRL_C)
        last(f"{number}>")
    prompt.send("for" + ENTER)
    last("..")
    prompt.send("abandoned")
    last(".. abandoned")
    prompt.send(CTRL_C)
    last("4>")
    prompt.send("1 + 1" + ENTER)
    last("5>")
    prompt.expect_text("2")
    prompt.send(CTRL_D)
    prompt.expect_end(0)


@case
def history_problem():
    """A history that cannot be kept is told once, behind the first entry."""
    with tempfile.NamedTemporaryFile() as file:
        path = file.name + "/history"
        prompt = Prompt(columns=140, env={"NEAP_HISTORY": path})
        prompt.enter("1")
        told = f"the history file {path} cannot be written: Not a directory"
        prompt.enter("2")
        prompt.expect_below("1> 1", told, "1", "2> 2", "2", "3>")


# Time.


@case
def latency():
    """From a key to the screen with 1,000 tasks that tick 100 times a second."""
    prompt = Prompt("for i = 1, 1000 do async.spawn(function() while true do async.sleep(0.01) end end) end", columns=110)
    times = []
    for index in range(300):
        key = "abcdefghij"[index % 10]
        if index % 50 == 0:
            prompt.send(CTRL_U)
            prompt.wait(lambda: prompt.lines()[-1] == "2>", "an empty entry")
        column = prompt.cursor()[1] + 1
        began = time.perf_counter()
        os.write(prompt.controller, key.encode())
        while prompt.cursor()[1] != column:
            if time.perf_counter() - began > 20:
                raise Failure("the key does not come")
            prompt.read(0.05)
        times.append(time.perf_counter() - began)
    times.sort()
    median, worst = times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000
    print(f"key to screen: median {median:.2f} ms, 99th percentile {worst:.2f} ms")
    if median > 50:
        raise Failure("that is too long")


def main():
    global NEAP
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CASES))
        return 0
    NEAP, name = sys.argv[1:]
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which the tests may have been started without (nohup)
    try:
        CASES[name]()
    except Failure as failure:
        print(f"{name}: {failure}")
        return 1
    finally:
        for terminal in Terminal.opened:
            terminal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
