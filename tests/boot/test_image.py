# SPDX-License-Identifier: MIT
"""The images in guest memory after the demonstration, compared with GNU ld's: text and read-only data byte for byte."""

import struct
from collections.abc import Callable

import pytest
from elftools.elf.elffile import ELFFile

import machine

IMAGE_BAR = 88 * 1024  # text and read-only data
R_X86_64_64 = 1
R_X86_64_32 = 10


def reference(name: str, cluster: int) -> list[tuple[str, int, bytes]]:
    """[(section, address, bytes), …] of what the kernel never writes."""
    with open(machine.BUILD / name / f"cluster-{cluster}.elf", "rb") as file:
        elf = ELFFile(file)
        sections = [elf.get_section_by_name(section) for section in (".text", ".rodata")]
        return [(section.name, section["sh_addr"], section.data()) for section in sections]


def first_difference(left: bytes, right: bytes) -> int | None:
    return next((index for index, pair in enumerate(zip(left, right)) if pair[0] != pair[1]), None)


@pytest.mark.parametrize("name", machine.NAMES)
def test_text_and_read_only_data_equal_gnu_ld(stopped: Callable[[str], machine.StoppedMachine], name: str) -> None:
    guest = stopped(name)
    clusters = guest.layout["clusters"]
    assert sorted(guest.log.image) == list(range(len(clusters)))
    for cluster, (base, size, virtual) in guest.log.image.items():
        assert virtual == int(clusters[cluster]["virtual_base"], 16)
        image = guest.read(base, size)
        for section, address, expected in reference(name, cluster):
            found = image[address - virtual : address - virtual + len(expected)]
            assert found == expected, f"cluster {cluster} {section}: differs at {first_difference(found, expected)}"


def linker_constant_places() -> list[tuple[str, int, int, int]]:
    """[(name, type, offset in .text, addend), …]: where the kernel object uses a linker constant."""
    with open(machine.BUILD / "kernel.o", "rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        relocations = elf.get_section_by_name(".rela.text").iter_relocations()
        places = [
            (symbols.get_symbol(item["r_info_sym"]).name, item["r_info_type"], item["r_offset"], item["r_addend"])
            for item in relocations
        ]
    return [place for place in places if place[0].startswith("r4_linker_")]


@pytest.mark.parametrize("name", machine.NAMES)
def test_linker_constants_are_immediates(stopped: Callable[[str], machine.StoppedMachine], name: str) -> None:
    """Cluster number, core count and ring addresses are in the instruction stream as linkgen.py computed them."""
    guest = stopped(name)
    places = linker_constant_places()
    used = {place[0] for place in places}
    assert used >= {
        "r4_linker_cluster",
        "r4_linker_cluster_count",
        "r4_linker_core_count",
        "r4_linker_rings_in",
        "r4_linker_rings_out",
    }
    for cluster, (base, size, _) in guest.log.image.items():
        constants = guest.layout["clusters"][cluster]["linker_constants"]
        image = guest.read(base, size)
        for symbol, kind, offset, addend in places:
            assert kind in (R_X86_64_32, R_X86_64_64)
            (value,) = struct.unpack_from("<Q" if kind == R_X86_64_64 else "<I", image, offset)
            assert value == int(constants[symbol], 16) + addend, f"cluster {cluster}: {symbol} at {offset:#x}"


def test_image_is_small() -> None:
    size = sum(len(data) for _, _, data in reference("qemu-2x2", 0))
    assert 0 < size < IMAGE_BAR
