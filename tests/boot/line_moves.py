#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which cache lines move between clusters in the observed cases of a program (user/lib/observed.h), counted under icount by a plugin of
the emulator (line_counter.c).

    tests/boot/line_moves.py FOLDER [--program NAME] [--all]

FOLDER is the build folder of a machine with its image and its reference link. For each case, of its last run (--all: of every one), it
prints how many lines moved, the fewest that could, how many of each kind, and each by its name: who got it from whom, and where in
the kernel.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))  # as pytest has it

import headers  # noqa: E402 pylint: disable=wrong-import-position
import kernel_code  # noqa: E402 pylint: disable=wrong-import-position
import qemu  # noqa: E402 pylint: disable=wrong-import-position

PLUGIN = ROOT / "build/host/line_counter.so"
EMULATOR = "qemu-system-x86_64"  # the packaged one: the plugin speaks its version
BEGIN, END = "observed_begin", "observed_end"
LINE = 64
NUMBERS = headers.SHARED.numbers
PEERS = NUMBERS["R4_MAX_CLUSTERS"]


def offsets(structure: str) -> dict[int, str]:
    """The members whose offsets its header states."""
    stated = re.findall(rf"^R4_OFFSET\(struct {structure}, (\w+), (\d+)\);", headers.SHARED.text, re.M)
    return {int(offset): member for member, offset in stated}


RING, HEADER = offsets("r4_ring"), offsets("r4_header")
SLOTS = next(offset for offset, member in RING.items() if member == "slots")
RING_KINDS = {0: "want", LINE: "head"}
HEADER_KINDS = {"doorbell_apic": "doorbell"}
KINDS = ["slot", "head", "want", "header", "doorbell", "other"]


@dataclasses.dataclass(frozen=True)
class Place:
    """What a line is."""

    kind: str  # one of KINDS
    name: str


def ring_members(line: int) -> list[str]:
    """The words of the first or the second line of a ring."""
    names = [member.name for member in headers.SHARED.members("r4_ring")]
    first, slots = names.index("head"), names.index("slots")
    return [name for name in (names[:first] if line == 0 else names[first:slots]) if not name.endswith("_pad")]


def ring_place(source: int, target: int, offset: int) -> Place:
    if offset >= SLOTS:
        return Place("slot", f"slot {(offset - SLOTS) // LINE} of the ring {source} -> {target}")
    line = offset // LINE * LINE
    members = " and ".join(ring_members(line))
    return Place(RING_KINDS[line], f"{members} of the ring {source} -> {target}")


def header_place(cluster: int, offset: int) -> Place:
    begin = max((start for start in HEADER if start <= offset), default=0)
    member = HEADER.get(begin, "magic")
    return Place(HEADER_KINDS.get(member, "header"), f"{member} in the header of {cluster}")


class Places:
    """What lies at a virtual address: each cluster's kernel has the same areas after its own base."""

    def __init__(self, code: kernel_code.Code) -> None:
        self.code = code

    def find(self, address: int) -> Place:
        """The smallest thing that the layout knows there."""
        for cluster, base in enumerate(self.code.bases):
            if 0 <= address - base < NUMBERS["R4_KERNEL_AREA"]:
                return self._in_kernel(cluster, address - base)
        return Place("other", f"{address:#x}")

    def _in_kernel(self, cluster: int, offset: int) -> Place:
        def inside(area: str, stride: str, count: int) -> tuple[int, int] | None:
            """(index, offset) in an area of that many parts."""
            past = offset - NUMBERS[area]
            return divmod(past, NUMBERS[stride]) if 0 <= past < count * NUMBERS[stride] else None

        if part := inside("R4_AREA_RINGS_IN", "R4_RING_STRIDE", PEERS):
            return ring_place(part[0], cluster, part[1])
        if part := inside("R4_AREA_RINGS_OUT", "R4_RING_STRIDE", PEERS):
            return ring_place(cluster, part[0], part[1])
        if part := inside("R4_AREA_HEADERS", "R4_PAGE_SIZE", PEERS):
            return header_place(*part)
        if part := inside("R4_AREA_HEADER", "R4_PAGE_SIZE", 1):
            return header_place(cluster, part[1])
        if part := inside("R4_AREA_CORES", "R4_CORE_STRIDE", NUMBERS["R4_MAX_CORES"]):
            return Place("other", f"core {part[0]} of {cluster}, at {part[1]:#x}")
        return Place("other", f"{self.code.name(self.code.bases[cluster] + offset)} of {cluster}")


@dataclasses.dataclass(frozen=True)
class Move:
    """One line that moved between caches."""

    how: str  # read, fetch or upgrade, see coherence.h
    to: int  # the cluster that has it now
    source: int  # the cluster that had it
    place: Place
    function: str  # whose access it was

    def __str__(self) -> str:
        return f"{self.how:7} {self.source} -> {self.to}  {self.place.name}, in {self.function}"


