# SPDX-License-Identifier: MIT
"""What Linux says of a machine: /sys/devices/system/{cpu,node,memory}, /proc/cpuinfo, /sys/firmware/memmap; from a
folder (or `/` itself), or from the tar file of `linkgen.py collect`. Numbers of CPUs and nodes are Linux' own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import layout_acpi
from layout_error import LayoutError, printable
from layout_firmware import USABLE, Firmware, Map, linux_prefix, tree_map, tree_tables
from layout_tree import Tree, open_tree

CPUS_MAX = 1 << 16
NODES_MAX = 1 << 10
BLOCK_MIN, BLOCK_MAX = 128 << 20, 64 << 30
BLOCKS_MAX = 1 << 20
LEGACY = (0xA0000, 0x100000)  # no RAM on any PC
CACHES_MAX = 16
DISTANCE_UNKNOWN = 255
PLACE_UNIT = 2 << 20  # of invented addresses
DEVICES = (3 << 30, 4 << 30)  # where they have no RAM
IO_APIC = 0xFEC00000  # in a range that tells nothing of the devices


@dataclass
class Cpu:
    number: int
    online: bool = True
    apic_id: int | None = None
    package: int | None = None
    core: tuple[int, ...] | None = None  # its sibling threads
    cache: tuple[int, ...] | None = None  # the CPUs that share its last cache


@dataclass
class Node:
    number: int
    cpus: list[int]
    memory_kib: int | None
    distances: list[int]  # to each node that is online, in their order
    blocks: list[int]


@dataclass
class Linux:
    """All of it, and the firmware's words that came with it."""

    name: str
    cpus: dict[int, Cpu] = field(default_factory=dict)  # those that are present
    nodes: dict[int, Node] = field(default_factory=dict)
    block_size: int | None = None
    hot_added: set[int] = field(default_factory=set)  # nodes whose memory came after the boot: PMEM, CXL
    map: list[Map] = field(default_factory=list)
    tables: list[bytes] = field(default_factory=list)


def parse_list(text: str, name: str, most: int = CPUS_MAX) -> list[int]:
    """'0-3,8' as numbers."""
    found: list[int] = []
    for part in filter(None, text.strip().split(",")):
        ends = part.split("-")
        if len(ends) > 2 or not all(re.fullmatch(r"\d{1,7}", end) for end in ends):
            raise LayoutError(f"{name}: is no list of numbers: {printable(part)[:40]}")
        first, last = int(ends[0]), int(ends[-1])
        if last >= most or first > last:
            raise LayoutError(f"{name}: has numbers out of range: {part}")
        found += range(first, last + 1)
    return found


def parse_mask(text: str, name: str) -> list[int]:
    """'0000,00000003' as numbers: words of 32 bits, the last the lowest."""
    words = text.strip().removeprefix("0x").split(",")
    if len(words) > CPUS_MAX // 32 or not all(re.fullmatch(r"(0x)?[0-9a-fA-F]{0,8}", word) for word in words):
        raise LayoutError(f"{name}: is no mask of CPUs: {printable(text)[:40]}")
    mask = 0
    for word in words:
        mask = mask << 32 | int(word or "0", 16)
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


