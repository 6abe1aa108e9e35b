#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run.py --build build/NAME: boots PROGRAM=bench on that machine, leaves a document of its figures and prints a table; `make bench`.

On a terminal a bar shows how far the run is. What the programs print is in console.log beside the machine.
"""

import argparse
import pathlib
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

# pylint: disable=wrong-import-position # they need the path above
import accelerator
import backtrace
import cases
import context as contexts
import document as documents
import figures
import qemu
import tool

SAMPLES = re.compile(r"\[c0\] samples ([\w.]+) ((?:-?\d+\*\d+ ?)+)")
FAMILY = re.compile(r"\[c0\] family (\w+), (\d+) of (\d+)")
LEFT_OUT = re.compile(r"\[c0\] (left out .*)")
BAR = 30  # columns
FOLDER = ROOT / "build/bench"


class RunError(Exception):
    """The run failed, or what it printed contradicts itself."""


def read_samples(lines: Iterable[str]) -> dict[str, list[int]]:
    """{figure: samples} as they came; a figure may have several lines."""
    found: dict[str, list[int]] = {}
    for line in lines:
        if match := SAMPLES.fullmatch(line.strip()):
            for run in match[2].split():
                value, _, count = run.partition("*")
                found.setdefault(match[1], []).extend([int(value)] * int(count))
    return found


def budget_of(name: str, machine: str, budgets: dict[str, figures.Budget]) -> dict[str, int] | None:
    budget = budgets.get(name if machine == figures.MACHINE else f"{name}@{machine}")
    return budget and {key: budget[key] for key in ("today", "ceiling", "goal") if key in budget}


def is_exact(metric: str, accel: str) -> bool:
    """Messages are what the protocol needs; all else is the same in every run only where instructions are the clock."""
    return accel == "icount" or metric == "messages"


def read_figures(lines: list[str], machine: str, accel: str) -> Iterator[documents.Figure]:
    budgets = figures.read_budgets(figures.BUDGETS.read_text(encoding="utf-8")) if accel == "icount" else {}
    samples = read_samples(lines)
    for line in lines:
        if match := figures.FIGURE.fullmatch(line.strip()):
            name, unit = match[1], match[2]
            case = cases.case_of(name)
            metric = cases.metric_of(case, unit)
            budget = budget_of(name, machine, budgets)
            figure = documents.Figure(
                *(name, case.family, case.test, metric, case.parameters, unit, is_exact(metric, accel)),
                samples=samples.get(name, []),
                budget=budget,
            )
            if [len(figure.samples), *(figure.samples and (figure.quantile(at) for at in (0, 2, 4)))] != [
                int(number) for number in match.groups()[2:]
            ]:
                raise RunError(f"{name}: its samples are not those of: {line}")
            yield figure


class Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.shown = stream.isatty()
        self.part, self.parts, self.family = 0, 1, "boot"
        self.figures = 0

    def see(self, line: str) -> bool:
        """Takes in what the guest printed; False: the run goes on."""
        if match := FAMILY.fullmatch(line):
            self.family, self.part, self.parts = match[1], int(match[2]) - 1, int(match[3])
        self.figures += bool(figures.FIGURE.fullmatch(line))
        if self.shown:
            full = BAR * self.part // self.parts
            text = f"[{'#' * full}{'.' * (BAR - full)}] {self.family}, {self.figures} figures"
            self.stream.write("\r" + text[: shutil.get_terminal_size().columns - 1] + "\x1b[K")
            self.stream.flush()
        return False

    def end(self) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def table(document: documents.Document) -> Iterator[str]:
    """A line for each case, with a column for each metric of the same run."""
    rows: list[tuple[str, ...]] = [("figure", "median", "unit", "messages", "doorbells", "budget")]
    by_name = document.by_name()
    for figure in document.figures:
        if figure.metric in cases.COUNTED:
            continue
        counted = [by_name.get(f"{figure.test}.{metric}") for metric in cases.COUNTED]
        budget = figure.budget and figure.budget.get("ceiling", figure.budget.get("goal", figure.budget["today"]))
        rows.append(
            (
                figure.test,
                f"{figure.median:,}",
                figure.unit,
                *("" if count is None else f"{count.median:,}" for count in counted),
                "" if budget is None else f"{budget:,}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if at in (0, 2) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths))
        ]
        yield "  ".join(cells).rstrip()


def run(arguments: argparse.Namespace) -> documents.Document:
    """Boots the machine; raises an error unless everything went well."""
    accel = qemu.generator_accelerator(arguments)
    command = qemu.guest_command("bench", more=f"cases={arguments.cases} repeat={arguments.repeat}")
    line = qemu.command_line(arguments.build, accel, command, emulator=arguments.emulator)
    limit = qemu.TIMEOUTS[accel] if arguments.timeout is None else arguments.timeout
    progress = Progress(sys.stderr)
    with qemu.Guest(line, limit) as guest:
        guest.wait_for(progress.see)
        trouble = guest.finish()
        progress.end()
        (arguments.build / "console.log").write_text(guest.output + "\n", encoding="utf-8")
    for match in filter(None, map(LEFT_OUT.fullmatch, guest.lines)):
        print(match[1])
    if trouble:
        said = [text for text in guest.lines if re.match(r"\[c\d+\] (failed|no |left over)", text)]
        raise RunError("\n".join([trouble, *said, *qemu.named(guest.lines, arguments.build)]))
    found = list(read_figures(guest.lines, arguments.build.name, accel))
    if not found:
        raise RunError("no figures: none of the chosen cases fits this machine")
    words = f"make bench CONFIG={arguments.config} ACCEL={accel} CASES={arguments.cases} REPEAT={arguments.repeat}"
    return documents.Document(contexts.context(words, accel, arguments.build, arguments.emulator), found)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=pathlib.Path, help="the machine's folder, build/NAME")
    parser.add_argument("--config", default="", help="its configuration, for the document's `command`")
    parser.add_argument("--accel", default="auto", help="auto, kvm, tcg or icount")
    parser.add_argument("--emulator", default=accelerator.EMULATOR, help="QEMU's name or path")
    parser.add_argument("--probe", help="image for --accel=auto; default: kvm-probe.elf beside the machine's folder")
    parser.add_argument("--kvm-device", default=accelerator.KVM_DEVICE, help="for --accel=auto")
    parser.add_argument("--cases", default="all", help="families with commas between them, or all")
    parser.add_argument("--repeat", default="8", help="samples of a case, 1 to 64")
    parser.add_argument("--timeout", type=qemu.seconds, help="seconds without output until the run is ended; 0: never")
    parser.add_argument("--output", type=pathlib.Path, help="the document; default: build/bench/MACHINE-ACCEL.json")
    arguments = parser.parse_args()
    qemu.one_of("ACCEL", arguments.accel, ["auto", *accelerator.ARGUMENTS])
    if not re.fullmatch(r"[1-9]|[1-5]\d|6[0-4]", arguments.repeat):
        raise RunError(f"REPEAT={arguments.repeat} is no number from 1 to 64")
    if not re.fullmatch(r"[a-z_]+(,[a-z_]+)*", arguments.cases):
        raise RunError(f"CASES={arguments.cases}: families with commas between them, or all")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    document = run(arguments)
    path = arguments.output or FOLDER / f"{arguments.build.name}-{document.tier}.json"
    documents.write(path, document)
    for line in table(document):
        print(line)
    print(f"{len(document.figures)} figures in {path}")
    return 0


if __name__ == "__main__":
    tool.run(main, RunError, cases.CaseError, documents.DocumentError, qemu.QemuError, backtrace.BacktraceError)
