# SPDX-License-Identifier: MIT
"""A machine that nobody has: "pack:2 numa:1 core:4 pu:2" in hwloc's manner, each level in each of the level before.

Levels: pack, die, group, numa, l3, l2, core, pu. A numa level may have the memory of each node: "numa:2(16GiB)".
"""

import math
import re

import layout_acpi
from layout_error import LayoutError, printable
from layout_sysfs import Cpu, Linux, Node

LEVELS = ("pack", "die", "group", "numa", "l3", "l2", "core", "pu")
ALIASES = {"package": "pack", "socket": "pack", "node": "numa", "numanode": "numa", "l3cache": "l3", "l2cache": "l2"}
WORD = re.compile(r"([a-z0-9]+):(\d{1,4})(?:\((?:memory=)?(\d{1,7})(MiB|GiB|MB|GB)\))?", re.IGNORECASE)
NODE_MIB = 4096
CPUS_MAX = 4096
NODES_MAX = 1024
NEAR, FAR = 12, 21  # distances within a package, and to another


def _levels(text: str) -> tuple[list[tuple[str, int]], int]:
    """(level, count) from outside to inside, and the MiB of a node."""
    levels: list[tuple[str, int]] = []
    memory = NODE_MIB
    for word in text.split():
        match = WORD.fullmatch(word)
        level = ALIASES.get(match[1].lower(), match[1].lower()) if match else ""
        if match is None or level not in LEVELS or int(match[2]) == 0 or (match[3] and level != "numa"):
            raise LayoutError(
                f"--synthetic: {printable(word)!r} is no level; must be LEVEL:COUNT, LEVEL one of {' '.join(LEVELS)}"
            )
        if levels and LEVELS.index(level) <= LEVELS.index(levels[-1][0]) and "numa" not in (level, levels[-1][0]):
            raise LayoutError(f"--synthetic: {level} is inside {levels[-1][0]}; the order is {' '.join(LEVELS)}")
        if level in (name for name, _ in levels):
            raise LayoutError(f"--synthetic: {level} is there twice")
        levels.append((level, int(match[2])))
        if match[3]:
            memory = int(match[3]) << (10 if match[4].lower().startswith("g") else 0)
    if not levels:
        raise LayoutError('--synthetic: is empty; for example "pack:2 numa:1 core:4 pu:2"')
    if memory < 2 or memory % 2:
        raise LayoutError(f"--synthetic: a node of {memory} MiB; must be whole 2 MiB")
    return levels, memory


def invent(text: str) -> Linux:
    """The machine, as Linux would describe it. Firmware gives each level whole bits of the APIC ids."""
    levels, memory = _levels(text)
    total = math.prod(count for _, count in levels)
    if total > CPUS_MAX:
        raise LayoutError(f"--synthetic: makes {total} threads; must be at most {CPUS_MAX}")
    linux = Linux("--synthetic")
    places = []
    for number in range(total):
        place: dict[str, int] = {}
        apic_id = shift = 0
        rest = number
        for level, count in reversed(levels):
            rest, place[level] = divmod(rest, count)
            apic_id |= place[level] << shift
            shift += (count - 1).bit_length()
        places.append(place)
        linux.cpus[number] = Cpu(number, apic_id=apic_id)
    names = [level for level, _ in levels]
    keys = [_key(place, names, "numa" if "numa" in names else "") for place in places]
    order = list(dict.fromkeys(keys))
    if len(order) > NODES_MAX:
        raise LayoutError(f"--synthetic: makes {len(order)} nodes; must be at most {NODES_MAX}")
    cores = _boxes(places, names, "core" if "core" in names else "pu" if "pu" in names else names[-1])
    caches = _boxes(places, names, "l3" if "l3" in names else names[0])
    for number, cpu in linux.cpus.items():
        cpu.package, cpu.core, cpu.cache = places[number].get("pack", 0), cores[number], caches[number]
    package_of = [places[keys.index(key)].get("pack", 0) for key in order]
    for node, key in enumerate(order):
        distances = [
            layout_acpi.DISTANCE_SELF if other == node else NEAR if package_of[other] == package_of[node] else FAR
            for other in range(len(order))
        ]
        cpus = [number for number, other in enumerate(keys) if other == key]
        linux.nodes[node] = Node(node, cpus, memory << 10, distances, [])
    return linux


def _key(place: dict[str, int], names: list[str], level: str) -> tuple[int, ...]:
    """Where a thread is, down to that level; the empty name is the whole machine."""
    return tuple(place[name] for name in names[: names.index(level) + 1]) if level else ()


def _boxes(places: list[dict[str, int]], names: list[str], level: str) -> list[tuple[int, ...]]:
    """Of each thread: the threads in the same box of that level."""
    keys = [_key(place, names, level) for place in places]
    members: dict[tuple[int, ...], list[int]] = {}
    for number, key in enumerate(keys):
        members.setdefault(key, []).append(number)
    shared = {key: tuple(numbers) for key, numbers in members.items()}
    return [shared[key] for key in keys]