class _Reader:
    """One tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.prefix = linux_prefix(tree)
        folders = ("sys/devices/system", "devices/system")
        self.system = next((self.prefix + name for name in folders if tree.list(self.prefix + name)), "")
        if not self.system:
            raise LayoutError(f"{tree.name}: has no sys/devices/system: it is no tree of Linux' sysfs")

    def name(self, path: str) -> str:
        return f"{self.tree.name}: {path.removeprefix(self.prefix)}"

    def number(self, path: str, base: int = 10) -> int | None:
        text = self.tree.text(path)
        if not text:
            return None
        try:
            return int(text, base)
        except ValueError as error:
            raise LayoutError(f"{self.name(path)}: is no number: {printable(text)[:40]}") from error

    def numbers(self, path: str, most: int = CPUS_MAX) -> list[int] | None:
        text = self.tree.text(path)
        return None if text is None else parse_list(text, self.name(path), most)

    def cpus_of(self, path: str, name: str) -> list[int] | None:
        """`name`list, or `name` as a mask."""
        listed = self.numbers(f"{path}/{name}_list") if name != "cpu" else self.numbers(f"{path}/cpulist")
        if listed is not None:
            return listed
        mask = "cpumap" if name == "cpu" else name
        text = self.tree.text(f"{path}/{mask}")
        return None if text is None else parse_mask(text, self.name(f"{path}/{mask}"))

    def folders(self, path: str, word: str, most: int) -> list[int]:
        """N of each wordN, ascending."""
        names = (re.fullmatch(rf"{word}(\d{{1,7}})", name) for name in self.tree.list(path))
        found = sorted(int(match[1]) for match in names if match)
        if found and found[-1] >= most:
            raise LayoutError(f"{self.name(path)}: has {word}{found[-1]}, more than there can be")
        return found


def _cpuinfo(reader: _Reader) -> dict[int, dict[str, str]]:
    """Numbers of each processor in /proc/cpuinfo."""
    text = reader.tree.text(reader.prefix + "proc/cpuinfo") or ""
    found: dict[int, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if key == "processor" and value.isdecimal() and int(value) < CPUS_MAX:
            current = found.setdefault(int(value), {})
        elif key in ("apicid", "physical id") and value.isdecimal():
            current[key] = value
    return found


def _last_cache(reader: _Reader, path: str) -> tuple[int, ...] | None:
    """The CPUs that share the highest cache."""
    best_level, best = -1, None
    for index in reader.folders(path, "index", CACHES_MAX):
        level = reader.number(f"{path}/index{index}/level")
        shared = reader.cpus_of(f"{path}/index{index}", "shared_cpu")
        if shared is None:
            text = reader.tree.text(f"{path}/index{index}/shared_cpu_map")
            shared = parse_mask(text, reader.name(path)) if text else None
        if level is not None and shared and level > best_level:
            best_level, best = level, tuple(shared)
    return best


def _cpu(reader: _Reader, number: int, facts: dict[str, str]) -> Cpu:
    path = f"{reader.system}/cpu/cpu{number}"
    cpu = Cpu(number)
    cpu.online = reader.number(f"{path}/online") != 0
    if cpu.online and "apicid" in facts:
        cpu.apic_id = int(facts["apicid"])
    package = reader.number(f"{path}/topology/physical_package_id")
    cpu.package = int(facts["physical id"]) if package is None and "physical id" in facts else package
    siblings = reader.cpus_of(f"{path}/topology", "thread_siblings")
    cpu.core = tuple(siblings) if siblings else None
    cpu.cache = _last_cache(reader, f"{path}/cache")
    return cpu


def _node(reader: _Reader, number: int) -> Node:
    path = f"{reader.system}/node/node{number}"
    info = re.search(r"MemTotal:\s*(\d{1,15}) kB", reader.tree.text(f"{path}/meminfo") or "")
    row = (reader.tree.text(f"{path}/distance") or "").split()
    if not all(word.isdecimal() and int(word) < 256 for word in row):
        raise LayoutError(f"{reader.name(path)}/distance: is no row of distances")
    return Node(
        number,
        reader.cpus_of(path, "cpu") or [],
        int(info[1]) if info else None,
        [int(word) for word in row],
        reader.folders(path, "memory", BLOCKS_MAX),
    )


def read_linux(path: Path) -> Linux:
    """What the tree says; cross-checked within itself."""
    tree = open_tree(path)
    reader = _Reader(tree)
    linux = Linux(tree.name)
    cpuinfo = _cpuinfo(reader)
    there = reader.numbers(f"{reader.system}/cpu/present")
    numbers = there if there is not None else reader.folders(f"{reader.system}/cpu", "cpu", CPUS_MAX) or list(cpuinfo)
    linux.cpus = {number: _cpu(reader, number, cpuinfo.get(number, {})) for number in numbers}
    for number in reader.numbers(f"{reader.system}/cpu/offline") or []:
        if number in linux.cpus:
            linux.cpus[number].online = False
            linux.cpus[number].apic_id = None
    linux.nodes = {
        number: _node(reader, number) for number in reader.folders(f"{reader.system}/node", "node", NODES_MAX)
    }
    linux.block_size = reader.number(f"{reader.system}/memory/block_size_bytes", 16)
    if linux.block_size is not None and not BLOCK_MIN <= linux.block_size <= BLOCK_MAX:
        raise LayoutError(f"{tree.name}: memory blocks of {linux.block_size} bytes cannot be")
    memory = reader.numbers(f"{reader.system}/node/has_memory", NODES_MAX)
    normal = reader.numbers(f"{reader.system}/node/has_normal_memory", NODES_MAX)
    if memory is not None and normal is not None:
        linux.hot_added = {node for node in set(memory) - set(normal) if node in linux.nodes}
    linux.map = tree_map(tree, reader.prefix)
    linux.tables = tree_tables(tree, reader.prefix)
    _check(linux)
    return linux


def _check(linux: Linux) -> None:
    """Refuses what contradicts itself."""
    if not linux.cpus:
        raise LayoutError(f"{linux.name}: names no CPU")
    owner: dict[int, int] = {}
    for node in linux.nodes.values():
        for cpu in node.cpus:
            if owner.setdefault(cpu, node.number) != node.number:
                raise LayoutError(
                    f"{linux.name}: CPU {cpu} is in node {owner[cpu]} and in node {node.number}: these nodes are invented "
                    "(numa=fake?); boot Linux without it, or give --acpi"
                )
    seen: dict[int, int] = {}
    for cpu_ in linux.cpus.values():
        if cpu_.apic_id is not None and seen.setdefault(cpu_.apic_id, cpu_.number) != cpu_.number:
            raise LayoutError(
                f"{linux.name}: CPUs {seen[cpu_.apic_id]} and {cpu_.number} have APIC id {cpu_.apic_id} both"
            )


# --- firmware made of it: with no ACPI tables ---


def as_list(numbers: Iterable[int]) -> str:
    """Numbers as '0-3,8'."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _runs(blocks: Iterable[int], size: int) -> list[tuple[int, int]]:
    """Addresses of the blocks, neighbours joined."""
    runs: list[tuple[int, int]] = []
    for block in sorted(blocks):
        joins = bool(runs) and block * size == runs[-1][1]
        base = runs.pop()[0] if joins else block * size
        runs.append((base, (block + 1) * size))
    return runs


