#!/usr/bin/env python3
"""Tests of what needs no measurement: figures, verdicts, growth, the picture, Markdown, and the command's arguments."""

import contextlib
import io
import json
import math
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import growth
import measuring
import picture
import programs
import report
import rows
import run
import table


def sample(cpu, wall=None, **more):
    return {"n": 1, "cpu_ns": cpu, "wall_ns": wall or cpu, "peak_rss": 2**20, **more}


def row_of(**programs_cpu):
    """{program: [sample, ...]}; luv_jit stands for luv-jit."""
    return {name.replace("_", "-"): [sample(cpu) for cpu in values] for name, values in programs_cpu.items()}


ABOUT = {
    "date": "2026-01-31",
    "processor": "a <fast> one",
    "processors": 2,
    "system": "Debian",
    "versions": {"neap": "neap 0.1.0", "limit": "in C", "luv-jit": "LuaJIT"},
    "commit": "abcdef0",
    "command": "./dev bench",
    "repeat": 3,
    "scale": 1,
}
LINE = rows.Line("switch1", 1.3)


class Figures(unittest.TestCase):
    def test_the_median_is_of_the_samples_that_have_the_figure(self):
        samples = row_of(neap=[30, 10, 20], limit=[8])
        samples["node"] = [{"cpu_ns": None}]
        samples["asyncio"] = []
        self.assertEqual(table.medians(LINE, samples), {"neap": 20, "limit": 8})

    def test_spread_is_half_the_range_in_percent_of_the_median(self):
        self.assertEqual(table.spread([90, 100, 120]), 15)
        self.assertEqual(table.spread([7]), 0)

    def test_a_divisor_makes_the_unit_of_the_line(self):
        line = rows.Line("sub", 1, "sub_seq", "wall_ns", divisor=1e3)
        self.assertEqual(table.medians(line, {"neap": [sample(1, wall=5000)]}), {"neap": 5})

    def test_a_verdict_names_the_faster_and_how_far_the_goal_is(self):
        self.assertEqual(table.verdict(LINE, {"neap": 13, "limit": 10, "node": 20}), "ahead, within goal")
        self.assertEqual(table.verdict(LINE, {"neap": 20, "limit": 10, "node": 20}), "behind node, within 2x goal")
        self.assertEqual(table.verdict(LINE, {"neap": 30, "limit": 10}), "OVER 2x goal")
        self.assertEqual(table.verdict(LINE, {"limit": 10}), "")

    def test_luv_is_not_among_those_that_neap_must_be_ahead_of(self):
        self.assertEqual(table.verdict(LINE, {"neap": 10, "node": 20, "luv-jit": 1}), "ahead")

    def test_an_absolute_goal_needs_no_other_program(self):
        line = rows.Line("parked, bytes", 100, against=None, must=150, ahead=False)
        self.assertEqual(table.verdict(line, {"neap": 140}), "within 150")

    def test_wall_time_and_memory_are_unknown_where_a_sample_lacks_them(self):
        self.assertEqual(table.wall_and_memory([sample(1, 4), sample(1, 6)]), (5, 1))
        self.assertEqual(table.wall_and_memory([{"bytes": 3}]), (None, None))
        self.assertEqual(table.wall_and_memory([]), (None, None))

    def test_every_line_is_of_a_row_and_every_row_has_a_line(self):
        self.assertEqual({line.row for line in rows.LINES}, set(rows.ROWS))

    def test_the_printed_table_has_a_cell_for_each_program(self):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            table.print_row("switch1", row_of(neap=[10, 10], limit=[8], luv_jit=[4]), ["limit", "neap", "luv-jit"])
        self.assertEqual(text.getvalue().split(), "switch1 8.0 10.0 ±0% 1.25 1.3 x limit 4.0 within goal".split())


