#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves from the compiler's call graph that calls go down the floors of the kernel and never round in a circle.

A file calls files further down, or further left on its own floor; NAME.h and NAME.c are one file. Folders without floors
(user/) have no circle. The graph is what gcc -fcallgraph-info says at -O0 with nothing inlined, since inlining hides calls. A call
through a pointer is a call of every function in the named table of that file (TABLES), and elsewhere a mistake. The ground, which
every file may call: machine.h's downcalls, contract_failed, and shared/, which is in the graph and may call the ground only. Not
followed: the machine's upcalls, which machine.h lists, out of x86/. A call of what no source defines is a mistake, but for ASSEMBLY.
What assembly calls is not seen. UNSAVED is called from itself and from assembly alone, since it does not preserve the registers that
a caller expects (UNSAVED in build.mk). Exit status 1 if anything is refused.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator

import tool

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Top to bottom; on one floor left to right. A folder's name alone is a floor of its own, whose files are in no order.
KERNEL_FLOORS = [
    ["event", "syscall", "main"],
    ["dispatch", "root"],
    ["call/invocation", "call/*"],
    ["serve/milestone", "serve/borrow", "serve/receive", "poll"],
    ["revoke/create", "revoke/dying", "revoke/finalise", "revoke/revoke"],
    [
        "object/pd",
        "object/frame",
        "object/page_table",
        "object/cap_page",
        "object/thread",
        "peer/peer",
        "peer/receive_slot",
        "peer/mailbox",
        "peer/lend",
    ],
    ["sched/shootdown", "sched/slice", "sched/sched", "sched/stand", "sched/operation"],
    ["diag/console", "diag/log", "diag/shutdown", "diag/panic", "diag/fault_injection"],
    ["x86/*"],
    [
        "cluster/addresses",
        "cluster/pools",
        "cluster/trace",
        "cluster/core",
        "cluster/lock",
        "cluster/cluster",
        "cluster/doorbell",
    ],
    ["pure/*"],
]
FREE_FOLDERS = ["user/lib", "user/fuzz", "user/suite", "user/bench", "user/root"]
# File -> the table through which it calls: whatever functions the file stores there.
TABLES = {"cluster-kernel/syscall": "table"}

UNSAVED = ("cluster-kernel/syscall", "cluster-kernel/call/")

FLAGS = [
    "gcc",
    "-std=gnu11",
    "-O0",
    "-w",
    "-fno-inline",
    "-D__always_inline__=__noinline__",
    "-fcallgraph-info=su",
    "-DKERNEL_CHECKS=1",
    "-ffreestanding",
    "-mno-red-zone",
]
KERNEL_FLAGS = [
    "-mgeneral-regs-only",
    "-mcmodel=kernel",
    "-fno-pic",
    "-Icluster-kernel",
    "-Icluster-kernel/x86",
    "-Ishared",
]
USER_FLAGS = ["-mcmodel=small", "-fno-pic", "-Iuser", "-Ishared"]

NODE = re.compile(r'^node: \{ title: "([^"]+)" label: "([^"\\]+)\\n([^":]+):\d+:\d+(\\n[^"]*)?"')
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
INDIRECT = "__indirect_call"
ASSEMBLY = {"descriptors_load"}  # functions of entry.S that C calls
GROUND = {"contract_failed", "memcpy", "memmove", "memset", "memcmp"}


Edge = tuple[str, str, str, str]  # file, file, caller, callee


class FloorError(Exception):
    """The graph cannot be read."""


def stem(path: str) -> str:
    """The file that a source or header belongs to."""
    return str(pathlib.PurePath(os.path.normpath(path)).with_suffix(""))


class Graph:
    """Calls between functions of a folder, and the file that each function is in."""

    def __init__(self) -> None:
        self.file: dict[str, str] = {}  # title -> file that defines it
        self.calls: set[tuple[str, str]] = set()  # (title, title)
        self.stored: dict[str, list[str]] = {}  # file -> titles of functions that it stores in its table

    def read(self, text: str) -> None:
        for line in text.splitlines():
            if (match := NODE.match(line)) and match[4]:  # without a size it is only declared here
                self.file[match[1]] = stem(match[3])
            elif match := EDGE.match(line):
                self.calls.add((match[1], match[2]))

    def unknown(self, known: set[str]) -> Iterator[str]:
        """What is called and neither defined by a source nor known."""
        for caller, callee in sorted(self.calls):
            if callee != INDIRECT and callee not in self.file and short(callee) not in known:
                yield f"{self.file.get(caller)}: {short(caller)} calls {short(callee)}, which no source defines"

    def edges(self, ground: set[str]) -> Iterator[Edge]:
        """(file, file, caller, callee) of each call between two files of the tree."""
        for caller, callee in sorted(self.calls):
            source = self.file.get(caller)
            for name in self.stored.get(source or "", ()) if callee == INDIRECT else [callee]:
                target = self.file.get(name)
                if source and target and source != target and short(name) not in ground:
                    yield source, target, short(caller), short(name)


def short(title: str) -> str:
    return title.rpartition(":")[2]


