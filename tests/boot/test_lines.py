# SPDX-License-Identifier: MIT
"""Which cache lines move between clusters, counted exactly by a plugin of the emulator (line_counter.c): by hand in a small guest, and
against the bars in the figures' program."""

import collections
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import accelerator
import line_moves
import machine
import qemu

PING = machine.BUILD / "host/ping.elf"
BAR = {"remote.handoff": 8, "remote.revoke.0": 8}  # lines; two messages and two doorbells
MESSAGE_LINES = 4  # of those: the slots of the two messages
WARM_UP = 10  # runs of a case until every slot of its rings has been used, and every line has been where it is needed


def ping(out: Path) -> str:
    """What the plugin says about the guest that is counted by hand."""
    plugin = ",".join([str(line_moves.PLUGIN), f"out={out}", *line_moves.marks(PING)])
    line = [
        line_moves.EMULATOR, "-nodefaults", "-machine", "q35", "-m", "64M", "-smp", "2", *accelerator.ARGUMENTS["icount"],
        "-display", "none", "-no-reboot", "-device", f"isa-debug-exit,iobase={accelerator.EXIT_PORT:#x},iosize=4",
        "-kernel", str(PING), "-plugin", plugin,
    ]  # fmt: skip
    assert subprocess.run(line, check=False, timeout=120).returncode == accelerator.PROBE_GOOD
    return out.read_text(encoding="ascii")


def test_counted_by_hand(tmp_path: Path) -> None:
    """The cases of ping.S: ten rounds each."""
    first = ping(tmp_path / "first")
    cases = {line_moves.text_at(PING, record.name): record for record in line_moves.records(first.splitlines())}
    hows = {name: collections.Counter(how for how, _ in record.moves) for name, record in cases.items()}
    assert hows == {
        "quiet": {"upgrade": 1},
        "ping": {"upgrade": 20, "read": 20},
        "message": {"upgrade": 30, "read": 30},
    }
    assert ping(tmp_path / "second") == first


@pytest.fixture(name="cases", scope="module")
def cases_of() -> Callable[[str], dict[str, list[line_moves.Case]]]:
    """cases(name): those of the figures' program on that machine, by their names; each run is made once."""
    runs: dict[str, dict[str, list[line_moves.Case]]] = {}

    def measured(name: str) -> dict[str, list[line_moves.Case]]:
        if name not in runs:
            runs[name] = collections.defaultdict(list)
            for case in line_moves.measure(machine.BUILD / name):
                runs[name][case.name].append(case)
        return runs[name]

    return measured


@pytest.mark.parametrize("name", ["qemu-2x1", "qemu-2x2", machine.MANY])
@pytest.mark.parametrize("case", BAR)
def test_bars(cases: Callable[[str], dict[str, list[line_moves.Case]]], name: str, case: str) -> None:
    """Once every line has been where it is needed, every run is within its bar, and says what each line is: one core in
    a cluster, more of them, 62 bystanders."""
    runs = cases(name)[case][WARM_UP:]
    assert len(runs) > 1
    for run in runs:
        assert run.fewest == MESSAGE_LINES, str(run)
        assert run.fewest <= len(run.between) <= BAR[case], str(run)
        assert all(move.place.kind != "other" for move in run.between), str(run)
        assert {move.to for move in run.between} == {0, 1}, str(run)


def test_what_a_line_is(cases: Callable[[str], dict[str, list[line_moves.Case]]]) -> None:
    """A hand-off's first message: cluster 0 takes a slot for itself and fills it, cluster 1 reads the same one."""
    for run in cases("qemu-2x1")["remote.handoff"][WARM_UP:]:
        put, seen, *_ = [move for move in run.between if move.place.kind == "slot"]
        assert (put.how, put.source, put.to, put.function) == ("upgrade", 1, 0, "ring_put")
        assert (seen.how, seen.source, seen.to) == ("read", 0, 1)
        assert re.fullmatch(r"slot [0-7] of the ring 0 -> 1", put.place.name) and seen.place == put.place


def test_wrong_output() -> None:
    for lines, why in ((["case 1 0"], "does not end"), (["case 1 0", "nested 1 0", "end"], "begins inside")):
        with pytest.raises(qemu.QemuError, match=why):
            line_moves.records(lines)
