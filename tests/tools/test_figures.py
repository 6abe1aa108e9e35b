# SPDX-License-Identifier: MIT
"""The tables of docs/figures.md are those of tests/budgets.toml; what counts as grown, and what an update may do."""

import re

import pytest

import figures

TEXT = """# a comment
["cap.copy"]
what = "copy"
unit = "insn"
today = 340
ceiling = 350

["remote.handoff"]
what = "hand over"
unit = "insn-sum"
today = 3000
"""
BUDGETS = figures.read_budgets(TEXT)
OF_EIGHT = [("cap.copy", "insn", 999), ("cap.new", "insn", 5), ("remote.handoff", "insn-sum", 4001)]


def run(**medians: int) -> dict[str, figures.Figure]:
    """The figures of a run whose medians are these."""
    units = {"copy": ("cap.copy", "insn"), "handoff": ("remote.handoff", "insn-sum")}
    lines = []
    for name, median in medians.items():
        lines.append(f"[c0] bench {units[name][0]} {units[name][1]} n=3 min=1 median={median} max=9999\r\n")
    return figures.read_figures(lines + ["[c1] clean: 1 bytes free and 2 slots used, as at the start"])


def test_tables_are_those_of_the_budgets() -> None:
    text = figures.DOCUMENT.read_text(encoding="utf-8")
    budgets = figures.read_budgets(figures.BUDGETS.read_text(encoding="utf-8"))
    assert text == figures.document(text, budgets), "tools/figures.py --refresh fills them anew"
    shown = re.findall(r"^\| `([^`]+)` \|(?: (qemu-\w+) \|)?", text, re.M)
    assert shown and sorted(f"{figure}@{name}" if name else figure for figure, name in shown) == sorted(budgets)


def test_shown_run_is_that_of_the_budgets() -> None:
    """In docs/testing.md; what all cores execute together (insn-sum) differs by a few from run to run."""
    lines = (figures.DOCUMENT.parent / "testing.md").read_text(encoding="utf-8").splitlines()
    budgets = figures.of_machine(figures.read_budgets(figures.BUDGETS.read_text(encoding="utf-8")), figures.MACHINE)
    shown = figures.read_figures(lines)
    assert sorted(shown) == sorted(budgets)
    for name, (unit, median) in shown.items():
        assert unit == budgets[name]["unit"]
        assert (
            unit == "insn-sum" or median == budgets[name]["today"]
        ), f"{name}: tools/check_docs.py --refresh fills it anew"


def test_same_figures_are_no_news() -> None:
    assert figures.compare(BUDGETS, run(copy=340, handoff=3000)) == ([], [])


def test_growth_is_a_breach() -> None:
    breaches, improvements = figures.compare(BUDGETS, run(copy=341, handoff=3000))
    assert breaches == ["cap.copy: 341 insn, was 340: has grown by 1"]
    assert not improvements


def test_ceiling_holds_whatever_today_says() -> None:
    grown = figures.read_budgets(TEXT.replace("today = 340", "today = 360"))
    assert figures.compare(grown, run(copy=355, handoff=3000))[0] == ["cap.copy: 355 insn, above its ceiling 350 by 5"]


def test_goal_that_is_not_reached_is_no_breach() -> None:
    budgets = figures.read_budgets(TEXT.replace("ceiling", "goal").replace("today = 340", "today = 360"))
    assert figures.compare(budgets, run(copy=360, handoff=3000)) == ([], [])
    assert figures.compare(budgets, run(copy=361, handoff=3000))[0] == ["cap.copy: 361 insn, was 360: has grown by 1"]
    reached = figures.read_budgets(TEXT.replace("ceiling", "goal"))
    improvements = figures.compare(reached, run(copy=340, handoff=3000))[1]
    assert improvements == ["cap.copy: 340 insn: its goal is reached and can become its ceiling"]


def test_improvement_names_the_command() -> None:
    breaches, improvements = figures.compare(BUDGETS, run(copy=300, handoff=3000))
    assert breaches == []
    assert improvements == ["cap.copy: 300 insn, was 340: tools/figures.py --update lowers its budget"]


def test_figures_and_budgets_belong_together() -> None:
    assert figures.compare(BUDGETS, run(copy=340))[0] == ["remote.handoff: not measured"]
    without = {"cap.copy": BUDGETS["cap.copy"]}
    assert figures.compare(without, run(copy=340, handoff=1))[0] == [
        "remote.handoff: measured, but tests/budgets.toml has no budget"
    ]
    assert figures.compare(without, {"cap.copy": ("tsc", 5)})[0] == ["cap.copy: in tsc, not insn"]


def test_other_machines_have_budgets_of_their_own() -> None:
    """A figure there has one, or one on the machine of all others; it is held against its own."""
    text = TEXT + '\n["remote.handoff@qemu-8x1"]\nwhat = "of eight"\nunit = "insn-sum"\ntoday = 4000\n'
    budgets = figures.read_budgets(text)
    lines = [f"[c0] bench {name} {unit} n=1 min=1 median={median} max=1" for name, unit, median in OF_EIGHT]
    there = figures.read_figures(lines, "qemu-8x1")
    assert figures.compare(budgets, there, "qemu-8x1") == (
        [
            "cap.new@qemu-8x1: measured, but tests/budgets.toml has no budget",
            "remote.handoff@qemu-8x1: 4001 insn-sum, was 4000: has grown by 1",
        ],
        [],
    )
    assert figures.compare(budgets, {}, "qemu-8x1")[0] == ["remote.handoff@qemu-8x1: not measured"]
    assert figures.compare(budgets, run(copy=340, handoff=3000)) == ([], [])
    assert figures.updated(text, there, allow_growth=True) == text.replace("today = 4000", "today = 4001")


def test_update_lowers_only() -> None:
    text = figures.updated(TEXT, run(copy=300, handoff=4000), allow_growth=False)
    assert text == TEXT.replace("today = 340", "today = 300")
    text = figures.updated(TEXT, run(copy=345, handoff=4000), allow_growth=True)
    assert text == TEXT.replace("today = 340", "today = 345").replace("today = 3000", "today = 4000")


def test_update_gives_up_no_ceiling_and_takes_no_other_unit() -> None:
    figures.check_update(BUDGETS, run(copy=350, handoff=9000))
    with pytest.raises(figures.FiguresError, match="cap.copy: 351, was 340: above its ceiling 350"):
        figures.check_update(BUDGETS, run(copy=351))
    with pytest.raises(figures.FiguresError, match="cap.copy: in tsc, not insn"):
        figures.check_update(BUDGETS, {"cap.copy": ("tsc", 5)})


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("today = 340", 'today = "340"', "cap.copy: today = '340' is no field of a figure"),
        ("ceiling", "cieling", "cap.copy: cieling = 350 is no field of a figure"),
        ("today = 340\n", "", "cap.copy: no today"),
    ],
)
def test_wrong_budgets_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(figures.FiguresError) as refused:
        figures.read_budgets(TEXT.replace(old, new))
    assert str(refused.value) == message
