# SPDX-License-Identifier: MIT
"""Pictures of real machines: every thread, node and ring is there once, nothing covers anything else, the same each time."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

import layout_ascii
import layout_picture
from layout_machine import Machine, Sources, read_machine
from layout_policy import Plan, plan
from layout_world import GIB, NON_VOLATILE, Shape, far, linux_tree, run, socket_shape, write_tree

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]
SYNTHETIC = {
    "two sockets": ("pack:2 numa:1 core:4 pu:2", "domain"),
    "eight sockets": ("pack:8 numa:1 core:8", "domain"),
    "clusters of caches": ("pack:2 numa:2 l3:2 core:3 pu:2", "cache"),
    "EPYC": ("pack:2 numa:1 l3:12 core:8 pu:2", "domain"),
    "34 nodes": ("numa:34 core:1", "domain"),
    "one core": ("core:1", "domain"),
    "clusters of one core": ("pack:2 core:8 pu:1", "cores=1"),
}


def shapes(folder: Path) -> dict[str, Sources]:
    """Machines that no text invents: memory without cores, PMEM, cores without memory, nodes in more than one package."""
    odd = Shape(
        {0: 0, 1: 0, 2: 1, 3: 2},
        [(0, 2 * GIB, 0), (4 * GIB, 6 * GIB, 1), (8 * GIB, 12 * GIB, 3), (16 * GIB, 20 * GIB, 4, NON_VOLATILE)],
        far(5),
        absent=[8, 9],
    )
    odd_words = odd.words(folder / "odd")
    plain = socket_shape(4, 10, 64 * GIB).words(folder / "plain")
    packages = {cpu: cpu // 2 for cpu in range(4)}
    files = linux_tree(
        {cpu: cpu for cpu in range(4)}, {0: [0, 1, 2, 3]}, {0: 3072}, [[10]], packages=packages, blocks={0: range(24)}
    )
    return {
        "odd": Sources(acpi=Path(odd_words[1]), memory_map=Path(odd_words[3])),
        "tables alone": Sources(acpi=Path(plain[1]), memory_map=Path(plain[3])),
        "one node of two packages": Sources(sysfs=write_tree(files, folder / "root")),
    }


def pictured(folder: Path, name: str) -> tuple[Machine, Plan]:
    if name in SYNTHETIC:
        text, policy = SYNTHETIC[name]
        machine = read_machine(Sources(synthetic=text))
        return machine, plan(machine, policy, frozenset())
    machine = read_machine(shapes(folder)[name])
    return machine, plan(machine, "domain", frozenset())


NAMES = [*SYNTHETIC, "odd", "tables alone", "one node of two packages"]


def place(rect: ElementTree.Element) -> Box:
    x, y, width, height = (float(rect.get(key, "")) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("name", NAMES)
def test_picture(tmp_path: Path, name: str) -> None:
    machine, made = pictured(tmp_path, name)
    drawn = layout_picture.draw(machine, made, name)
    assert drawn == layout_picture.draw(machine, made, name)
    root = ElementTree.fromstring(drawn)
    boxes: dict[str, list[Box]] = {}
    for rect in root.iter(SVG + "rect"):
        if rect.get("class"):
            boxes.setdefault(rect.get("class", ""), []).append(place(rect))
    assert len(boxes["thread"]) == len(machine.cores)
    assert len(boxes["node"]) == len(machine.nodes)
    count = len(made.clusters)
    rings = [path for path in root.iter(SVG + "path") if path.get("class") == "ring"]
    assert len(rings) == (count * (count - 1) // 2 if count <= layout_picture.RINGS_MAX else 0)
    for kind in ("thread", "core", "cache", "package", "node", "part", "cluster", "label"):
        some = boxes.get(kind, [])[:200]
        assert not any(meet(one, other) for one, other in combinations(some, 2)), kind
    for thread in boxes["thread"]:
        assert not any(meet(thread, node) for node in boxes["node"])
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for box in (box for kind in boxes.values() for box in kind):
        assert box[2] <= width + 0.2 and box[3] <= height + 0.2


@pytest.mark.parametrize("name", NAMES)
def test_letters(tmp_path: Path, name: str) -> None:
    machine, made = pictured(tmp_path, name)
    drawn = layout_ascii.draw(machine, made)
    words = drawn.replace("|", " ").split()
    for apic_id in machine.cores:
        assert words.count(f"P#{apic_id}") >= 1
    owned = sum(
        f"c{number}:{index}" in words for number, c in enumerate(made.clusters) for index in range(len(c.apic_ids))
    )
    assert owned == len(machine.cores)
    assert drawn.isascii()
    frame = drawn.splitlines()[
        : drawn.splitlines().index(
            "one cluster, no rings" if len(made.clusters) == 1 else "rings between clusters, distances:"
        )
    ]
    assert len({len(line) for line in frame}) == 1


def test_what_is_unused_is_hatched(tmp_path: Path) -> None:
    machine, made = pictured(tmp_path, "odd")
    root = ElementTree.fromstring(layout_picture.draw(machine, made, "odd"))
    hatched = [rect for rect in root.iter(SVG + "rect") if rect.get("fill") == layout_picture.HATCH]
    assert len(hatched) == 1  # the PMEM that nobody asked for
    assert "/// unused 4 GiB" in layout_ascii.draw(machine, made)


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "m.svg"
    result = run("show", "--synthetic", "pack:2 core:2", "--picture", path)
    assert result.status == 0 and "Nodes:" in result.out
    assert ElementTree.parse(path).getroot().tag == SVG + "svg"
    assert run("show", "--synthetic", "pack:2 core:2", "--picture", "-").out.startswith("+---")
