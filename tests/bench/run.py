#!/usr/bin/env python3
"""Runs the benchmark rows in neap, in its peers and in the limit program, and prints tables of them.

Every measurement is a fresh process; the programs take turns, so that a slow moment of the
machine falls on all of them. Figures are medians. What each row is: README.md beside this file.
"""

import argparse
import json
import sys
from pathlib import Path

import counts
import growth
import instructions
import io_rows
import report
import table
from counting import has_valgrind
from measuring import client_of, create_of, sample_row
from programs import BUILD, choose_programs, parse_peers
from rows import GROUPS, ROWS, VARIANTS, operations


def default_rows(args):
    """All; without those of the client where that is not built, because the system is not Linux."""
    missing = set() if client_of(args).exists() else set(io_rows.SERVED)
    missing |= set() if create_of(args).exists() else {"create"}
    return [row for row in ROWS if row not in missing]


def parse_rows(names):
    unknown = [name for name in names if name not in ROWS | VARIANTS | GROUPS]
    if unknown:
        raise ValueError(f"no such row: {', '.join(unknown)} (rows: {' '.join(ROWS)})")
    return list(dict.fromkeys(row for name in names for row in GROUPS.get(name, (name,))))


def make_parser():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[0])
    rows = f"default: all ({' '.join(ROWS)}); {', '.join(GROUPS)} are all of that kind"
    parser.add_argument("rows", nargs="*", metavar="ROW", help=rows)
    parser.add_argument(
        "--peers",
        default="asyncio,uvloop,node,luv,c",
        metavar="LIST",
        help="what to measure besides neap (default: %(default)s); luv is luv-jit and luv-5.4, c the C limit",
    )
    parser.add_argument("--repeat", type=int, metavar="N", help="default: 5, with --grow 3")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="n times X; default: 1")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--grow", action="store_true", help="each row at three sizes, ten times apart, instead")
    kinds.add_argument("--count", action="store_true", help="instructions of neap and the limit instead, by valgrind")
    kinds.add_argument("--counts", action="store_true", help="hold all that is counted against counts.txt, instead")
    kinds.add_argument("--readme", action="store_true", help="all rows and --grow, into README.md and docs/")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="measure nothing: show this --json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the picture there (else beside those two)")
    parser.add_argument("--neap", type=Path, default=BUILD / "neap", metavar="PATH")
    limit = BUILD / "tests" / "bench" / "neap_bench_limit"
    parser.add_argument("--limit", type=Path, default=limit, metavar="PATH")
    return parser


def parse_arguments(arguments):
    parser = make_parser()
    args = parser.parse_args(arguments)
    try:
        args.rows = parse_rows(args.rows)
        parse_peers(args.peers)
    except ValueError as error:
        parser.error(str(error))
    if args.repeat is None:
        args.repeat = 3 if args.grow else 5
    if args.repeat < 1 or not 0 < args.scale < float("inf"):
        parser.error("--repeat and --scale must be positive")
    if args.counts:
        parser.error("--counts comes first")
    if args.count and not has_valgrind():
        parser.error("--count needs valgrind")
    if args.count and (args.svg or args.markdown or args.source):
        parser.error("--count gives no table for --svg, --markdown and --from")
    if args.readme and (args.rows or args.scale != 1):
        parser.error("--readme shows all rows at their full size")
    beside = args.json or args.markdown
    if not args.svg and beside and not (args.count or args.grow):
        args.svg = beside.with_suffix(".svg")
    if args.readme and not args.json and not args.source:
        args.json = BUILD.parent / "bench.json"
    return args


# ---- what is measured ------------------------------------------------------------------------


def measure_table(programs, rows, args, failures):
    """Prints row by row, and gives (row, {program: [result, ...]}) of each."""
    table.print_head(programs, args.repeat)
    for row in rows:
        samples = sample_row(programs, row, operations(row, args.scale), args, failures)
        table.print_row(row, samples, programs)
        yield row, samples


def measure_growth(programs, rows, args, failures):
    grown = argparse.Namespace(**{**vars(args), "repeat": min(args.repeat, 3)}) if args.readme else args
    return growth.print_growth(programs, rows, grown, failures)


def keep(args, result):
    """Writes what there is, so that a long run that is interrupted is not lost."""
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(args, arguments, failures):
    """What --json holds."""
    rows = args.rows or default_rows(args)
    io_rows.allow_many_files()
    programs = choose_programs(args)
    if args.count:
        native = {name: programs[name] for name in ("limit", "neap") if name in programs}
        return instructions.print_counts(native, rows, failures)
    result = {"about": report.describe(programs, args, arguments)}
    if not args.grow:
        result["samples"] = {}
        for row, samples in measure_table(programs, rows, args, failures):
            result["samples"][row] = samples
            keep(args, result)
        table.print_wall_and_memory(result["samples"], programs)
    if args.grow or args.readme:
        result["growth"] = []
        for entry in measure_growth(programs, rows, args, failures):
            result["growth"].append(entry)
            keep(args, result)
    return result


def show(path):
    """A result that was written by --json before, printed again."""
    result = json.loads(path.read_text(encoding="utf-8"))
    if "about" not in result:
        sys.exit(f"run.py: {path} is no result of --json")
    samples = result.get("samples", {})
    programs = list(result["about"]["versions"])
    if samples:
        table.print_head(programs, result["about"]["repeat"])
        for row, row_samples in samples.items():
            table.print_row(row, row_samples, programs)
        table.print_wall_and_memory(samples, programs)
    for entry in result.get("growth", []):
        print("  ".join(growth.cells_of(entry, programs)))
    return result


def write(args, result):
    keep(args, result)
    if args.count:
        return
    drawn = bool(args.svg) and report.write_picture(args.svg, result)
    if args.markdown:
        report.write_markdown(args.markdown, result, args.svg if drawn else None)
    if args.readme:
        if "samples" not in result:
            sys.exit("run.py: --readme needs the samples of all rows")
        report.write_readme(result)


def main(arguments):
    if arguments[:1] == ["--counts"]:
        return counts.main(arguments[1:])
    args = parse_arguments(arguments)
    failures = []
    result = show(args.source) if args.source else measure(args, arguments, failures)
    write(args, result)
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
