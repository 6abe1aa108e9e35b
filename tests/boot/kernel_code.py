# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""What is at an address of a machine's kernels, or of the program that all clusters run: by the symbols of the linked images."""

import bisect
import json
from pathlib import Path

from elftools.elf.elffile import ELFFile


def symbols(image: Path) -> list[tuple[int, str]]:
    """(address, name) of all functions and variables, ascending."""
    with open(image, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        kinds = {"STT_FUNC", "STT_OBJECT", "STT_NOTYPE"}
        named = [item for item in table.iter_symbols() if item.name and item["st_info"]["type"] in kinds]
        return sorted((item["st_value"], item.name) for item in named if item["st_shndx"] != "SHN_ABS")


def segments(image: Path) -> list[tuple[int, bytes]]:
    """(address, content) of what is loaded."""
    with open(image, "rb") as file:
        return [(part["p_vaddr"], part.data()) for part in ELFFile(file).iter_segments("PT_LOAD")]


class Code:
    """Functions and variables of a machine's kernels by address: images of one kernel differ in where they begin."""

    def __init__(self, folder: Path) -> None:
        clusters = json.loads((folder / "layout.json").read_text(encoding="utf-8"))["clusters"]
        self.bases = [int(cluster["virtual_base"], 16) for cluster in clusters]
        found = [(address - self.bases[0], name) for address, name in symbols(folder / "cluster-0.elf")]
        self.offsets, self.names = zip(*(item for item in found if item[0] >= 0))

    def addresses(self, function: str) -> list[int]:
        offset = self.offsets[self.names.index(function)]
        return [base + offset for base in self.bases]

    def name(self, address: int) -> str:
        base = max(base for base in self.bases if base <= address)
        return self.names[bisect.bisect(self.offsets, address - base) - 1]