class Growth(unittest.TestCase):
    def test_the_exponent_is_0_of_a_constant_cost_and_1_of_a_proportional_one(self):
        self.assertAlmostEqual(growth.exponent([10, 100, 1000], [7, 7, 7]), 0)
        self.assertAlmostEqual(growth.exponent([10, 100, 1000], [2, 20, 200]), 1)
        self.assertAlmostEqual(growth.exponent([10, 1000], [1, 10]), 0.5)

    def test_there_is_no_exponent_of_one_size_or_of_no_cost(self):
        self.assertIsNone(growth.exponent([10], [1]))
        self.assertIsNone(growth.exponent([10, 100], [0, 1]))

    def test_sizes_are_ten_times_apart(self):
        for row in rows.ROWS:
            sizes = [size.size for size in growth.sizes_of(row)]
            if sizes and row != "sub_big":  # whose largest is 1 GiB
                self.assertEqual(sizes[:-1], [size // 10 for size in sizes[1:]], row)

    def test_every_row_has_sizes_or_is_known_to_have_none(self):
        without = {row for row in rows.ROWS if len(growth.sizes_of(row)) < 2}
        self.assertEqual(without, growth.SIZELESS)

    def test_every_size_is_a_row_that_can_be_measured(self):
        for row in rows.ROWS:
            for size in growth.sizes_of(row):
                self.assertIn(size.row, rows.ROWS | rows.VARIANTS)

    def test_a_scale_never_goes_below_what_a_row_needs(self):
        for size in growth.sizes_of("switch100k", 1e-9):
            self.assertGreaterEqual(size.n, size.size)

    def test_a_program_that_failed_at_one_size_has_no_growth(self):
        sizes = growth.sizes_of("gather")
        measured = [(size, row_of(neap=[10 * 2**i], node=[5] if i < 2 else [])) for i, size in enumerate(sizes)]
        grown = growth.growth_of("gather", measured)
        self.assertEqual(set(grown), {"neap"})
        self.assertEqual(grown["neap"]["costs"], [10, 20, 40])
        self.assertEqual(grown["neap"]["ratio"], 4)
        self.assertAlmostEqual(grown["neap"]["exponent"], math.log10(2))

    def test_growth_is_shown_as_a_ratio_and_an_exponent(self):
        self.assertEqual(growth.show_growth({"ratio": 2.5, "exponent": 0.2}), "x2.50 n^0.20")
        self.assertEqual(growth.show_growth({"ratio": 1, "exponent": -0.001}), "x1.00 n^0.00")
        self.assertEqual(growth.show_growth(None), "-")
        self.assertEqual([growth.show_size(size) for size in (64, 3_000, 2**26, 10**6)], ["64", "3k", "64Mi", "1M"])


SAMPLES = {
    "switch1": row_of(neap=[30, 31, 32], limit=[50], asyncio=[1_604], luv_jit=[240]),
    "sub_seq": row_of(neap=[150_000], limit=[140_000]),
    "parked": {"neap": [sample(900, bytes_each=1_200)]},
}


class Picture(unittest.TestCase):
    def setUp(self):
        self.text = picture.svg(SAMPLES, "on <this> & that")
        self.root = ElementTree.fromstring(self.text)

    def bars(self):
        name = "{http://www.w3.org/2000/svg}"
        return [bar for bar in self.root.iter(name + "rect") if bar.find(name + "title") is not None]

    def test_it_is_xml_with_a_bar_for_every_time(self):
        self.assertEqual(len(self.bars()), 4 + 2 + 1)

    def test_a_bar_is_as_long_as_the_logarithm_of_its_time(self):
        widths = [float(bar.get("width")) for bar in self.bars()[:4]]
        times = [31, 50, 1_604, 240]
        expected = [math.log10(time) - 1 for time in times]  # the axis begins at 10 ns
        for width, length in zip(widths, expected):
            self.assertAlmostEqual(width / widths[0], length / expected[0], places=2)

    def test_no_bar_leaves_the_picture(self):
        for bar in self.bars():
            self.assertLessEqual(float(bar.get("x")) + float(bar.get("width")), picture.WIDTH)
            self.assertLessEqual(float(bar.get("y")) + picture.BAR, float(self.root.get("height")))

    def test_every_program_has_a_colour_of_its_own(self):
        self.assertEqual(set(picture.COLOURS), set(programs.PROGRAMS))
        self.assertEqual(len(set(picture.COLOURS.values())), len(programs.PROGRAMS))

    def test_dark_pages_have_colours_too(self):
        self.assertIn("prefers-color-scheme: dark", self.text)

    def test_nothing_to_draw_is_no_picture(self):
        self.assertIsNone(picture.svg({"parked": {"neap": [{"bytes_each": 3}]}}))

    def test_times_have_three_digits_and_a_unit(self):
        shown = [picture.show_time(ns) for ns in (0.7, 12.34, 999.9, 1_604, 2.5e6, 3e9)]
        self.assertEqual(shown, ["0.7 ns", "12.3 ns", "1 µs", "1.6 µs", "2.5 ms", "3 s"])


class Report(unittest.TestCase):
    RESULT = {"about": ABOUT, "samples": SAMPLES}

    def test_it_says_on_what_and_how_it_was_measured(self):
        text = report.sections(self.RESULT, "x.svg")
        for words in ("2026-01-31", "2 processors", "`./dev bench`", "luv (LuaJIT): LuaJIT", "](x.svg)"):
            self.assertIn(words, text.replace("\n", " "))

    def test_a_short_run_and_a_busy_machine_are_said_to_be_so(self):
        again = "these figures are"
        self.assertNotIn(again, report.sections({"about": {**ABOUT, "load": 0.1}}, None))
        for doubt in ({"load": 3}, {"repeat": 1}, {"scale": 0.1}):
            self.assertIn(again, report.sections({"about": {**ABOUT, **doubt}}, None))

    def test_rows_of_a_table_have_as_many_cells_as_its_head(self):
        entry = {"row": "gather", "unit": "n", "title": "gather", "sizes": [10, 100]}
        entry["growth"] = {"neap": {"costs": [1, 2], "ratio": 2, "exponent": 0.3}}
        text = report.sections({**self.RESULT, "growth": [entry]}, None)
        tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
        self.assertEqual(len(tables), 4)
        for lines in tables:
            self.assertEqual({line.count("|") for line in lines}, {lines[0].count("|")})

    def test_a_peer_has_its_ratio_to_neap(self):
        self.assertIn("| switch1 | 31.0 ±3% | 50.0 (1.61) | 1,604 (52) | 240 (7.74) |", report.ratio_table(SAMPLES))

    def test_the_short_table_has_a_line_for_each_row_and_the_memory(self):
        titles = [cells[0] for cells in report.ratio_rows(SAMPLES, short=True)]
        self.assertEqual(titles, ["switch1", "parked", "parked, bytes each", "sub_seq, wall us"])

    def test_what_is_between_the_marks_is_replaced_and_nothing_else(self):
        old = f"# a\n{report.BEGIN}\nold\n{report.END}\nb\n"
        self.assertEqual(report.replace_marked(old, "new"), f"# a\n{report.BEGIN}\nnew\n{report.END}\nb\n")
        with self.assertRaises(ValueError):
            report.replace_marked("# a\n", "new")

    def test_the_pages_of_the_repository_have_the_marks(self):
        for name in ("README.md", "docs/performance.md"):
            report.replace_marked((report.ROOT / name).read_text(encoding="utf-8"), "new", name)

    def test_readme_writes_both_pages_and_the_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "docs").mkdir()
            for name in ("README.md", "docs/performance.md"):
                (root / name).write_text(f"{report.BEGIN}\n{report.END}\n", encoding="utf-8")
            report.write_readme(self.RESULT, root)
            self.assertIn("](docs/performance.svg)", (root / "README.md").read_text(encoding="utf-8"))
            self.assertIn("## Spread", (root / "docs/performance.md").read_text(encoding="utf-8"))
            ElementTree.parse(root / "docs/performance.svg")

    def test_the_command_is_shown_without_where_its_results_go(self):
        shown = report.command_shown(["switch1", "--json", "/tmp/x", "--svg=/tmp/y", "--repeat", "3"])
        self.assertEqual(shown, "./dev bench switch1 --repeat 3")


class Command(unittest.TestCase):
    def refused(self, *arguments):
        text = io.StringIO()
        with contextlib.redirect_stderr(text), self.assertRaises(SystemExit) as stop:
            run.parse_arguments(arguments)
        self.assertEqual(stop.exception.code, 2)
        return text.getvalue()

    def test_what_is_wrong_is_named(self):
        self.assertIn("no such row: nothing (rows: switch1", self.refused("nothing"))
        self.assertIn("no such peer: perl (peers: asyncio, c, limit", self.refused("--peers", "perl"))
        self.assertIn("must be positive", self.refused("--repeat", "0"))
        self.assertIn("must be positive", self.refused("--scale", "-1"))
        self.assertIn("invalid int value", self.refused("--repeat", "many"))
        self.assertIn("not allowed with", self.refused("--grow", "--count"))
        self.assertIn("all rows at their full size", self.refused("--readme", "switch1"))

    def test_peers_have_short_names(self):
        self.assertEqual(programs.parse_peers("luv,c"), ["limit", "neap", "luv-jit", "luv-5.4"])
        self.assertEqual(programs.parse_peers(""), ["neap"])
        self.assertEqual(set(programs.parse_peers("asyncio,uvloop,node,luv,c")), set(programs.PROGRAMS))

    def test_a_group_is_all_of_its_rows(self):
        self.assertEqual(run.parse_rows(["echo", "echo64"]), ["echo64", "echo16384"])

    def test_a_peer_that_is_not_there_is_skipped_by_name(self):
        text = io.StringIO()
        args = run.parse_arguments(["--peers", "c", "--limit", "/nowhere", "--neap", "/nowhere"])
        with contextlib.redirect_stderr(text):
            self.assertEqual(programs.choose_programs(args), {})
        self.assertEqual(text.getvalue(), "not found, so skipped: C limit, neap\n")

    def test_the_picture_is_beside_the_samples(self):
        self.assertEqual(run.parse_arguments(["--json", "a/b.json"]).svg, Path("a/b.svg"))
        self.assertIsNone(run.parse_arguments([]).svg)
        self.assertIsNone(run.parse_arguments(["--readme"]).svg)
        self.assertEqual(run.parse_arguments(["--readme"]).json.name, "bench.json")

    def test_a_scale_makes_a_row_smaller_down_to_what_it_needs(self):
        self.assertEqual(rows.operations("gather", 0.1), 10_000)
        self.assertEqual(rows.operations("switch1000", 1e-9), 1_000)
        self.assertEqual(rows.operations("sub_capture", 0.1), 64 * 2**20)

    def test_what_was_measured_before_is_shown_and_written_again(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as text:
            source, page = Path(folder, "a.json"), Path(folder, "a.md")
            source.write_text(json.dumps(Report.RESULT), encoding="utf-8")
            status = run.main(["--from", str(source), "--markdown", str(page)])
            self.assertEqual(status, 0)
            self.assertIn("](a.svg)", page.read_text(encoding="utf-8"))
            ElementTree.parse(Path(folder, "a.svg"))
        self.assertIn("31.0 ±3%", text.getvalue())


class Turns(unittest.TestCase):
    def test_what_was_measured_is_kept_when_the_run_is_interrupted(self):
        def sample_row(names, row, n, args, failures, connections=0):
            if row == "gather":
                raise KeyboardInterrupt
            return row_of(neap=[n])

        real, run.sample_row = run.sample_row, sample_row
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            try:
                with self.assertRaises(KeyboardInterrupt), contextlib.redirect_stderr(io.StringIO()):
                    run.main(["switch1", "gather", "--peers", "", "--json", f"{folder}/a.json"])
            finally:
                run.sample_row = real
            kept = json.loads(Path(folder, "a.json").read_text(encoding="utf-8"))
        self.assertEqual(kept["samples"], {"switch1": row_of(neap=[1_000_000])})

    def test_programs_take_turns_and_one_that_fails_is_left_out(self):
        order, failures = [], []

        def measure(program, command, row, n, args, connections):
            order.append(program)
            if program == "node" and len(order) > 3:
                raise measuring.Failure("broken")
            return sample(len(order))

        names = {name: ["x", "y"] for name in ("neap", "asyncio", "node")}
        args = run.parse_arguments(["--repeat", "3"])
        real, measuring.measure = measuring.measure, measure
        try:
            samples = measuring.sample_row(names, "switch1", 10, args, failures)
        finally:
            measuring.measure = real
        self.assertEqual(order, ["neap", "asyncio", "node", "asyncio", "node", "neap", "neap", "asyncio"])
        self.assertEqual({name: len(results) for name, results in samples.items()}, {"neap": 3, "asyncio": 3})
        self.assertEqual(failures, ["node switch1 10: broken"])


if __name__ == "__main__":
    unittest.main()