@dataclasses.dataclass
class Case:
    """One run of an observed case."""

    name: str
    cluster: int  # whose program it is
    moves: list[Move] = dataclasses.field(default_factory=list)

    @property
    def between(self) -> list[Move]:
        """Those between clusters; all others are between cores of one."""
        return [move for move in self.moves if move.to != move.source]

    @property
    def kinds(self) -> dict[str, int]:
        found = collections.Counter(move.place.kind for move in self.between)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def fewest(self) -> int:
        """A message takes two: the sender has to have the slot for itself, and the receiver has to get it."""
        return 2 * sum(move.place.kind == "slot" and move.how == "read" for move in self.between)

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.items())
        lines = [f"{self.name}: {len(self.between)} lines, at least {self.fewest}: {kinds}"]
        return "\n    ".join([*lines, *map(str, self.between)])


def processors(folder: pathlib.Path) -> list[int]:
    """The cluster of each of the emulator's processors, which come in the order of their APIC ids."""
    clusters = json.loads((folder / "layout.json").read_text(encoding="utf-8"))["clusters"]
    cores = [(core["apic_id"], cluster["number"]) for cluster in clusters for core in cluster["cores"]]
    return [cluster for _, cluster in sorted(cores)]


def text_at(image: pathlib.Path, address: int) -> str:
    """The string at an address of a linked image."""
    for base, data in kernel_code.segments(image):
        if 0 <= address - base < len(data):
            text = data[address - base :].partition(b"\0")[0]
            return text.decode("ascii")
    raise qemu.QemuError(f"{image}: nothing is at {address:#x}")


@dataclasses.dataclass
class Record:
    """What the plugin wrote of one case: where its name is, and who began it; (how, what else) of each move."""

    name: int
    processor: int
    moves: list[tuple[str, list[str]]] = dataclasses.field(default_factory=list)


def records(lines: list[str]) -> list[Record]:
    """The plugin's output, by cases."""
    found: list[Record] = []
    is_open = False
    for what, *words in map(str.split, lines):
        if what == "nested":
            raise qemu.QemuError(f"case {len(found) + 1} begins inside the one before")
        if what == "case":
            found.append(Record(int(words[0], 16), int(words[1])))
        elif what != "end":
            found[-1].moves.append((what, words))
        is_open = what != "end"
    if is_open:
        raise qemu.QemuError(f"case {len(found)} does not end")
    return found


def marks(program: pathlib.Path) -> list[str]:
    """The plugin's arguments that say where the program's cases begin and end."""
    named = {name: address for address, name in kernel_code.symbols(program)}
    return [f"begin={named[BEGIN]:x}", f"end={named[END]:x}"]


class Reader:
    """Makes cases of what the plugin wrote about a machine's clusters."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.program = folder.parent / "root.elf"
        self.clusters = processors(folder)
        self.code = kernel_code.Code(folder)
        self.places = Places(self.code)

    def arguments(self) -> list[str]:
        """The plugin's, but for the output."""
        masks = collections.Counter[int]()
        for processor, cluster in enumerate(self.clusters):
            masks[cluster] |= 1 << processor
        return [*marks(self.program), *(f"cluster={mask:x}" for mask in masks.values())]

    def cases(self, lines: list[str]) -> list[Case]:
        return [
            Case(
                text_at(self.program, record.name),
                self.clusters[record.processor],
                [self._move(*move) for move in record.moves],
            )
            for record in records(lines)
        ]

    def _move(self, how: str, words: list[str]) -> Move:
        to, source = (self.clusters[int(word)] for word in words[:2])
        address, instruction = (int(word, 16) for word in words[2:])
        in_kernel = instruction >= self.code.bases[0]
        function = self.code.name(instruction) if in_kernel else f"the program, at {instruction:#x}"
        return Move(how, to, source, self.places.find(address), function)


def measure(folder: pathlib.Path, program: str = "bench", more: str = "") -> list[Case]:
    """Runs the program on the machine; `more` is for the command line. All its observed cases, in order."""
    reader = Reader(folder)
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "moves"
        extra = ["-plugin", ",".join([str(PLUGIN), f"out={out}", *reader.arguments()])]
        line = qemu.command_line(folder, "icount", qemu.guest_command(program, "", more), extra, emulator=EMULATOR)
        with qemu.Guest(line, qemu.TIMEOUTS["icount"]) as guest:
            if trouble := guest.finish():
                raise qemu.QemuError(f"{folder.name}: {trouble}\n{guest.output[-5000:]}")
        return reader.cases(out.read_text(encoding="ascii").splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="bench")
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    cases = measure(arguments.folder, arguments.program)
    for case in cases if arguments.all else {case.name: case for case in cases}.values():
        print(case)


if __name__ == "__main__":
    main()
