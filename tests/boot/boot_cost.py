#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How many instructions a boot takes, counted under icount by a plugin of the emulator (boot_counter.c).

    tests/boot/boot_cost.py FOLDER [--point FUNCTION]

FOLDER is the build folder of a machine with its image and its reference link, of this tree or of an older one. The count begins with
the coordinator's first instruction. It ends when each kernel has executed FUNCTION once, the system call that prints a program's line.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import sys
import tempfile

from elftools.elf.elffile import ELFFile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))  # as pytest has it

import qemu  # noqa: E402 pylint: disable=wrong-import-position

PLUGIN = ROOT / "build/host/boot_counter.so"
POINT = "sys_debug_write"
EMULATOR = "qemu-system-x86_64"  # the packaged one: the plugin speaks its version
FIRST_LINE = re.compile(r"\[c(\d+)\] cluster \1 of \d+: .*")


@dataclasses.dataclass(frozen=True)
class Cost:
    """Instructions of a boot, by whose code they are of; and what was printed meanwhile."""

    coordinator: int
    kernels: int
    programs: int
    lines: list[str]

    @property
    def all(self) -> int:
        return self.coordinator + self.kernels + self.programs


def points(folder: pathlib.Path, function: str) -> list[int]:
    """Where the function is in each kernel: their images differ in where they begin."""
    layout = json.loads((folder / "layout.json").read_text(encoding="utf-8"))
    bases = [int(cluster["virtual_base"], 16) for cluster in layout["clusters"]]
    with open(folder / "cluster-0.elf", "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(function)
        address = symbols[0]["st_value"]
    return [address - bases[0] + base for base in bases]


def coordinator_place(folder: pathlib.Path) -> tuple[int, int]:
    """(entry, end) of the coordinator."""
    with open(folder.parent / "coordinator.elf", "rb") as file:
        elf = ELFFile(file)
        ends = [part["p_vaddr"] + part["p_memsz"] for part in elf.iter_segments("PT_LOAD")]
        return elf["e_entry"], max(ends)


def measure(folder: pathlib.Path, function: str = POINT, more: str = "") -> Cost:
    """Boots the machine up to the last root task's first line; `more` is for the command line."""
    start, end = coordinator_place(folder)
    places = points(folder, function)
    missing = set(range(len(places)))

    def is_last(line: str) -> bool:
        if match := FIRST_LINE.fullmatch(line):
            missing.discard(int(match[1]))
        return not missing

    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "counts"
        words = [f"out={out}", f"start={start:x}", f"end={end:x}", *(f"point={place:x}" for place in places)]
        extra = ["-plugin", ",".join([str(PLUGIN), *words])]
        line = qemu.command_line(folder, "icount", qemu.guest_command("demo", "", more), extra, emulator=EMULATOR)
        with qemu.Guest(line, qemu.TIMEOUTS["icount"]) as guest:
            if guest.wait_for(is_last) is None:
                raise qemu.QemuError(f"{folder.name}: not every root task has printed a line:\n{guest.output[-5000:]}")
            guest.process.terminate()  # the plugin writes its counts then
            guest.process.wait()
            lines = guest.lines
        counts = dict(re.findall(r"(\w+) (\d+)", out.read_text(encoding="utf-8")))
    assert counts.pop("missing") == "0", "a root task's line without its system call"
    return Cost(**{name: int(count) for name, count in counts.items()}, lines=lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--point", default=POINT)
    arguments = parser.parse_args()
    cost = measure(arguments.folder, arguments.point)
    print(
        f"{arguments.folder.name}: {cost.all:,} instructions: coordinator {cost.coordinator:,}, kernels {cost.kernels:,}, "
        f"programs {cost.programs:,}"
    )


if __name__ == "__main__":
    main()
