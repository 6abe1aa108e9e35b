#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the figures that `make run PROGRAM=bench` printed with tests/budgets.toml; exit status 1 if one of them has grown.

    tools/figures.py [LOG]             a line for each figure that differs from today's or is above its ceiling
    tools/figures.py --update [LOG]    puts lower figures into tests/budgets.toml and the tables of docs/figures.md
    tools/figures.py --update --allow-growth [LOG]    higher ones as well; never above a ceiling that was met before
    tools/figures.py --refresh         the tables of docs/figures.md alone

Figures are those of qemu-2x1; those of another machine, which `--machine NAME` compares, are called FIGURE@NAME here.
New budgets need the run that docs/testing.md shows anew: tools/check_docs.py --refresh.
"""

import argparse
import pathlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import tool

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUDGETS = ROOT / "tests/budgets.toml"
DOCUMENT = ROOT / "docs/figures.md"
MACHINE = "qemu-2x1"
COMMAND = "make run PROGRAM=bench CONFIG=configs/{}.toml ACCEL=icount"
LOG = "build/{}/console.log"  # where that command leaves it

FIGURE = re.compile(r"\[c0\] bench ([\w.]+) (insn|insn-sum|tsc|count) n=(\d+) min=(-?\d+) median=(-?\d+) max=(-?\d+)")
FIELDS = {"what": str, "unit": str, "today": int, "ceiling": int, "goal": int, "sel4": int, "sel4_lock": int}
TABLES = re.compile(r"(<!-- figures: (local|between|machines) -->\n).*?(<!-- end of figures -->\n)", re.S)


Budget = dict[str, Any]
Figure = tuple[str, int]  # unit, median


class FiguresError(Exception):
    """What is wrong with a log or with the budgets."""


def read_budgets(text: str) -> dict[str, Budget]:
    """{name: {field: value}} of tests/budgets.toml, in its order."""
    budgets = tomllib.loads(text)
    for name, budget in budgets.items():
        for field, value in budget.items():
            if not isinstance(value, FIELDS.get(field, ())):
                raise FiguresError(f"{name}: {field} = {value!r} is no field of a figure")
        if missing := {"what", "unit", "today"} - set(budget):
            raise FiguresError(f"{name}: no {', '.join(sorted(missing))}")
    return budgets


def machine_of(name: str) -> str:
    """On which machine the budget's figure is measured."""
    return name.partition("@")[2] or MACHINE


def of_machine(budgets: dict[str, Budget], machine: str) -> dict[str, Budget]:
    return {name: budget for name, budget in budgets.items() if machine_of(name) == machine}


def read_figures(lines: Iterable[str], machine: str = MACHINE) -> dict[str, Figure]:
    """{name: (unit, median)} of the output of a run on that machine; names as in the budgets."""
    suffix = "" if machine == MACHINE else f"@{machine}"
    return {match[1] + suffix: (match[2], int(match[5])) for line in lines if (match := FIGURE.fullmatch(line.strip()))}


def compare(
    budgets: dict[str, Budget], figures: dict[str, Figure], machine: str = MACHINE
) -> tuple[list[str], list[str]]:
    """(breaches, improvements) on that machine: a line each, with the old and the new value. On other machines than MACHINE a figure
    needs no budget of its own."""
    known = {name for name in figures if name in budgets or name.partition("@")[0] in budgets}
    breaches = [f"{name}: measured, but tests/budgets.toml has no budget" for name in figures if name not in known]
    improvements = []
    for name, budget in of_machine(budgets, machine).items():
        unit, new = figures.get(name, (None, 0))
        old, ceiling = budget["today"], budget.get("ceiling")
        if unit != budget["unit"]:
            breaches.append(f"{name}: in {unit}, not {budget['unit']}" if unit else f"{name}: not measured")
            continue
        if ceiling is not None and new > ceiling:
            breaches.append(f"{name}: {new} {unit}, above its ceiling {ceiling} by {new - ceiling}")
        if new > old:
            breaches.append(f"{name}: {new} {unit}, was {old}: has grown by {new - old}")
        elif new <= budget.get("goal", -1):
            improvements.append(f"{name}: {new} {unit}: its goal is reached and can become its ceiling")
        elif new < old:
            improvements.append(f"{name}: {new} {unit}, was {old}: tools/figures.py --update lowers its budget")
    return breaches, improvements