def _block_size(linux: Linux, guesses: list[str]) -> int:
    if linux.block_size is not None:
        return linux.block_size
    kib = sum(node.memory_kib or 0 for node in linux.nodes.values())
    blocks = sum(len(node.blocks) for node in linux.nodes.values())
    size = BLOCK_MIN
    while size < BLOCK_MAX and blocks * size < kib << 10:
        size *= 2
    guesses.append(f"memory blocks have {size >> 20} MiB: the smallest size that holds what the nodes say they have")
    return size


def _ranges(linux: Linux, guesses: list[str], hot_added: bool) -> tuple[list[tuple[int, int, int]], bool]:
    """(base, end, node) of all memory that was there at boot, and whether these addresses are real."""
    nodes = [node for number, node in linux.nodes.items() if hot_added or number not in linux.hot_added]
    if left := set(linux.nodes) - {node.number for node in nodes}:
        guesses.append(f"nodes {as_list(left)} are left out: their memory came after the boot, so it is PMEM or CXL")
    if any(node.blocks for node in nodes):
        size = _block_size(linux, guesses)
        count: dict[int, int] = {}
        for node in linux.nodes.values():
            for block in node.blocks:
                count[block] = count.get(block, 0) + 1
        if shared := [block for block, times in count.items() if times > 1]:
            guesses.append(
                f"memory blocks {as_list(shared)} are in two nodes: left out, nobody knows where the border is"
            )
        return [
            (base, end, node.number)
            for node in nodes
            for base, end in _runs((block for block in node.blocks if count[block] == 1), size)
        ], True
    return _placed({node.number: (node.memory_kib or 0) << 10 for node in nodes}), False


