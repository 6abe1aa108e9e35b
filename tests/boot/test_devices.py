# SPDX-License-Identifier: MIT
"""Hardware that all clusters share has one owner: what the coordinator says, what the owner does, what root tasks are told. Who maps an
I/O APIC is in test_locality.py."""

import re
import struct
import subprocess
from collections.abc import Iterator

import pytest

import machine

IO_APIC = 0xFEC00000
WINDOW = IO_APIC + 0x10
LINES = 24
LEFT_BY_FIRMWARE = 0xA051  # low word: vector 0x51, level triggered, active low, not masked
NO_CORE = 0x0F000000  # high word: for APIC id 15, which is not there
MASKED = 0x10000
ROOT_INFO_MAGIC = 0x4F464E4934523031


@pytest.mark.parametrize("name", ["qemu-2x2", "uneven"])
def test_owners_are_said(name: str) -> None:
    layout = machine.layout(name)
    boot = machine.Boot(name, more=machine.VERBOSE)
    owners = {
        "console": layout["console"],
        "PCI configuration": layout["pci"],
        "I/O APIC 0 at 0xfec00000, lines from 0": machine.io_apic_owner(layout),
    }
    said = {
        match[2]: int(match[1])
        for match in boot.matching(r"\[boot\] cluster (\d+): (console|PCI configuration|I/O APIC .*)")
    }
    assert said == owners


def test_derived_layout_gives_all_to_cluster_0() -> None:
    boot = machine.Boot("uneven", more=f"layout=derive {machine.VERBOSE}")
    assert boot.trouble is None, boot.output
    assert [
        match[1] for match in boot.matching(r"\[boot\] cluster (\d+): (?:console|PCI configuration|I/O APIC .*)")
    ] == ["0"] * 3


@pytest.fixture(name="guest", scope="module")
def left_on_by_firmware(tmp_path_factory: pytest.TempPathFactory) -> Iterator[machine.StoppedMachine]:
    """A machine whose firmware has left every line on, at the end."""
    words = [(IO_APIC, 0x10 + index) for index in range(2 * LINES)]
    values = [(WINDOW, (LEFT_BY_FIRMWARE, NO_CORE)[index % 2]) for index in range(2 * LINES)]
    guest = machine.StoppedMachine(
        "uneven", tmp_path_factory.mktemp("devices"), [write for pair in zip(words, values) for write in pair]
    )
    yield guest
    guest.close()


def test_owner_masks_every_line(guest: machine.StoppedMachine) -> None:
    assert machine.io_apic_owner(guest.layout) not in (0, guest.layout["console"])  # not the boot processor's cluster
    pins = re.findall(r"pin \d+ +0x([0-9a-f]{16})", guest.monitor("info pic"))
    assert [int(pin, 16) for pin in pins] == [MASKED] * LINES


def offset_of(field: str) -> int:
    """In struct r4_root_info, as the root task's compiler placed it."""
    command = [
        "gdb",
        "-batch",
        "-nx",
        "-ex",
        f"output (long)&((struct r4_root_info *)0)->{field}",
        str(machine.BUILD / "root.elf"),
    ]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_root_tasks_are_told(guest: machine.StoppedMachine) -> None:
    told = {}
    own_cluster, pci_is_own, io_apic_count, io_apics = map(
        offset_of, ("cluster", "pci_is_own", "io_apic_count", "io_apics")
    )
    for cluster, (base, end) in guest.log.root_block.items():
        block = guest.read(base, end - base)
        (page,) = (
            at for at in range(0, len(block), machine.PAGE) if struct.unpack_from("<Q", block, at)[0] == ROOT_INFO_MAGIC
        )
        number, pci, count = (
            struct.unpack_from("<I", block, page + at)[0] for at in (own_cluster, pci_is_own, io_apic_count)
        )
        assert number == cluster
        told[cluster] = pci, [struct.unpack_from("<II", block, page + io_apics + 8 * index) for index in range(count)]
    pci, io_apic = guest.layout["pci"], machine.io_apic_owner(guest.layout)
    assert told == {cluster: (cluster == pci, [(0, 0)] if cluster == io_apic else []) for cluster in range(3)}