def updated(text: str, figures: dict[str, Figure], allow_growth: bool) -> str:
    """The text of tests/budgets.toml with today's figures; its comments stay."""
    lines = []
    name = None
    for line in text.splitlines(keepends=True):
        if section := re.fullmatch(r'\["(.+)"\]\n', line):
            name = section[1]
        elif (today := re.fullmatch(r"today = (\d+)\n", line)) and name in figures:
            new = figures[name][1]
            if new < int(today[1]) or allow_growth:
                line = f"today = {new}\n"
        lines.append(line)
    return "".join(lines)


def number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def rows(budgets: dict[str, Budget], kind: str) -> Iterator[list[str]]:
    """One table of docs/figures.md, in Markdown: figures of MACHINE inside a cluster, others of it, those of other machines."""
    columns = {
        "local": ["figure", "operation", "R4", "at most", "seL4", "seL4 with its lock"],
        "between": ["figure", "what", "R4", "unit"],
        "machines": ["figure", "machine", "what", "R4", "at most", "unit"],
    }[kind]
    yield columns
    yield ["---" if column in ("figure", "machine", "operation", "what", "unit") else "---:" for column in columns]
    for name, budget in budgets.items():
        figure, _, machine = name.partition("@")
        if kind != ("machines" if machine else "local" if budget["unit"] == "insn" else "between"):
            continue
        cells = {
            "figure": f"`{figure}`",
            "machine": machine,
            "operation": budget["what"],
            "what": budget["what"],
            "R4": number(budget["today"]),
            "at most": number(budget.get("ceiling", budget.get("goal"))),
            "unit": budget["unit"],
            "seL4": number(budget.get("sel4")),
            "seL4 with its lock": number(budget.get("sel4_lock")),
        }
        yield [cells[column] for column in columns]


def document(text: str, budgets: dict[str, Budget]) -> str:
    """The text of docs/figures.md with its tables filled."""

    def fill(match: re.Match[str]) -> str:
        return match[1] + "".join(f"| {' | '.join(row)} |\n" for row in rows(budgets, match[2])) + match[3]

    return TABLES.sub(fill, text)


def refresh() -> None:
    budgets = read_budgets(BUDGETS.read_text(encoding="utf-8"))
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8"), budgets), encoding="utf-8")


def check_update(before: dict[str, Budget], figures: dict[str, Figure]) -> None:
    """Budgets are replaced only by figures of the same kind, and a ceiling that was met stays met."""
    for name, (unit, new) in figures.items():
        budget = before.get(name, {})
        if unit != budget.get("unit", unit):
            raise FiguresError(f"{name}: in {unit}, not {budget['unit']}: {COMMAND.format(machine_of(name))}")
        if budget.get("today", 0) <= budget.get("ceiling", -1) < new:
            raise FiguresError(f"{name}: {new}, was {budget['today']}: above its ceiling {budget['ceiling']}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?", type=pathlib.Path, help=f"output of `{COMMAND.format('NAME')}`")
    parser.add_argument("--machine", default=MACHINE, metavar="NAME", help="on which that was; default: %(default)s")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--allow-growth", action="store_true")
    parser.add_argument("--refresh", action="store_true")
    arguments = parser.parse_args()
    if arguments.refresh:
        refresh()
        return 0
    text = BUDGETS.read_text(encoding="utf-8")
    machine = arguments.machine
    log = arguments.log or ROOT / LOG.format(machine)
    figures = read_figures(log.read_text(encoding="utf-8", errors="replace").splitlines(), machine)
    if not figures:
        raise FiguresError(f"{log}: no figures: {COMMAND.format(machine)}")
    if arguments.update:
        check_update(read_budgets(text), figures if arguments.allow_growth else {})
        BUDGETS.write_text(updated(text, figures, arguments.allow_growth), encoding="utf-8")
        refresh()
        text = BUDGETS.read_text(encoding="utf-8")
    breaches, improvements = compare(read_budgets(text), figures, machine)
    for line in breaches + improvements:
        print(line)
    return 1 if breaches else 0


if __name__ == "__main__":
    tool.run(main, FiguresError)
