#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bounds the use of stacks by kernel and coordinator, from the call graphs that gcc writes beside the objects (-fcallgraph-info=su).

The bound of a way in is the most expensive chain of calls below it, over all that the code could do. Indirect calls are followed where
it is known what they reach: the handlers in syscall.c's table, and what is listed below. Refused: a frame whose size the compiler does
not know, an indirect call anywhere else, recursion that is not explained below, a function that no object defines, a frame that could
step over a guard page, and a bound that leaves less than the margin free. Prints each bound with its chain; exit status 1 if anything
was refused.
"""

import argparse
import pathlib
import re
from collections.abc import Iterator

import tool
from headers import ROOT, SHARED, TABLE, Headers, operations

PAGE = SHARED.numbers["R4_PAGE_SIZE"]  # the guard below each kernel stack
KERNEL_STACK = SHARED.numbers["R4_CORE_OFFSET"] - PAGE  # from the guard page to struct core
MARGIN = 2  # of each stack, at least 1 / MARGIN stays free

# What entry.S has on the stack when it calls C, without the return address, which gcc counts: the words of the processor and its own.
TRAP_BYTES = 8 * 8  # error, vector, five words of the processor, rax for a moment
FAULT_BYTES = 8 * 7 + 8 * 18 + 2 * 16  # the same, all registers, two alignments to 16
WAYS_IN = {"machine_start": 0, "kernel_start": 0, "kernel_syscall": 0, "machine_trap": TRAP_BYTES}
FAULT_INSIDE = "machine_trap_inside"  # may come on top of any of these, and on the emergency stack

# The coordinator's: no guard page below, no interrupts, so nothing comes on top.
COORDINATOR_WAYS_IN = {"coordinator_main": "STACK_SIZE", "core_find": "CORE_STACK_SIZE"}  # -> size, in entry.S
COORDINATOR_MARGIN = 3  # at least 1 / COORDINATOR_MARGIN stays free

# Functions that are no C: return address and pushes.
ASSEMBLY = {"descriptors_load": 8 + 2 * 8, "core_enter": 8}
INDIRECT = "__indirect_call"
# Where calls go through pointers, by file -> what they reach. In the kernel: the handlers in the table of operations.
COORDINATOR_REACHED = {
    "boot-coordinator/core/acpi.c": ["table_at"],  # struct acpi_memory
    "boot-coordinator/core/multiboot.c": [
        "memory_entry",
        "efi_entry",
        "ranges_add",
        "ranges_remove",
    ],  # struct map, map_apply()
}

# Calls that the graph has and the program never makes: (caller, callee) -> (what is called instead, why).
REPLACED = {
    ("panic", "die"): (None, "counted on its own: whoever panics stays there"),
    ("fault_injection_recurse", "fault_injection_recurse"): (None, "the fault that overflows the stack"),
}

NODE = re.compile(r'^node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)" label: "([^"]*)"')
FRAME = re.compile(r"(\d+) bytes \((\w+(?:,\w+)?)\)")


class StackError(Exception):
    """Something that the bound cannot be computed with."""


def short(title: str) -> str:
    """The function's name: static ones are titled FILE:NAME, and clones have suffixes."""
    return title.rpartition(":")[2].partition(".")[0]


class Graph:
    """Frames and calls of all objects, by title. `reached`: file -> functions that its calls through pointers reach."""

    def __init__(self, reached: dict[str, list[str]]) -> None:
        self.reached = reached
        self.frames: dict[str, int] = {}
        self.calls: dict[str, set[tuple[str, str]]] = {}

    def read(self, text: str) -> None:
        for line in text.splitlines():
            if match := NODE.match(line):
                self._node(*match.groups())
            elif match := EDGE.match(line):
                file = match[3].partition(":")[0] if match[2] == INDIRECT else ""
                self.calls.setdefault(match[1], set()).add((match[2], file))

    def _node(self, title: str, label: str) -> None:
        frame = FRAME.search(label)
        if not frame:
            return  # declared here, defined elsewhere
        if frame[2] not in ("static", "dynamic,bounded"):
            raise StackError(f"{short(title)}: the compiler does not bound its frame ({frame[2]})")
        self.frames[title] = int(frame[1])

    def titled(self, name: str) -> str:
        """The title of the function that is called so."""
        titles = [title for title in self.frames if short(title) == name]
        return titles[0] if len(titles) == 1 else name

    def callees(self, title: str) -> Iterator[str]:
        for callee, file in sorted(self.calls.get(title, ())):
            replaced = REPLACED.get((short(title), short(callee)))
            if replaced:
                if replaced[0]:
                    yield replaced[0]
            elif callee != INDIRECT:
                yield callee
            elif file in self.reached:
                yield from map(self.titled, self.reached[file])
            else:
                raise StackError(f"{short(title)}: an indirect call, and nothing says where to")


