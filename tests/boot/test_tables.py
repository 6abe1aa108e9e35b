# SPDX-License-Identifier: MIT
"""Odd and broken ACPI tables: the coordinator says what is wrong, in these words, and the machine boots or stops as the layout asks.

The machines of tables/ bring tables of their own by GRUB. Where iasl could not write the table, or it would be long, QEMU takes raw bytes.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

import machine

MIB = machine.MIB
ONE_DOMAIN = [
    "warning: there is no usable SRAT: all cores and all RAM are taken for one domain",
    "layout: not the module's: it contradicts the ACPI tables: cluster 1 has memory of domain 1, which has no RAM",
    "layout: derived from the ACPI tables, clusters 1, cores 2",
    "derived: cluster 0: domain 0, cores 2, bytes 0x0 to 0x20000000 of domain 0's memory",
]
OVERLAP = "refused: ACPI table SRAT, entries 2 and 3: RAM is in domain 0 and in domain 1"
# What the coordinator says of the tables and the layout, in this order.
SAID = {
    "all-ram-in-one-domain": [
        "layout: not the module's: it contradicts the ACPI tables: cluster 1 has memory of domain 1, which has no RAM",
        "layout: derived from the ACPI tables, clusters 2, cores 2",
        "derived: cluster 0: domain 0, cores 1, bytes 0x0 to 0x10200000 of domain 0's memory",
        "derived: cluster 1: domain 1, cores 1, bytes 0x10200000 to 0x20000000 of domain 0's memory",
    ],
    "boot-core-in-no-domain": [
        "layout: not the module's: it contradicts the ACPI tables: cluster 0 has a core with APIC id 0, which the SRAT puts into no domain",
        "warning: the SRAT is not used: the boot processor (APIC id 0) is in no domain: all cores and all RAM are taken for one domain",
        "layout: derived from the ACPI tables, clusters 1, cores 2",
        "derived: cluster 0: domain 0, cores 2, bytes 0x0 to 0x20000000 of domain 0's memory",
    ],
    "core-not-there": [
        "ignored: the SRAT lists a core with APIC id 9, which the MADT does not list",
        "layout: the module's, clusters 2, cores 2",
    ],
    "domain-gaps": [
        "layout: not the module's: it contradicts the ACPI tables: cluster 0 has memory of domain 0, which has no RAM",
        "layout: derived from the ACPI tables, clusters 2, cores 2",
        "derived: cluster 0: domain 3, cores 1, bytes 0x0 to 0x8200000 of domain 3's memory",
        "derived: cluster 1: domain 260, cores 1, bytes 0x8200000 to 0x10000000 of domain 3's memory",
        "derived: cluster 0: domain 3, cores 1, bytes 0x0 to 0x10000000 of domain 70000's memory",
    ],
    "entry-of-length-0": ["refused: ACPI table SRAT, entry 1: its length is below 2", *ONE_DOMAIN],
    "io-apic-in-ram": ["stop: the MADT lists I/O APIC 7 at 0x1000000, where there is RAM"],
    "io-apic-not-there": [
        "layout: not the module's: it contradicts the ACPI tables: cluster 1 has I/O APIC 3, which the MADT does not list",
        "layout: derived from the ACPI tables, clusters 2, cores 2",
        "derived: cluster 0: domain 0, cores 1, bytes 0x0 to 0x10000000 of domain 0's memory",
        "derived: cluster 1: domain 1, cores 1, bytes 0x0 to 0x10000000 of domain 1's memory",
    ],
    "odd-firmware": [
        "ignored: ACPI table APIC, entry 3: it enables APIC id 1, which an earlier entry enables too",
        "ignored: ACPI table APIC, entry 4: it enables APIC id 255, which no local APIC has",
        "ignored: ACPI table APIC, entry 5: an x2APIC entry for APIC id 1, beside local APIC entries",
        "ignored: ACPI table APIC, entry 7: I/O APIC 1 at 0x0, which is 0 or no multiple of 256",
        "refused: ACPI table FACP: it names no PM timer",
        "warning: ACPI table SRAT, entry 5: its range overlaps an earlier one of the same domain: merged",
        "warning: ACPI table SRAT, entries 4 and 6: ranges of domains 1 and 0 overlap, without RAM",
        "ignored: the SRAT lists memory 0x0000000050000000-0x0000000060000000 of domain 0, where there is no RAM",
        "layout: there is no module named layout",
        "layout: derived from the ACPI tables, clusters 2, cores 3",
        "derived: cluster 0: domain 0, cores 1, bytes 0x0 to 0x10000000 of domain 0's memory",
        "derived: cluster 1: domain 1, cores 2, bytes 0x0 to 0x50000000 of domain 1's memory",
        "unused: core with APIC id 9, which does not start",
    ],
    "overlapping-ranges": [OVERLAP, *ONE_DOMAIN],
    "overlapping-ranges-stop": [
        OVERLAP,
        ONE_DOMAIN[0],
        "stop: the layout contradicts the ACPI tables: cluster 1 has memory of domain 1, which has no RAM",
    ],
    "ram-in-no-range": [
        "layout: not the module's: it contradicts the ACPI tables: "
        "cluster 0 has bytes 0x0 to 0x10000000 of domain 0, which has 0xc000000 bytes",
        "layout: derived from the ACPI tables, clusters 2, cores 2",
        "derived: cluster 0: domain 0, cores 1, bytes 0x0 to 0xc000000 of domain 0's memory",
        "derived: cluster 1: domain 1, cores 1, bytes 0x0 to 0xc000000 of domain 1's memory",
        "unused: 134217728 bytes of RAM in no range of the SRAT",
    ],
    "unused-memory": [
        "layout: the module's, clusters 2, cores 2",
        "unused: 134082560 bytes of RAM that the layout gives to no cluster",
    ],
    "x2apic-entries": ["layout: the module's, clusters 2, cores 2"],
}
STOPPED = 67  # QEMU's exit status for the coordinator's code
SECONDS = 60
WORDS = ("ignored: ", "refused: ", "warning: ", "layout: ", "derived: ", "unused: ", "stop: ")


def said(boot: machine.Boot) -> list[str]:
    """What the coordinator said of tables and layout, without its prefix."""
    lines = [line.removeprefix("[boot] ") for line in boot.lines if line.startswith("[boot] ")]
    return [line for line in lines if line.startswith(WORDS)]


def check_end(boot: machine.Boot, stops: bool = False) -> None:
    """Ran the demonstration to its end, or stopped by itself."""
    if stops:
        assert boot.status == STOPPED, boot.output
        assert boot.lines[-1].startswith("[boot] stop: ")
    else:
        assert boot.trouble is None, boot.output


@pytest.mark.parametrize("name", sorted(path.stem for path in (machine.ROOT / "tests/boot/tables").glob("*.toml")))
def test_tables_of_its_own(name: str) -> None:
    boot = machine.Boot(name, timeout=SECONDS)
    assert said(boot) == SAID[name], boot.output
    check_end(boot, stops=SAID[name][-1].startswith("stop: "))
    if name == "odd-firmware":
        assert boot.matching(r"\[boot\] clock: .*, measured by the HPET at 0xfed00000"), boot.output
        assert boot.matching(r"\[boot\] cores: 2 started"), boot.output


# --- tables as raw bytes, for the machine that has no SRAT and no layout: two cores, 256 MiB ---


def core(apic_id: int, domain: int) -> bytes:
    return struct.pack("<BBBBIBBHI", 0, 16, domain, apic_id, 1, 0, 0, 0, 0)


def memory(base: int, size: int, domain: int) -> bytes:
    return struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, base, size, 0, 1, 0)


def srat(*entries: bytes) -> bytes:
    return struct.pack("<IQ", 1, 0) + b"".join(entries)


def boot_with(folder: Path, more_memory: Iterable[str] = (), **tables: bytes) -> machine.Boot:
    extra = list(more_memory)
    for signature, body in tables.items():
        path = folder / signature
        path.write_bytes(body)
        extra += ["-acpitable", f"sig={signature},rev=1,data={path}"]
    return machine.Boot("no-srat", timeout=SECONDS, more=machine.VERBOSE, extra=extra)


TWO_DOMAINS = [core(0, 0), core(1, 1), memory(0, 128 * MIB, 0), memory(128 * MIB, 128 * MIB, 1)]
NO_MODULE = ["layout: there is no module named layout"]
DERIVED = [
    "derived: cluster 0: domain 0, cores 1, bytes 0x0 to 0x8000000 of domain 0's memory",
    "derived: cluster 1: domain 1, cores 1, bytes 0x0 to 0x8000000 of domain 1's memory",
]
TWO_CLUSTERS = ["layout: derived from the ACPI tables, clusters 2, cores 2", *DERIVED]


def test_slit_of_wrong_size(tmp_path: Path) -> None:
    boot = boot_with(tmp_path, SRAT=srat(*TWO_DOMAINS), SLIT=struct.pack("<Q", 3) + bytes([10, 21, 21, 10]))
    refusal = [
        "refused: ACPI table SLIT: its length does not fit its number of domains",
        "warning: there is no usable SLIT: all distances are taken for unknown",
    ]
    assert said(boot) == refusal + NO_MODULE + TWO_CLUSTERS
    check_end(boot)


def test_second_table_is_not_used(tmp_path: Path) -> None:
    """Of two tables with one signature the first counts."""
    (tmp_path / "second").write_bytes(srat(core(0, 5), memory(0, 256 * MIB, 5)))
    second = ["-acpitable", f"sig=SRAT,rev=1,data={tmp_path / 'second'}"]
    boot = boot_with(tmp_path, SRAT=srat(*TWO_DOMAINS), more_memory=second)
    assert [line for line in said(boot) if "only the first" in line] == [
        "warning: only the first of 2 ACPI tables SRAT is used"
    ]
    check_end(boot)


def test_many_ranges(tmp_path: Path) -> None:
    """360 ranges of alternating domains: all of them come to their clusters, and from there to the root tasks."""
    ranges = [memory(base * MIB, 2 * MIB, base // 2 % 2) for base in range(64, 784, 2)]
    rest = memory(784 * MIB, 240 * MIB, 1)
    table = srat(core(0, 0), core(1, 1), memory(0, 32 * MIB, 0), memory(32 * MIB, 32 * MIB, 1), *ranges, rest)
    boot = boot_with(tmp_path, ["-m", "1024M"], SRAT=table)
    assert said(boot) == [
        *NO_MODULE,
        "layout: derived from the ACPI tables, clusters 2, cores 2",
        "derived: cluster 0: domain 0, cores 1, bytes 0x0 to 0x18800000 of domain 0's memory",
        "derived: cluster 1: domain 1, cores 1, bytes 0x0 to 0x27800000 of domain 1's memory",
    ]
    check_end(boot)
    log = machine.BootLog(boot.lines)
    assert all(len(log.pool[cluster]) > 178 for cluster in (0, 1))
    pools, reserves = (
        sum(end - base for cluster in (0, 1) for base, end in kind[cluster]) for kind in (log.pool, log.reserve)
    )
    assert (
        pools + reserves == (1024 - 2 - 2) * MIB
    )  # without the first 2 MiB, which have holes, and the tables' at the end
    free = [int(match[2]) << 10 for match in boot.matching(r"\[c(\d)\] cluster \1 of 2: .*, (\d+) KiB free, .*")]
    assert len(free) == 2 and pools - sum(free) < 2 * MIB  # what the root tasks take themselves


def test_too_many_ranges(tmp_path: Path) -> None:
    """A table beyond the limit is refused as a whole, so that all RAM is used all the same."""
    ranges = [memory(base * 65536, 65536, base % 2) for base in range(513)]
    boot = boot_with(tmp_path, SRAT=srat(core(0, 0), core(1, 1), *ranges))
    assert said(boot) == [
        "refused: ACPI table SRAT, entry 514: the table names more than 512 memory ranges",
        "warning: there is no usable SRAT: all cores and all RAM are taken for one domain",
        *NO_MODULE,
        "layout: derived from the ACPI tables, clusters 1, cores 2",
        "derived: cluster 0: domain 0, cores 2, bytes 0x0 to 0x10000000 of domain 0's memory",
    ]
    check_end(boot)


def test_too_many_pools(tmp_path: Path) -> None:
    """More pools, of all clusters together, than a kernel can be told of: an error by name."""
    ranges = [memory(base * MIB, 2 * MIB, base // 2 % 2) for base in range(0, 800, 2)]
    boot = boot_with(tmp_path, ["-m", "1024M"], SRAT=srat(core(0, 0), core(1, 1), *ranges))
    check_end(boot, stops=True)
    assert boot.matching(
        r"\[boot\] stop: the clusters have more than 384 pools, which is all that a kernel can be told of"
    )
