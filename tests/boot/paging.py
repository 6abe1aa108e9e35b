# SPDX-License-Identifier: MIT
"""Walks x86-64 page tables (Intel SDM volume 3, section 4.5) in the memory of a stopped guest."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

PRESENT = 1 << 0
WRITABLE = 1 << 1
USER = 1 << 2
NO_CACHE = 1 << 4
LARGE = 1 << 7
NO_EXECUTE = 1 << 63
ADDRESS = 0x000FFFFFFFFFF000
ENTRIES = 512


@dataclass(frozen=True)
class Mapping:
    """One entry that maps memory; rights are those of the whole walk."""

    virtual: int
    physical: int
    size: int
    writable: bool
    user: bool
    executable: bool
    no_cache: bool

    def __str__(self) -> str:
        rights = "".join(
            letter if have else "-"
            for letter, have in (("w", self.writable), ("x", self.executable), ("u", self.user), ("d", self.no_cache))
        )
        return f"{self.virtual:#x} -> {self.physical:#x} size {self.size:#x} {rights}"


def canonical(virtual: int) -> int:
    return virtual | 0xFFFF000000000000 if virtual >> 47 else virtual


def walk(read: Callable[[int, int], bytes], root: int) -> tuple[list[Mapping], set[int]]:
    """(mappings, tables): every mapping below the PML4 at `root`, and the physical addresses of all tables, the root included."""
    mappings = []
    tables = {root}

    def visit(table: int, level: int, base: int, writable: bool, user: bool, executable: bool) -> None:
        for index, entry in enumerate(struct.unpack(f"<{ENTRIES}Q", read(table, 8 * ENTRIES))):
            if not entry & PRESENT:
                continue
            size = 1 << (12 + 9 * level)
            virtual = base + index * size
            rights = (
                writable and bool(entry & WRITABLE),
                user and bool(entry & USER),
                executable and not entry & NO_EXECUTE,
            )
            if level == 0 or (entry & LARGE and level < 3):
                physical = entry & ADDRESS & ~(size - 1)
                mappings.append(Mapping(canonical(virtual), physical, size, *rights, bool(entry & NO_CACHE)))
            else:
                tables.add(entry & ADDRESS)
                visit(entry & ADDRESS, level - 1, virtual, *rights)

    visit(root, 3, 0, True, True, True)
    return mappings, tables
