# SPDX-License-Identifier: MIT
"""Every configuration boots, runs the demonstration and ends with the success code and the end marker in time."""

import re

import pytest

import machine

DEMONSTRATION_SECONDS = 30  # the bar, from a built tree


@pytest.mark.parametrize("name", machine.NAMES)
def test_demonstration(name):
    boot = machine.Boot(name)
    assert boot.trouble is None, boot.output
    assert boot.seconds < DEMONSTRATION_SECONDS
    assert not [line for line in boot.lines if "panic" in line]


@pytest.mark.parametrize("name", ["qemu-1x1", "qemu-2x1"])
def test_demonstration_under_icount(name):
    boot = machine.Boot(name, "icount")
    assert boot.trouble is None, boot.output


def bench(name):
    boot = machine.Boot(name, "icount", "bench")
    assert boot.trouble is None, boot.output
    return boot


FIGURE = r"bench ([\w.]+) (insn|insn-sum|tsc|count) n=(\d+) min=(\d+) median=(\d+) max=(\d+)"
LOCAL = ["cap.refused", "cap.copy", "cap.delete", "cap.revoke.64", "cap.revoke.512", "cap.revoke.4096",
         "untyped.retype.1", "untyped.retype.64"]  # fmt: skip
REMOTE = ["remote.handoff", "remote.revoke.0", "remote.revoke.8", "remote.revoke.64"]


@pytest.mark.parametrize("name, clusters", [("qemu-1x1", 1), ("qemu-2x1", 2)])
def test_figures_repeat(name, clusters):
    """Under icount the figures of one core are exact: two runs agree to the last instruction."""
    first, second = bench(name), bench(name)
    figures = {match[1]: match for match in first.matching(FIGURE)}
    wanted = LOCAL + [part for remote in REMOTE * (clusters > 1) for part in (remote, f"{remote}.messages", f"{remote}.doorbells")]
    assert [figure for figure in wanted if figure not in figures] == []
    assert all(figures[figure][2] == "insn" for figure in LOCAL)
    exact = [re.fullmatch(FIGURE, line)[0] for line in first.lines if re.fullmatch(FIGURE, line) and " insn " in line]
    assert exact == [match[0] for match in second.matching(FIGURE) if match[2] == "insn"]


def test_unknown_program_is_no_success():
    assert machine.Boot("qemu-1x1", program="absent").trouble is not None