class Bounds:
    """deepest(title): bytes and chain of the most expensive way below a function."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[str, tuple[int, list[str]]] = {}
        self.path: list[str] = []

    def deepest(self, title: str) -> tuple[int, list[str]]:
        if title in self.known:
            return self.known[title]
        if title in self.path:
            ring = self.path[self.path.index(title) :] + [title]
            raise StackError("recursion: " + " -> ".join(map(short, ring)))
        frame = self.graph.frames.get(title, ASSEMBLY.get(title))
        if frame is None:
            raise StackError(
                f"{title}: called by {short(self.path[-1])}, and no object defines it"
                if self.path
                else f"{title}: no object defines it"
            )
        self.path.append(title)
        ways = [self.deepest(callee) for callee in self.graph.callees(title)]
        below: tuple[int, list[str]] = max(ways, default=(0, []))
        self.path.pop()
        self.known[title] = (frame + below[0], [f"{short(title)} {frame}", *below[1]])
        return self.known[title]


def table_handlers(root: pathlib.Path) -> list[str]:
    """The functions in the table of operations."""
    found = {operation.handler for operation in operations(root)}
    if not found:
        raise StackError(f"{TABLE}: no rows of its table found")
    return sorted(found)


def read_graph(folder: pathlib.Path, reached: dict[str, list[str]]) -> Graph:
    graph = Graph(reached)
    files = sorted(folder.rglob("*.ci"))
    if not files:
        raise StackError(f"{folder}: no call graphs; build with gcc first")
    for path in files:
        graph.read(path.read_text(encoding="utf-8"))
    return graph


def die_bytes(bounds: Bounds) -> int:
    """What panic() calls at its end: kept out of its callers' chains."""
    return max((bounds.deepest(title)[0] for title in bounds.graph.frames if short(title) == "die"), default=0)


def report(bounds: Bounds, name: str, extra: int, size: int, margin: int = MARGIN) -> int:
    """Prints one bound and returns it; refuses one that leaves too little."""
    used, chain = bounds.deepest(name)
    used += extra
    print(f"check_stack: {name}: {used} of {size} bytes: {', '.join(chain)}")
    if used > size - size // margin:
        raise StackError(f"{name}: {used} of {size} bytes: 1/{margin} must stay free")
    return used


def check_coordinator(folder: pathlib.Path, root: pathlib.Path) -> None:
    bounds = Bounds(read_graph(folder, COORDINATOR_REACHED))
    sizes = Headers([root / "boot-coordinator/x86/entry.S"]).numbers
    for name, size in COORDINATOR_WAYS_IN.items():
        report(bounds, name, 0, sizes[size], COORDINATOR_MARGIN)


def check_kernel(folder: pathlib.Path, root: pathlib.Path) -> None:
    """Prints all bounds; the last line is the summary."""
    handlers = table_handlers(root)
    graph = read_graph(folder, {TABLE: handlers})
    for title, frame in graph.frames.items():
        if frame > PAGE // MARGIN:
            raise StackError(f"{short(title)}: a frame of {frame} bytes could step over the guard page")
    bounds = Bounds(graph)
    emergency = Headers([root / "cluster-kernel/x86/machine_inline.h"]).numbers["MACHINE_EMERGENCY_SIZE"]
    inside = report(bounds, FAULT_INSIDE, FAULT_BYTES, emergency)
    # A fault in the kernel, or a panic, comes on top of the deepest of the others.
    last_words = max(inside, die_bytes(bounds))
    most = max(report(bounds, name, extra + last_words, KERNEL_STACK) for name, extra in WAYS_IN.items())
    print(
        f"check_stack: at most {most} of {KERNEL_STACK} bytes, {inside} of {emergency} on the emergency stack; "
        f"1/{MARGIN} must stay free"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=pathlib.Path, default=ROOT / "build", help="where kernel/ and coordinator/ are"
    )
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the source tree")
    arguments = parser.parse_args()
    try:
        check_coordinator(arguments.folder / "coordinator", arguments.root)
        check_kernel(arguments.folder / "kernel", arguments.root)
    except StackError as error:
        print(f"check_stack: {error}")
        return 1
    return 0


if __name__ == "__main__":
    tool.run(main)