def compile_graph(root: pathlib.Path, sources: list[str], flags: list[str], folder: pathlib.Path) -> Graph:
    """Compiles the sources for their call graphs alone; returns the graph."""

    def run(source: str) -> pathlib.Path:
        target = folder / (source.replace("/", "-") + ".o")
        done = subprocess.run(
            [*FLAGS, *flags, "-c", source, "-o", target], cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise FloorError(f"{source}: {done.stderr}")
        return target.with_suffix(".ci")

    graph = Graph()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path in pool.map(run, sources):
            graph.read(path.read_text(encoding="utf-8"))
    return graph


def table_functions(text: str, table: str) -> list[str]:
    """The functions that a table's initialiser names."""
    body = re.search(rf"\b{table}\[\] = \{{(.*?)\n\}};", text, re.S)
    if not body:
        raise FloorError(f"there is no table {table}")
    return sorted(set(re.findall(r"\{(\w+),", body[1])))


def circles(edges: Iterable[Edge]) -> Iterator[list[str]]:
    """Each set of files that call each other in a circle (strongly connected, more than one), as one circle of calls."""
    below: dict[str, set[str]] = {}
    for source, target, *_ in edges:
        below.setdefault(source, set()).add(target)
    known: set[str] = set()
    for start in sorted(below):
        ring = way_back(below, start)
        if ring and not known & set(ring):
            known |= set(ring)
            yield ring


def way_back(below: dict[str, set[str]], start: str) -> list[str] | None:
    """The shortest chain of calls from a file back to itself, or null."""
    chains = [[start]]
    seen: set[str] = set()
    while chains:
        chain = chains.pop(0)
        for target in sorted(below.get(chain[-1], ())):
            if target == start:
                return [*chain, start]
            if target not in seen:
                seen.add(target)
                chains.append([*chain, target])
    return None


def places(floors: list[list[str]], files: Iterable[str]) -> dict[str, tuple[int, int]]:
    """file -> (floor, place on it), places further down are larger; what is further right is less far down."""
    found: dict[str, tuple[int, int]] = {}
    for number, floor in enumerate(floors):
        for place, name in enumerate(floor):
            for file in files:
                if file == name or (name.endswith("/*") and file.startswith(name[:-1]) and file not in found):
                    found[file] = (number, -place)
    return found


def order_breaches(edges: Iterable[Edge], floors: list[list[str]], prefix: str) -> Iterator[str]:
    """Calls that do not go down."""
    files = {file.removeprefix(prefix) for edge in edges for file in edge[:2]}
    place = places(floors, files)
    for file in sorted(files - set(place)):
        yield f"{prefix}{file}: is on no floor"
    for source, target, caller, callee in edges:
        here, there = (place.get(file.removeprefix(prefix)) for file in (source, target))
        if here and there and not there > here and not (here == there and floors[here[0]][-here[1]].endswith("*")):
            yield f"{source}: {caller} calls {callee} of {target}, which is not below it"


def machine_names(text: str) -> tuple[set[str], set[str]]:
    """(downcalls, upcalls) that machine.h declares."""
    names = re.findall(r"\b((?:machine|kernel)_\w+)\(", text)
    return {name for name in names if name.startswith("machine_")}, {
        name for name in names if name.startswith("kernel_")
    }


def check_kernel(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    folders = [*(root / "cluster-kernel").rglob("*.c"), *(root / "shared").glob("*.c")]
    graph = compile_graph(root, sorted(str(path.relative_to(root)) for path in folders), KERNEL_FLAGS, folder)
    for file, table in TABLES.items():
        path = root / f"{file}.c"
        if path.is_file():
            graph.stored[file] = table_functions(path.read_text(encoding="utf-8"), table)
    downcalls, upcalls = machine_names((root / "cluster-kernel/machine.h").read_text(encoding="utf-8"))
    edges = []
    for edge in graph.edges(GROUND | downcalls):
        if edge[1].startswith(UNSAVED) and not edge[0].startswith(UNSAVED):
            yield f"{edge[0]}: {edge[2]} calls {edge[3]} of {edge[1]}, which does not preserve its registers"
        if edge[0].startswith("shared/") and edge[1].startswith("cluster-kernel/"):
            yield f"{edge[0]}: {edge[2]} calls {edge[3]} of {edge[1]}, which is not below it"
        elif edge[3] in upcalls and edge[0].startswith("cluster-kernel/x86/"):
            continue
        elif edge[0].startswith("cluster-kernel/") and edge[1].startswith("cluster-kernel/"):
            edges.append(edge)
    yield from graph.unknown(GROUND | downcalls | ASSEMBLY)
    yield from unnamed_calls(graph, "cluster-kernel/")
    yield from (f"circle: {' -> '.join(ring)}" for ring in circles(edges))
    yield from order_breaches(edges, KERNEL_FLOORS, "cluster-kernel/")


def unnamed_calls(graph: Graph, prefix: str) -> Iterator[str]:
    for caller, callee in sorted(graph.calls):
        file = graph.file.get(caller, "")
        if callee == INDIRECT and file.startswith(prefix) and file not in graph.stored:
            yield f"{file}: {short(caller)} calls through a pointer, and no table is named"


def check_free(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    """No circle among the files of each folder."""
    for name in FREE_FOLDERS:
        sources = sorted(str(path.relative_to(root)) for path in (root / name).rglob("*.c"))
        graph = compile_graph(root, sources, USER_FLAGS, folder)
        edges = [
            edge for edge in graph.edges(GROUND) if edge[0].startswith(name + "/") and edge[1].startswith(name + "/")
        ]
        yield from (f"circle: {' -> '.join(ring)}" for ring in circles(edges))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            breaches = [*check_kernel(root, pathlib.Path(scratch)), *check_free(root, pathlib.Path(scratch))]
        except FloorError as error:
            breaches = [str(error)]
    for breach in breaches:
        print(breach)
    print(f"check_floors: {len(breaches) or 'no'} breach{'' if len(breaches) == 1 else 'es'}")
    return 1 if breaches else 0


if __name__ == "__main__":
    tool.run(main)
