# SPDX-License-Identifier: MIT
"""hwloc's XML, version 2: packages, caches, cores, nodes by Linux' numbers. It has no APIC ids and no addresses, so it only
completes and cross-checks what Linux says."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from layout_error import LayoutError, printable
from layout_sysfs import Linux
from layout_tree import read_file

DEPTH_MAX = 64
OBJECTS_MAX = 1 << 18
VERSION = re.compile(r"2(\.\d+)*")
ALONE = "it has no APIC ids and no addresses: give --acpi or --sysfs with it"
CACHE = re.compile(r"L([1-9])Cache")


@dataclass
class Box:
    """An object, as far as it matters here."""

    kind: str
    number: int | None
    attributes: dict[str, str]
    package: int | None = None
    core: int | None = None  # its serial number among the cores
    cache: int | None = None  # that of the outermost cache around it


@dataclass
class Hwloc:
    name: str
    pus: dict[int, Box] = field(default_factory=dict)
    nodes: dict[int, Box] = field(default_factory=dict)
    package_names: dict[int, str] = field(default_factory=dict)


class _Parser:
    """Events of expat. No entities: there are none in what hwloc writes."""

    def __init__(self, name: str) -> None:
        self.hwloc = Hwloc(name)
        self.stack: list[Box | None] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.EntityDeclHandler = self.entity

    def fail(self, text: str) -> LayoutError:
        return LayoutError(f"{self.hwloc.name}: {text}")

    def entity(self, *_: object) -> None:
        raise self.fail("declares XML entities, which hwloc never does")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > OBJECTS_MAX or len(self.stack) > DEPTH_MAX:
            raise self.fail("has more objects than any machine")
        if self.count == 1:
            self.head(tag, attributes)
        self.stack.append(self.box(attributes) if tag == "object" else None)
        if tag == "info" and attributes.get("name") in ("CPUModel", "PackageName"):
            box = next((box for box in reversed(self.stack) if box is not None), None)
            if box is not None and box.kind == "Package" and box.number is not None:
                self.hwloc.package_names[box.number] = printable(attributes.get("value", ""))

    def head(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "topology":
            raise self.fail("is no topology of hwloc")
        version = attributes.get("version", "1.x, which states no version")
        if not VERSION.fullmatch(version):
            raise self.fail(
                f"is of hwloc {printable(version)}; must be version 2 (lstopo --export-xml-flags v2 writes it)"
            )

    def box(self, attributes: dict[str, str]) -> Box:
        text = attributes.get("os_index", "")
        box = Box(attributes.get("type", ""), int(text) if re.fullmatch(r"\d{1,9}", text) else None, attributes)
        outer = next((box for box in reversed(self.stack) if box is not None), None)
        if outer is not None:
            box.package, box.core, box.cache = outer.package, outer.core, outer.cache
        if box.kind == "Package":
            box.package = box.number
        elif box.kind == "Core":
            box.core = self.count
        elif CACHE.fullmatch(box.kind) and box.cache is None and attributes.get("subtype") != "MemorySideCache":
            box.cache = self.count
        known = {"PU": self.hwloc.pus, "NUMANode": self.hwloc.nodes}.get(box.kind)
        if known is not None:
            if box.number is None or box.number in known:
                raise self.fail(f"has a {box.kind} without a number of its own")
            known[box.number] = box
        return box

    def end(self, _: str) -> None:
        self.stack.pop()


def read_hwloc(path: Path) -> Hwloc:
    name = printable(str(path))
    content = read_file(path, name)
    if content is None:
        raise LayoutError(f"{name}: is no file")
    parser = _Parser(name)
    try:
        parser.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise LayoutError(f"{name}: is no XML: {error}") from error
    except (ValueError, RecursionError) as error:
        raise LayoutError(f"{name}: is no XML: {printable(str(error))}") from error
    if not parser.hwloc.pus:
        raise LayoutError(f"{name}: names no PU")
    return parser.hwloc


def complete(linux: Linux, hwloc: Hwloc) -> list[str]:
    """Adds packages, cores and caches where Linux did not say them. Returns the contradictions."""
    found = []
    online = {number for number, cpu in linux.cpus.items() if cpu.online}
    if online != set(hwloc.pus):
        found.append(f"Linux has {len(online)} CPUs online, {hwloc.name} has {len(hwloc.pus)} PUs, not the same")
    if set(hwloc.nodes) - set(linux.nodes):
        found.append(f"{hwloc.name} has nodes that Linux has not: {sorted(set(hwloc.nodes) - set(linux.nodes))}")
    for attribute in ("core", "cache"):
        sharers: dict[int, list[int]] = {}
        for number, pu in sorted(hwloc.pus.items()):
            if (key := getattr(pu, attribute)) is not None:
                sharers.setdefault(key, []).append(number)
        for numbers in sharers.values():
            for number in numbers:
                found += _complete(linux, number, attribute, tuple(numbers), hwloc.name)
    for number, pu in hwloc.pus.items():
        if pu.package is not None:
            found += _complete(linux, number, "package", pu.package, hwloc.name)
    return found


def _complete(linux: Linux, number: int, attribute: str, value: object, name: str) -> list[str]:
    cpu = linux.cpus.get(number)
    if cpu is None:
        return []
    known = getattr(cpu, attribute)
    if known is None:
        setattr(cpu, attribute, value)
        return []
    return [] if known == value else [f"CPU {number}: its {attribute} is {known} for Linux, {value} in {name}"]
