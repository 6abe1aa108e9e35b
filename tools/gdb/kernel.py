# SPDX-License-Identifier: MIT
"""The kernel's state as gdb sees it: which cluster a CPU belongs to, that cluster's symbols, its memory, its capability slots.

Runs inside gdb. A cluster's addresses mean something only on its own CPUs, so reading one selects a CPU of it for that while.
"""

import contextlib
import json
import os
import re
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import headers  # pylint: disable=wrong-import-position # needs the path above
import trace_words  # pylint: disable=wrong-import-position

# DEFINE_FIELD and #define leave no trace in debug information.
HEADERS = headers.shared(more=["cluster-kernel/pure/paging.h"])
NUMBERS = HEADERS.numbers
TRACE_EVENTS = [name for name, *_ in trace_words.events()]
trace_texts = trace_words.texts
VIRTUAL_BASE = NUMBERS["R4_VIRTUAL_BASE"]
KERNEL_AREA = NUMBERS["R4_KERNEL_AREA"]
AREA_CORES = NUMBERS["R4_AREA_CORES"]
PAGE = NUMBERS["R4_PAGE_SIZE"]
SLOT_SIZE = NUMBERS["R4_SLOT_SIZE"]
SLOTS_PER_PAGE = NUMBERS["R4_SLOTS_PER_PAGE"]
WINDOW_BASE = NUMBERS["R4_WINDOW_BASE"]
WINDOW_END = WINDOW_BASE + NUMBERS["R4_WINDOW_SIZE"]
WORD = (1 << 64) - 1


class KernelError(gdb.GdbError):
    """What was asked for cannot be shown; the text says why."""


def name_of(enumeration: str, value: gdb.Value | int) -> str:
    """The name of an enum's value as the kernel spells it, without the prefix R4_."""
    for constant in gdb.lookup_type(f"enum {enumeration}").fields():
        if constant.enumval == int(value):
            return constant.name.removeprefix("R4_")
    return f"{enumeration} {int(value)}"


def field(name: str, word: int) -> int:
    """The field of a word: what name_get(word) is in C."""
    return HEADERS.fields[name].get(word)


def right_names(bits: int) -> str:
    return HEADERS.bit_names("R4_", headers.RIGHTS, bits)


def flag_names(prefix: str, bits: int) -> str:
    return HEADERS.bit_names(prefix, HEADERS.with_prefix(prefix), bits)


def cluster_of_cpu() -> int | None:
    """The cluster of the selected CPU: its gs base, or the one that waits for the kernel, lies in the cores' area. None: not yet."""
    for register in ("$gs_base", "$k_gs_base"):
        value = gdb.parse_and_eval(register)
        offset = (int(value) & WORD) - VIRTUAL_BASE
        if 0 <= offset < NUMBERS["R4_MAX_CLUSTERS"] * KERNEL_AREA and offset % KERNEL_AREA >= AREA_CORES:
            return offset // KERNEL_AREA
    return None


@dataclass
class Slot:
    """One capability slot, decoded (shared/r4/slot.h)."""

    ref: int  # its physical address / 32
    words: tuple[int, ...]

    def get(self, word: int, name: str) -> int:
        return field(f"r4_slot_{name}", self.words[word])

    @property
    def type(self) -> str:
        return name_of("r4_cap_type", self.get(0, "type")).removeprefix("CAP_")

    @property
    def is_empty(self) -> bool:
        return self.type == "EMPTY"

    @property
    def depth(self) -> int:
        return self.get(2, "depth")

    @property
    def next(self) -> int:
        return self.get(3, "next")

    @property
    def prev(self) -> int:
        return self.get(0, "prev_high") << 24 | self.get(3, "prev_low")

    @property
    def object(self) -> int:
        address = self.get(2, "object") * 64
        return address & ~(PAGE - 1) if self.get(2, "size") >= 12 else address

    def _badge(self) -> str:
        """Word 1, as the type reads it."""
        word = self.words[1]
        if self.type in ("FRAME", "PAGE_TABLE", "CAP_PAGE"):
            page = field("r4_mapping_page_high", word) << 3 | self.get(2, "object") & 7
            name = field("r4_mapping_name", word)
            return f"mapped at {page * PAGE:#x} in asid {field('r4_name_asid', name)}" if name else "not mapped"
        if self.type == "UNTYPED":
            return f"watermark {word:#x}"
        if self.type == "REMOTE_REF":
            return f"loan {field('r4_loan_index', word)} to cluster {field('r4_loan_peer', word)}"
        return f"badge {word:#x}"

    def __str__(self) -> str:
        return (
            f"{self.type} 2^{self.get(2, 'size')} at {self.object:#x} rights {right_names(self.get(2, 'rights'))}"
            f" ttl {self.get(0, 'ttl')} depth {self.depth} version {self.get(0, 'version')}"
            f" flags {flag_names('R4_FLAG_', self.get(0, 'flags'))}, {self._badge()}"
        )