def _placed(sizes: dict[int, int]) -> list[tuple[int, int, int]]:
    """Memory of each node, one after the other, none where PCs have devices."""
    at, found = 0, []
    for node, size in sizes.items():
        size = -(-size // PLACE_UNIT) * PLACE_UNIT
        low = min(size, max(0, DEVICES[0] - at))
        if low:
            found.append((at, at + low, node))
        if at < DEVICES[0] <= at + size:
            at = DEVICES[1] - low
        if size > low:
            found.append((at + low, at + size, node))
        at += size
    return found


def _distances(linux: Linux) -> list[list[int]]:
    """By node number; columns in sysfs count the nodes that have a folder."""
    online = sorted(linux.nodes)
    if any(len(linux.nodes[node].distances) != len(online) for node in online):
        return []
    rows = [[DISTANCE_UNKNOWN] * (online[-1] + 1) for _ in range(online[-1] + 1)]
    for node in range(online[-1] + 1):
        rows[node][node] = layout_acpi.DISTANCE_SELF
    for node in online:
        for target, distance in zip(online, linux.nodes[node].distances):
            rows[node][target] = layout_acpi.DISTANCE_SELF if node == target else distance
    return rows


def firmware_of(linux: Linux, hot_added: bool = False) -> tuple[Firmware, bool]:
    """Tables that say the same, and whether its addresses are real. Refused where APIC ids are missing. `hot_added`: with
    memory that came after the boot."""
    unknown = [cpu.number for cpu in linux.cpus.values() if cpu.apic_id is None]
    offline = [cpu.number for cpu in linux.cpus.values() if not cpu.online]
    if offline:
        raise LayoutError(
            f"{linux.name}: CPUs {as_list(offline)} are offline, and so have no APIC ids here: give --acpi, or bring them online"
        )
    if unknown:
        raise LayoutError(
            f"{linux.name}: CPUs {as_list(unknown)} have no APIC ids (apicid in proc/cpuinfo): give --acpi"
        )
    node_of = {cpu: node.number for node in linux.nodes.values() for cpu in node.cpus}
    if linux.nodes and (homeless := [cpu for cpu in linux.cpus if cpu not in node_of]):
        raise LayoutError(f"{linux.name}: CPUs {as_list(homeless)} are in no node that has a folder: give --acpi")
    guesses = ["domain numbers are taken to be Linux' node numbers"]
    ranges, real = _ranges(linux, guesses, hot_added)
    if not ranges and not linux.map:
        raise LayoutError(
            f"{linux.name}: names neither memory blocks nor the nodes' memory: give --acpi and --memory-map"
        )
    boot = min(linux.cpus)
    firmware = Firmware(boot_core=linux.cpus[boot].apic_id, guesses=guesses)
    ids = {cpu.number: cpu.apic_id for cpu in linux.cpus.values() if cpu.apic_id is not None}
    order = sorted(ids)
    firmware.tables = [layout_acpi.madt(ids[cpu] for cpu in order), layout_acpi.fadt()]
    if linux.nodes:
        firmware.tables.append(layout_acpi.srat({ids[cpu]: node_of[cpu] for cpu in order}, ranges))
        if rows := _distances(linux):
            firmware.tables.append(layout_acpi.slit(rows))
        else:
            guesses.append("distances are unknown: their rows do not fit the number of nodes")
    firmware.map = linux.map or guessed_map([(base, end) for base, end, _ in ranges], guesses)
    if not real and not linux.map:
        guesses.append("there are no memory blocks: the nodes' memory is put one after the other from address 0 on")
    return firmware, real


def guessed_map(ranges: Iterable[tuple[int, int]], guesses: list[str]) -> list[Map]:
    """All of these ranges, as RAM, but for where every PC has none."""
    guesses.append(
        "there is no memory map: every range of the nodes is taken for RAM, but for 640 KiB to 1 MiB and the devices below 4 GiB"
    )
    found = []
    for base, end in sorted(ranges):
        across = base < IO_APIC < end
        holes = [LEGACY, DEVICES if across else (DEVICES[1], DEVICES[1])]
        at = base
        for low, high in holes:
            if at < min(low, end):
                found.append(Map(at, min(low, end), USABLE))
            at = max(at, min(high, end)) if base < high else at
        if at < end:
            found.append(Map(at, end, USABLE))
    return found
