# SPDX-License-Identifier: MIT
"""Every configuration boots, runs the demonstration and ends with the success code and the end marker in time."""

import re

import pytest

import machine

DEMONSTRATION_SECONDS = 30  # the bar, from a built tree
WORK_THREADS = 16
SHORT_SLICE_US = 20  # far below a revoke of 4,096 capabilities


def check_demonstration(boot: machine.Boot, name: str) -> None:
    """Each cluster says what it must: counters that moved and stand still, memory back in order, nothing lost."""
    clusters = machine.layout(name)["clusters"]
    peers = [cluster["number"] for cluster in clusters if cluster["number"] != 0] or [0]
    assert [line for line in boot.lines if "panic:" in line] == []
    for cluster in clusters:
        number, cores = cluster["number"], len(cluster["cores"])
        assert boot.matching(rf"\[c{number}\] cluster {number} of {len(clusters)}: {cores} cores?, \d+ KiB free, .*")
        assert boot.matching(rf"\[c{number}\] clean: \d+ bytes free and \d+ slots used, as at the start")
    for number in peers:
        cores = min(len(clusters[number]["cores"]), WORK_THREADS)
        assert boot.matching(
            rf"\[c{number}\] before the revoke: {WORK_THREADS} threads count on {cores} of {cores} cores, 32 frames .*"
        )
        assert boot.matching(rf"\[c{number}\] after the revoke: +{WORK_THREADS} of {WORK_THREADS} counters stand still")
        row = r"\s+(\d+)" * 8
        assert [match[2] for match in boot.matching(rf"\[c0\]{row}") if int(match[1]) == number] == ["64"]
    assert len(boot.matching(r"\[c0\] .*: own pattern unchanged after 10 ms")) == len(peers)


@pytest.mark.parametrize("name", machine.NAMES)
def test_demonstration(name: str) -> None:
    boot = machine.Boot(name)
    assert boot.trouble is None, boot.output
    count = len(machine.layout(name)["clusters"])
    assert boot.lines[-1] == f"[r4] end: success ({count} cluster{'' if count == 1 else 's'}, 0 failed, 0 panicked)"
    assert boot.seconds < DEMONSTRATION_SECONDS
    check_demonstration(boot, name)


@pytest.mark.parametrize("name", ["qemu-1x1", "qemu-2x1"])
def test_demonstration_under_icount(name: str) -> None:
    boot = machine.Boot(name, "icount")
    assert boot.trouble is None, boot.output
    check_demonstration(boot, name)


@pytest.mark.parametrize("name, causes", [("qemu-1x1", ["timer"]), ("qemu-2x2", ["timer", "lock"])])
def test_long_revoke_makes_way(name: str, causes: str) -> None:
    """A revoke of 4,096 caps is resumed at least twice: with a timer pending, and with another core waiting for the lock. Under icount:
    elsewhere a busy host delivers a timer only when the revoke is over."""
    boot = machine.Boot(name, "icount", "preempt", more=f"slice_us={SHORT_SLICE_US}")
    assert boot.trouble is None, boot.output
    resumed = {match[1]: int(match[2]) for match in boot.matching(r"\[c0\] preempt (\w+) resumed (\d+)")}
    assert sorted(resumed) == sorted(causes)
    assert all(times >= 2 for times in resumed.values()), resumed


def test_unknown_program_is_no_success() -> None:
    boot = machine.Boot("qemu-1x1", program="absent")
    assert boot.trouble is not None
    assert [line for line in boot.lines if re.match(r"\[r4\] end: failure ", line)]


def test_words_that_nobody_reads() -> None:
    """One warning for each, by one cluster; what is right is not warned of."""
    boot = machine.Boot("qemu-2x2", more="serail=0x2f8  slices_us=x=y count seed=serail --")
    assert boot.trouble is None, boot.output
    warned = boot.matching(r"\[c(\d)\] warning: nobody reads '(.*)' on the command line; the nearest word is '(.*)='")
    assert [match.groups() for match in warned] == [
        ("0", "serail", "serial"),
        ("0", "slices_us", "slice_us"),
        ("0", "count", "count"),
        ("0", "--", "root"),
    ], boot.output


def test_values_that_nobody_knows() -> None:
    boot = machine.Boot("qemu-1x1", more="slice_us=5ms layout=dreive slice_us=7 seed=9")
    assert boot.trouble is None, boot.output
    warned = boot.matching(r"\[c0\] warning: '(.*)' on the command line is ignored; known is (.*)")
    assert [match.groups() for match in warned] == [("slice_us=5ms", "a number"), ("layout=dreive", "derive")]
