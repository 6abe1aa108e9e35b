# SPDX-License-Identifier: MIT
"""Machines of odd shapes, tests/boot/machines/: each boots with its layout, and with one derived from its tables."""

import pytest

import machine
from test_boot import check_demonstration

NAMES = sorted(path.stem for path in (machine.ROOT / "tests/boot/machines").glob("*.toml"))
BY_DOMAINS = {"threads": 2, "small-nodes": 4}  # clusters that are derived, where the file describes others
MUCH_MEMORY = ("wide-memory", "eight-sockets", "huge-memory")
SECONDS = 120
SCRAPS_MIB = 4  # of a cluster's RAM, at the ends of its ranges


def check_pools(boot: machine.Boot, name: str) -> None:
    """All RAM is in pools, however much it is: but for the reserves, and what is no whole 2 MiB page."""
    assert boot.matching(r"\[boot\] unused: .*") == []
    memory = int(boot.matching(r"\[boot\] memory: (\d+) MiB of RAM, .*")[0][1])
    reserves = int(boot.matching(r"\[boot\] overhead: .*; MiB of reserves in all (\d+)")[0][1])
    pools = [int(match[1]) for match in boot.matching(r"\[boot\] cluster \d: .*, pool (\d+) MiB, .*")]
    assert len(pools) == len(machine.layout(name)["clusters"])
    assert memory - SCRAPS_MIB * len(pools) <= sum(pools) + reserves <= memory


@pytest.mark.parametrize("name", NAMES)
def test_demonstration(name: str) -> None:
    boot = machine.Boot(name, timeout=SECONDS)
    assert boot.trouble is None, boot.output
    check_demonstration(boot, name)
    if name in MUCH_MEMORY:
        check_pools(boot, name)


@pytest.mark.parametrize("name", NAMES)
def test_derived(name: str) -> None:
    boot = machine.Boot(name, timeout=SECONDS, more="layout=derive")
    assert boot.trouble is None, boot.output
    if name == "small-nodes":  # the fourth node has too little RAM for a kernel: that lies elsewhere
        assert boot.matching(r"\[boot\] derived: cluster 3: .*") != [], boot.output
    clusters = BY_DOMAINS.get(name, len(machine.layout(name)["clusters"]))
    assert boot.matching(rf"\[r4\] end: success \({clusters} clusters, 0 failed, 0 panicked\)")


def test_cores_have_the_ids_of_the_layout() -> None:
    boot = machine.Boot("apic-ids", more=machine.VERBOSE)
    assert boot.matching(r"\[boot\] cluster 0: domain 0, cores 0 1 2 \(apic 0 6 2\), .*")
    assert boot.matching(r"\[boot\] cluster 1: domain 1, cores 0 1 \(apic 17 19\), .*")