@dataclass
class Proxy:
    """One proxy, decoded (shared/r4/proxy.h). Its target and grantee may be anything."""

    words: tuple[int, ...]

    def get(self, word: int, name: str) -> int:
        return field(f"r4_proxy_{name}", self.words[word])

    @property
    def is_empty(self) -> bool:
        return name_of("r4_cap_type", self.get(0, "kind")) != "CAP_PROXY"

    def _target(self) -> str:
        asid, generation, index, cluster = (
            field(f"r4_cap_{name}", self.words[1]) for name in ("asid", "generation", "index", "cluster")
        )
        place = f"slot {index} of asid {asid} generation {generation}" if asid else f"slot {index}"
        return f"{place} of cluster {cluster}, version {self.get(3, 'version')}"

    def __str__(self) -> str:
        asid, generation = (field(f"r4_name_{name}", self.get(3, "grantee")) for name in ("asid", "generation"))
        return (
            f"PROXY for asid {asid} generation {generation} of {self._target()}"
            f" rights {right_names(self.get(0, 'rights'))} ttl {self.get(0, 'ttl')} serial {self.get(0, 'serial')}"
            f" flags {flag_names('R4_PROXY_', self.get(0, 'flags'))}, badge {self.words[2]:#x}"
        )


class Cluster:
    """One kernel copy, with a CPU of it selected."""

    def __init__(self, objfile: gdb.Objfile, number: int) -> None:
        self.objfile = objfile
        self.number = number
        layout = json.loads((Path(objfile.filename).parent / "layout.json").read_text(encoding="utf-8"))
        self.layout = layout["clusters"][number]
        self.direct_map = int(self.layout["direct_map"], 16)
        self._pages: dict[int, bytes] = {}

    def symbol(self, name: str) -> gdb.Value:
        """A global of this copy, read whole at once. All copies have one layout; a global that other files declare may be resolved to
        another copy's by gdb, so only its offset counts."""
        found = self.objfile.lookup_global_symbol(name)
        if found is None:
            raise KernelError(f"{self.objfile.filename} has no symbol {name}")
        value = found.value()
        offset = ((int(value.address) & WORD) - VIRTUAL_BASE) % KERNEL_AREA
        own = gdb.Value(VIRTUAL_BASE + self.number * KERNEL_AREA + offset).cast(value.type.pointer()).dereference()
        own.fetch_lazy()
        return own

    def constant(self, name: str) -> int:
        return int(self.layout["linker_constants"][name], 16)

    @staticmethod
    def at(address: int, name: str) -> gdb.Value:
        """The structure at a virtual address."""
        value = gdb.Value(address).cast(gdb.lookup_type(f"struct {name}").pointer()).dereference()
        value.fetch_lazy()
        return value

    def physical(self, address: gdb.Value | int) -> int:
        """Of a pointer into the direct map; 0 for null."""
        return int(address) & WORD and (int(address) & WORD) - self.direct_map

    def words(self, physical: int, count: int) -> tuple[int, ...]:
        """64-bit words of the cluster's memory, which may not cross a page."""
        base = physical & ~(PAGE - 1)
        if base not in self._pages:
            self._pages[base] = bytes(gdb.selected_inferior().read_memory(self.direct_map + base, PAGE))
        return struct.unpack_from(f"<{count}Q", self._pages[base], physical - base)

    def slot(self, ref: int) -> Slot:
        return Slot(ref, self.words(ref * SLOT_SIZE, 4))

    def proxy(self, ref: int) -> Proxy:
        """What is at a physical address / 32, taken for a proxy."""
        return Proxy(self.words(ref * SLOT_SIZE, 4))

    def cores(self) -> Iterator[tuple[int, gdb.Value]]:
        """(index, struct core) of each core."""
        cores = self.symbol("cluster")["cores"]
        for index in range(len(self.layout["cores"])):
            yield index, cores[index].dereference()

    def spaces(self) -> Iterator[tuple[int, gdb.Value]]:
        """(asid, struct pd) of each protection domain."""
        entries = self.symbol("cluster")["asids"]["entries"]
        pd = gdb.lookup_type("struct pd").pointer()
        for asid in range(*entries.type.range()):
            if int(entries[asid]["window"]) != 0:
                yield asid, entries[asid]["window"].cast(pd).dereference()

    def _table(self, table: int) -> list[tuple[int, int]]:
        """(index, entry) of what is present in a page table."""
        entries = self.words(table, NUMBERS["PAGING_ENTRIES"])
        return [(index, entry) for index, entry in enumerate(entries) if entry & NUMBERS["PAGING_PRESENT"]]

    def _leaves(self, table: int, level: int, address: int) -> Iterator[tuple[int, int]]:
        """(virtual address, entry) of each leaf of the window in a page table that covers what begins at `address`."""
        reach = PAGE << 9 * (level - 1)
        for index, entry in self._table(table):
            place = address + index * reach
            if place >= WINDOW_END or place + reach <= WINDOW_BASE:
                continue
            if level == 1:
                yield place, entry
            elif not entry & NUMBERS["PAGING_LARGE"]:
                yield from self._leaves(entry & NUMBERS["PAGING_ADDRESS"], level - 1, place)

    def window(self, pd: gdb.Value) -> Iterator[tuple[int, Slot | Proxy]]:
        """(window index, Slot or Proxy) of each capability and proxy in a protection domain's window."""
        kinds: dict[int, Callable[[int], Slot | Proxy]] = {
            NUMBERS["PAGING_KIND_CAPS"]: self.slot,
            NUMBERS["PAGING_KIND_PROXIES"]: self.proxy,
        }
        for address, leaf in self._leaves(int(pd["root"]), 4, 0):
            kind = kinds.get(field("paging_kind", leaf))
            first = (leaf & NUMBERS["PAGING_ADDRESS"]) // SLOT_SIZE
            if kind is None:
                continue
            for number in range(1, SLOTS_PER_PAGE):  # slot 0 of a page names nothing
                entry = kind(first + number)
                if not entry.is_empty:
                    yield (address - WINDOW_BASE) // SLOT_SIZE + number, entry

    def capabilities(self, pd: gdb.Value) -> Iterator[tuple[int, Slot]]:
        """(window index, Slot) of each capability in a protection domain's window."""
        return ((index, entry) for index, entry in self.window(pd) if isinstance(entry, Slot))


def images() -> dict[int, gdb.Objfile]:
    """The loaded images of kernel copies: number -> objfile."""
    found = {}
    for objfile in gdb.objfiles():
        if match := re.fullmatch(r"cluster-(\d+)\.elf", os.path.basename(objfile.filename or "")):
            found[int(match[1])] = objfile
    return found


@contextlib.contextmanager
def selected(number: int | None = None) -> Iterator[Cluster]:
    """A Cluster, by default that of the selected CPU, with one of its CPUs selected for the while."""
    before = gdb.selected_thread()
    if before is None:
        raise KernelError("no machine is being debugged")
    own = cluster_of_cpu()
    number = own if number is None else number
    if number is None:
        raise KernelError("this CPU does not run a kernel yet")
    if number not in images():
        raise KernelError(f"no image of cluster {number} is loaded")
    try:
        for thread in gdb.selected_inferior().threads() if number != own else ():
            thread.switch()
            if cluster_of_cpu() == number:
                break
        if cluster_of_cpu() != number:
            raise KernelError(f"no CPU runs cluster {number}'s kernel yet")
        yield Cluster(images()[number], number)
    finally:
        before.switch()
