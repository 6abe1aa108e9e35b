# SPDX-License-Identifier: MIT
"""Machines of odd shapes, tests/boot/machines/: each boots with its layout, and with one derived from its tables."""

import re

import pytest

import machine
from test_boot import check_demonstration

NAMES = sorted(path.stem for path in (machine.ROOT / "tests/boot/machines").glob("*.toml"))
BY_DOMAINS = {"threads": 2, "small-nodes": 4}  # clusters that are derived, where the file describes others
SECONDS = 120


@pytest.mark.parametrize("name", NAMES)
def test_demonstration(name: str) -> None:
    boot = machine.Boot(name, timeout=SECONDS)
    assert boot.trouble is None, boot.output
    check_demonstration(boot, name)


@pytest.mark.parametrize("name", NAMES)
def test_derived(name: str) -> None:
    boot = machine.Boot(name, timeout=SECONDS, more="layout=derive")
    if name == "small-nodes":  # QEMU's fourth node is no cluster of its own: its kernel would not fit
        assert boot.lines[-1] == "[boot] stop: cluster 3 has no 2097152 contiguous bytes for its kernel", boot.output
        return
    assert boot.trouble is None, boot.output
    clusters = BY_DOMAINS.get(name, len(machine.layout(name)["clusters"]))
    assert boot.matching(rf"\[r4\] end: success \({clusters} clusters, 0 failed, 0 panicked\)")


def test_cores_have_the_ids_of_the_layout() -> None:
    boot = machine.Boot("apic-ids", more=machine.VERBOSE)
    assert boot.matching(r"\[boot\] cluster 0: domain 0, cores 0 1 2 \(apic 0 6 2\), .*")
    assert boot.matching(r"\[boot\] cluster 1: domain 1, cores 0 1 \(apic 17 19\), .*")


def test_memory_is_shared_out() -> None:
    """Each cluster has as much as the other of what a kernel can map, but for what other things take."""
    boot = machine.Boot("huge-memory", timeout=SECONDS)
    unused = boot.matching(
        r"\[boot\] unused: (\d+) MiB of cluster (\d)'s RAM above 0x[0-9a-f]+, more than its share .*"
    )
    assert [match[2] for match in unused] == ["0", "1"]
    pools = [int(match[1]) for match in boot.matching(r"\[boot\] cluster \d: .*, pool (\d+) MiB, .*")]
    assert all(re.fullmatch(r"9[5-8]", str(pool >> 10)) for pool in pools), pools
