# SPDX-License-Identifier: MIT
"""What tools/bench/run.py makes of the output of a run: documents, a table, a bar; and what it refuses."""

import io
import pathlib
import re
import subprocess

import pytest

import cases
import document as documents
import figures
import run
from test_bench_document import CONTEXT

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES = [
    "[boot] command: program=bench cases=all",
    "[c0] family today, 1 of 8",
    "[c0] samples cap.copy 248*3 250*1 ",
    "[c0] samples cap.copy 247*1",
    "[c0] bench cap.copy insn n=5 min=247 median=248 max=250",
    "[c0] samples remote.revoke.peers.7 5000*2",
    "[c0] bench remote.revoke.peers.7 insn-sum n=2 min=5000 median=5000 max=5000",
    "[c0] samples remote.revoke.peers.7.messages 14*2",
    "[c0] bench remote.revoke.peers.7.messages count n=2 min=14 median=14 max=14",
    "[c0] samples remote.revoke.peers.7.doorbells 14*1 15*1",
    "[c0] bench remote.revoke.peers.7.doorbells count n=2 min=14 median=15 max=15",
]


def test_figures_of_a_run() -> None:
    copy, revoke, messages, doorbells = run.read_figures(LINES, figures.MACHINE, "icount")
    assert (copy.family, copy.metric, list(copy.samples)) == ("local", "instructions", [248, 248, 248, 250, 247])
    assert copy.budget is not None and copy.budget["ceiling"] == 270
    assert (revoke.test, revoke.metric, revoke.parameters) == (
        *("remote.revoke.peers.7", "instructions", {"peers": 7}),
    )
    assert (messages.test, messages.metric, messages.unit) == ("remote.revoke.peers.7", "messages", "count")
    assert revoke.budget is None and doorbells.samples == [14, 15]
    assert all(figure.exact for figure in (copy, revoke, messages, doorbells))


def test_only_messages_are_exact_without_icount() -> None:
    lines = [line.replace("insn-sum", "tsc").replace("insn", "tsc") for line in LINES]
    found = list(run.read_figures(lines, figures.MACHINE, "tcg"))
    assert [(figure.metric, figure.exact) for figure in found] == [
        *(("ticks", False), ("ticks", False), ("messages", True), ("doorbells", False))
    ]
    assert all(figure.budget is None for figure in found)


def test_budgets_are_those_of_the_machine() -> None:
    lines = [line.replace("remote.revoke.peers.7", "remote.handoff") for line in LINES]
    here, there = (
        {figure.name: figure.budget for figure in run.read_figures(lines, name, "icount")}
        for name in (figures.MACHINE, "qemu-8x1")
    )
    budgets = figures.read_budgets(figures.BUDGETS.read_text(encoding="utf-8"))
    for found, name in ((here, "remote.handoff"), (there, "remote.handoff@qemu-8x1")):
        budget = found["remote.handoff"]
        assert budget is not None and budget["today"] == budgets[name]["today"]
    assert here["cap.copy"] is not None and there["cap.copy"] is None


@pytest.mark.parametrize("old, new", [("247*1", "246*1"), ("248*3", "248*2"), ("samples cap.copy", "samples cap.mint")])
def test_samples_that_contradict_their_figure(old: str, new: str) -> None:
    with pytest.raises(run.RunError, match="cap.copy: its samples are not those of"):
        list(run.read_figures([line.replace(old, new) for line in LINES], figures.MACHINE, "icount"))


def test_every_figure_has_a_family() -> None:
    """All budgets' figures, and all names that the sources print."""
    for name in figures.read_budgets(figures.BUDGETS.read_text(encoding="utf-8")):
        cases.case_of(name.partition("@")[0])
    source = (ROOT / "user/bench/cases.c").read_text(encoding="utf-8")
    names = re.findall(r'"(remote\.[\w.]+)\.%u"', source)
    families = [cases.case_of(f"{name}.3").family for name in names]
    assert len(families) == len(set(families)) >= 12
    with pytest.raises(cases.CaseError, match="remote.revoke.colour.3: tools/bench/cases.py knows no family"):
        cases.case_of("remote.revoke.colour.3")


def test_table() -> None:
    found = list(run.read_figures(LINES, figures.MACHINE, "icount"))
    assert list(run.table(documents.Document(CONTEXT, found))) == [
        "figure                 median  unit      messages  doorbells  budget",
        "cap.copy                  248  insn                              270",
        "remote.revoke.peers.7   5,000  insn-sum        14         15",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_is_for_terminals() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = run.Progress(stream)
        assert not any(progress.see(line) for line in ["[c0] family tree, 5 of 8", *LINES[2:7]])
        progress.end()
    assert file.getvalue() == ""
    bars = terminal.getvalue().split("\r")
    assert bars[1].startswith("[###############...............] tree, 0 figures")
    assert "tree, 2 figures" in bars[-2] and bars[-1] == "\x1b[K"


@pytest.mark.parametrize(
    "words, message",
    [
        (["--repeat", "0"], "REPEAT=0 is no number from 1 to 64"),
        (["--repeat", "65"], "REPEAT=65 is no number from 1 to 64"),
        (["--cases", "all x=1"], "CASES=all x=1: families with commas between them, or all"),
        (["--accel", "fast"], "there is no ACCEL=fast: one of auto tcg icount kvm"),
    ],
)
def test_refusals(words: list[str], message: str) -> None:
    done = subprocess.run(
        [ROOT / "tools/bench/run.py", "--build", "build/qemu-2x1", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, f"run.py: {message}\n")
