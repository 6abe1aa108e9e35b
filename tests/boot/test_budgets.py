# SPDX-License-Identifier: MIT
"""The figures under icount: exact, complete, within their budgets (tests/budgets.toml), linear where they have to be."""

import warnings
from collections.abc import Callable

import pytest

import figures
import machine

BUDGETS = figures.read_budgets(figures.BUDGETS.read_text(encoding="utf-8"))
MACHINES = sorted({figures.machine_of(name) for name in BUDGETS})
LINEAR_PERCENT = 5  # what a capability's share of a long revoke may grow from 512 to 4,096 of them
WHILE_PERCENT = 10  # what a call may cost more while operations are under way that it has nothing to do with
BEHIND_PERCENT = 5  # and while a cap page dies with many copies, more than with none


@pytest.fixture(scope="module")
def bench() -> Callable[[str, int], machine.Boot]:
    """bench(name, number): that run of the figures on that machine; each is made once."""
    boots = {}

    def run(name: str, number: int) -> machine.Boot:
        if (name, number) not in boots:
            boots[name, number] = machine.Boot(name, "icount", "bench")
        boot = boots[name, number]
        assert boot.trouble is None, boot.output
        return boot

    return run


@pytest.mark.parametrize("name, remote", [("qemu-1x1", False), (figures.MACHINE, True)])
def test_figures_repeat(bench: Callable[[str, int], machine.Boot], name: str, remote: bool) -> None:
    """The figures of one core are exact: two runs agree to the last instruction."""
    budgets = figures.of_machine(BUDGETS, figures.MACHINE)
    local = [figure for figure, budget in budgets.items() if budget["unit"] == "insn"]
    runs = [{match[1]: match for match in bench(name, number).matching(figures.FIGURE)} for number in range(2)]
    assert sorted(runs[0]) == sorted(budgets if remote else local)
    assert {runs[0][figure][2] for figure in local} == {"insn"}
    first, second = ([run[figure][0] for figure in local] for run in runs)
    assert first == second


def test_figures_under_tcg() -> None:
    """They vary there, so a difference may be below 0: then the line says so."""
    budgets = figures.of_machine(BUDGETS, figures.MACHINE)
    boot = machine.Boot("qemu-1x1", "tcg", "bench")
    assert boot.trouble is None, boot.output
    lines = boot.matching(figures.FIGURE)
    local = [
        name for name in budgets if budgets[name]["unit"] == "insn" and not set(name.split(".")) & {"while", "behind"}
    ]
    assert sorted(line[1] for line in lines) == sorted(local)  # no call is preempted at a chosen moment
    for line in lines:
        least, median, most = (int(number) for number in line.groups()[3:])
        assert -(2**40) < least <= median <= most < 2**40, line[0]


@pytest.mark.parametrize("name", MACHINES)
def test_budgets(bench: Callable[[str, int], machine.Boot], name: str) -> None:
    breaches, improvements = figures.compare(BUDGETS, figures.read_figures(bench(name, 0).lines, name), name)
    for line in improvements:
        warnings.warn(line)
    if breaches:
        pytest.fail("\n".join(breaches), pytrace=False)


def test_revoke_is_linear(bench: Callable[[str, int], machine.Boot]) -> None:
    medians = figures.read_figures(bench(figures.MACHINE, 0).lines)
    long, short = (medians[f"cap.revoke.{count}"][1] for count in (4096, 512))
    assert long * 100 <= short * (100 + LINEAR_PERCENT)


def test_operations_under_way_cost_others_little(bench: Callable[[str, int], machine.Boot]) -> None:
    medians = {name: median for name, (_, median) in figures.read_figures(bench(figures.MACHINE, 0).lines).items()}
    meanwhile = {name: name.partition(".while.")[0] for name in medians if ".while." in name}
    assert len(meanwhile) == 12
    slower = [
        f"{name}: {medians[name]}, alone {medians[alone]}"
        for name, alone in meanwhile.items()
        if medians[name] * 100 > medians[alone] * (100 + WHILE_PERCENT)
    ]
    assert not slower


def test_dying_pages_cost_others_little(bench: Callable[[str, int], machine.Boot]) -> None:
    medians = figures.read_figures(bench(figures.MACHINE, 0).lines)
    many, none = (medians[f"cap.revoke.64.behind.{copies}"][1] for copies in (1024, 0))
    assert many * 100 <= none * (100 + BEHIND_PERCENT)
