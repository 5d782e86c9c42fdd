"""What is written into files: on what was measured, the tables in Markdown, and the section of the README."""

import datetime
import os
import platform
import subprocess
import textwrap
from pathlib import Path

import growth
from picture import svg
from programs import PROGRAMS, title, versions
from table import lines_of, medians, show_figure, show_ratio, show_spread, verdict, wall_and_memory

ROOT = Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
OUTPUTS = ("--json", "--svg", "--markdown", "--from", "--neap", "--limit")  # what is no part of the command shown

# ---- on what, and how ------------------------------------------------------------------------


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or None


def command_shown(arguments):
    """The command line without where its results go."""
    shown, skip = ["./dev bench"], False
    for argument in arguments:
        name = argument.split("=")[0]
        if not skip and name not in OUTPUTS:
            shown.append(argument)
        skip = name in OUTPUTS and "=" not in argument
    return " ".join(shown)


def describe(programs, args, arguments):
    return {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "system": system(),
        "versions": versions(programs),
        "commit": commit(),
        "command": command_shown(arguments),
        "repeat": args.repeat,
        "scale": args.scale,
        "load": round(os.getloadavg()[0], 1),  # before anything is measured
    }


def warnings(about):
    """Why the figures mean little, in words; nothing when they were taken as they should be."""
    busy = about.get("load", 0) > about["processors"] / 4
    if busy:
        yield f"The machine was busy with other things (load {about['load']:g}), which wall times and jitter show"
    if about["repeat"] < 3 or about["scale"] < 1:
        yield "The run was short"


def about_lines(about):
    count = about["processors"]
    machine = f"{about['processor']}, {count} processor{'s' if count != 1 else ''}, {about['system']}"
    found = [f"{title(name)}: {text}" for name, text in about["versions"].items()]
    made = f"commit {about['commit']}, " if about["commit"] else ""
    scale = "" if about["scale"] == 1 else f", sizes times {about['scale']:g}"
    doubts = list(warnings(about))
    lines = [
        *([f"**{'. '.join(doubts)}: these figures are to be measured again.**"] if doubts else []),
        f"Measured on {about['date']} ({made}{machine}) with `{about['command']}`; medians of {about['repeat']}{scale}.",
        f"{'; '.join(found)}.",
    ]
    return [textwrap.fill(line, 118, break_long_words=False, break_on_hyphens=False) for line in lines]


# ---- tables ----------------------------------------------------------------------------------


def markdown_table(heads, rows):
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def programs_in(samples):
    present = {name for row in samples.values() for name in row}
    return [name for name in PROGRAMS if name in present and name != "neap"]


def peer_cell(figures, name):
    """A peer's figure, and how many times neap's it is."""
    if name not in figures:
        return "-"
    ratio = show_ratio(figures, name, "neap")
    return show_figure(figures[name]) + (f" ({ratio})" if ratio != "-" else "")


def ratio_rows(samples, short=False):
    """Lines of the table with the ratios; with `short` one for a row, and those of memory."""
    seen, rows = set(), []
    for line, row_samples in lines_of(samples):
        if short and line.row in seen and line.field not in ("bytes_each", "peak_rss"):
            continue
        seen.add(line.row)
        figures = medians(line, row_samples)
        cells = [line.title, show_spread(line, row_samples.get("neap", []))]
        cells += [peer_cell(figures, name) for name in programs_in(samples)]
        if not short:
            goal = f"{line.goal:,g}" if line.against is None else f"{line.goal:.4g} x {title(line.against)}"
            cells += [goal, verdict(line, figures)]
        rows.append(cells)
    return rows


def ratio_table(samples, short=False):
    heads = ["row", "neap", *map(title, programs_in(samples))] + ([] if short else ["goal", "verdict"])
    return markdown_table(heads, ratio_rows(samples, short))


def spread_table(samples):
    names = ["neap", *programs_in(samples)]
    rows = [
        [line.title, *(show_spread(line, row_samples.get(name, [])) for name in names)]
        for line, row_samples in lines_of(samples)
    ]
    return markdown_table(["row", *map(title, names)], rows)


def wall_and_memory_table(samples):
    names = ["neap", *programs_in(samples)]
    rows = []
    for row, row_samples in samples.items():
        figures = [wall_and_memory(row_samples.get(name, [])) for name in names]
        rows.append([row, *(f"{show_figure(wall)}; {show_figure(peak)}" for wall, peak in figures)])
    return markdown_table(["row", *map(title, names)], rows)


def growth_table(entries):
    present = {name for entry in entries for name in entry["growth"]}
    names = [name for name in PROGRAMS if name in present]
    return markdown_table(growth.heads(names), [growth.cells_of(entry, names) for entry in entries])


RATIOS = """CPU nanoseconds for one operation unless the row says otherwise. neap's with half the range of its samples; the
others' with, in brackets, how many times neap's it is: above 1 neap does it with less. For strmix and fib32 the C
limit is the stock `lua5.4`."""
GROWN = """neap's figure at three sizes, and for each program the last over the first and how the cost of one operation
grows with the size: n^0 is constant, n^1 proportional."""


def sections(result, picture):
    """The whole report in Markdown; `picture` is the picture's path as seen from it, or None."""
    parts = about_lines(result["about"])
    samples, entries = result.get("samples"), result.get("growth")
    if samples:
        parts += ["## Processor time", RATIOS, ratio_table(samples)]
        parts += [f"![Time of one operation in each program, as bars]({picture})"] if picture else []
        parts += ["## Spread", "Medians, and half the range of the samples.", spread_table(samples)]
        parts += ["## Wall time and memory"]
        parts += ["Wall nanoseconds for one operation; the most memory that was resident, in MiB."]
        parts += [wall_and_memory_table(samples)]
    if entries:
        parts += ["## How cost grows", GROWN, growth_table(entries)]
    return "\n\n".join(parts) + "\n"


# ---- files -----------------------------------------------------------------------------------


def write_picture(path, result):
    text = svg(result.get("samples") or {}, f"{result['about']['processor']}, {result['about']['date']}")
    if text:
        path.write_text(text, encoding="utf-8")
    return text is not None


def write_markdown(path, result, picture):
    name = picture and os.path.relpath(picture, path.parent)
    path.write_text("# neap and others, measured\n\n" + sections(result, name), encoding="utf-8")


def replace_marked(text, new, path="the file"):
    """The text with what stands between the two marks replaced."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{path} has no section between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{new.strip()}\n{END}{after}"


def write_readme(result, root=ROOT):
    """Rewrites the marked sections of README.md and docs/performance.md, and the picture of both."""
    picture = root / "docs" / "performance.svg"
    write_picture(picture, result)
    short = [*about_lines(result["about"]), RATIOS, ratio_table(result["samples"], short=True)]
    short += ["![Time of one operation in each program, as bars](docs/performance.svg)"]
    for path, text in (
        (root / "README.md", "\n\n".join(short)),
        (root / "docs" / "performance.md", sections(result, picture.name)),
    ):
        old = path.read_text(encoding="utf-8")
        path.write_text(replace_marked(old, text, path.name), encoding="utf-8")

