# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""linkgen.py --picture: everything is drawn, once, where it does not hide anything else, and the same each time."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

import config as configuration
import linkgen
import picture

ROOT = Path(__file__).resolve().parent.parent.parent
MANY = "qemu-64x1"  # more clusters than a picture is made for
CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.toml") if path.stem != MANY)
Box = tuple[float, float, float, float]  # left, top, right, bottom
SVG = "{http://www.w3.org/2000/svg}"
ADVANCE = 0.61  # of a monospaced character, in font sizes: a little more than that of the fonts named
TOUCH = 0.15  # coordinates are rounded to a tenth

# Twelve clusters of ten cores, distances that differ by direction, parts of a node that nobody owns, odd priorities.
CROWDED = "\n".join(
    [
        'name = "crowded"\nring_slots = 8\n[machine]\nsockets = 12\ncores_per_socket = 10',
        f"memory_mib = {[128] * 12}",
        f"distances = {[[10 if i == j else 20 + (7 * i + 3 * j) % 200 for j in range(12)] for i in range(12)]}",
        *(
            f"[[cluster]]\nnodes = [{i}]\ncores = {list(range(10 * i, 10 * i + 10))}"
            + ("\nmemory = [{ node = 2, offset_mib = 16, size_mib = 32 }]" if i == 2 else "")
            for i in range(12)
        ),
        "[[peer]]\nfrom = 3\nto = 9\npriority = 7",
        "[[peer]]\nfrom = 9\nto = 3\npriority = 150",
    ]
)


class Drawing:
    """One picture, and what it is of."""

    def __init__(self, path: Path) -> None:
        self.config = configuration.load(path)
        self.layout = linkgen.make_layout(self.config)
        self.bytes = picture.picture(self.config, self.layout)
        self.root = ElementTree.fromstring(self.bytes)
        self.boxes: dict[str, list[ElementTree.Element]] = {}  # kind -> [rect, …]
        for rect in self.root.iter(SVG + "rect"):
            self.boxes.setdefault(rect.get("class"), []).append(rect)
        self.texts = list(self.root.iter(SVG + "text"))

    def rings(self) -> list[ElementTree.Element]:
        return [path for path in self.root.iter(SVG + "path") if path.get("class") == "ring"]

    def numbers(self, kind: str) -> list[int]:
        return [int(rect.get(f"data-{kind}")) for rect in self.boxes.get(kind, [])]

    def inside(self, rect: ElementTree.Element) -> list[str | None]:
        """The texts whose box lies in that of `rect`."""
        return [text.text for text in self.texts if contains(place(rect), text_place(text))]


def place(rect: ElementTree.Element) -> Box:
    """(left, top, right, bottom)"""
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def text_place(text: ElementTree.Element) -> Box:
    size = float(text.get("font-size", picture.FONT_SIZE))
    x, y = float(text.get("x")), float(text.get("y"))
    return x, y - 0.8 * size, x + len(text.text) * size * ADVANCE, y + 0.25 * size


def contains(outer: Box, inner: Box) -> bool:
    return (
        outer[0] <= inner[0] + TOUCH
        and outer[1] <= inner[1] + TOUCH
        and outer[2] >= inner[2] - TOUCH
        and outer[3] >= inner[3] - TOUCH
    )


def meets(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] - TOUCH
        and other[0] < one[2] - TOUCH
        and one[1] < other[3] - TOUCH
        and other[1] < one[3] - TOUCH
    )


def segments(path: ElementTree.Element) -> list[Box]:
    """The straight pieces of a ring as thin boxes."""
    points = [tuple(map(float, point.split())) for point in path.get("d")[1:].split(" L")]
    return [
        (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]) + 0.2, max(a[1], b[1]) + 0.2)
        for a, b in zip(points, points[1:])
    ]


@pytest.fixture(scope="module", params=[*CONFIGS, CROWDED], ids=[*(path.stem for path in CONFIGS), "crowded"])
def drawing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawing:
    if isinstance(request.param, Path):
        return Drawing(request.param)
    path = tmp_path_factory.mktemp("crowded") / "crowded.toml"
    path.write_text(request.param, encoding="utf-8")
    return Drawing(path)


def test_each_thing_is_drawn_once(drawing: Drawing) -> None:
    machine, clusters = drawing.config.machine, drawing.config.clusters
    assert drawing.numbers("core") == list(range(len(machine.apic_ids)))
    assert drawing.numbers("socket") == list(range(len(machine.socket_cores())))
    assert drawing.numbers("node") == list(range(len(machine.memory_mib)))
    assert drawing.numbers("cluster") == list(range(len(clusters)))
    pairs = [(int(ring.get("data-from")), int(ring.get("data-to"))) for ring in drawing.rings()]
    assert sorted(pairs) == [(peer.source, peer.target) for peer in drawing.config.peers]


def test_cores_name_apic_node_and_cluster(drawing: Drawing) -> None:
    machine = drawing.config.machine
    for core, rect in enumerate(drawing.boxes["core"]):
        texts = drawing.inside(rect)
        assert texts[:2] == [f"core {core}", f"apic {machine.apic_ids[core]}"]
        if core >= machine.cores:
            assert texts[2:] == ["absent"]
            continue
        (cluster,) = (number for number, cluster in enumerate(drawing.config.clusters) if core in cluster.cores)
        assert core in machine.node_cores[int(texts[2].removeprefix("node "))]
        assert texts[3:] == [f"c{cluster}:{drawing.config.clusters[cluster].cores.index(core)}"]
        assert rect.get("fill") == drawing.boxes["cluster"][cluster].get("fill")


def test_all_memory_is_shown(drawing: Drawing) -> None:
    parts = [(int(rect.get("data-node")), str(*drawing.inside(rect))) for rect in drawing.boxes["memory"]]
    for number, cluster in enumerate(drawing.config.clusters):
        for part in cluster.memory:
            end = part.offset_mib + part.size_mib
            assert (part.node, f"{part.offset_mib}-{end} MiB c{number}") in parts
    sizes = [0] * len(drawing.config.machine.memory_mib)
    for node, text in parts:
        first, last = map(int, text.split()[0].split("-"))
        sizes[node] += last - first
    assert sizes == drawing.config.machine.memory_mib


def test_labels_say_the_distances(drawing: Drawing) -> None:
    peers = {(peer["from"], peer["to"]): peer for peer in drawing.layout["r4_layout_peer"]}
    count = len(drawing.config.clusters)
    labels = {
        tuple(map(int, rect.get("data-pair").split("-"))): drawing.inside(rect)
        for rect in drawing.boxes.get("label", [])
    }
    assert sorted(labels) == list(combinations(range(count), 2))
    for (left, right), (text,) in labels.items():
        there, back = (peers[pair]["distance"] for pair in ((left, right), (right, left)))
        assert text.split()[0] == (str(there) if there == back else f"{there}/{back}")


def test_the_console_has_one_owner(drawing: Drawing) -> None:
    owners = [index for index, rect in enumerate(drawing.boxes["cluster"]) if "has the console" in drawing.inside(rect)]
    assert owners == [drawing.config.console]


def test_devices_have_one_owner(drawing: Drawing) -> None:
    owned = [("has PCI", drawing.config.pci)]
    owned += [(f"has I/O APIC {io_apic.id}", io_apic.cluster) for io_apic in drawing.config.io_apics]
    for text, owner in owned:
        assert [index for index, rect in enumerate(drawing.boxes["cluster"]) if text in drawing.inside(rect)] == [owner]


def test_unusual_priorities_are_said() -> None:
    drawing = Drawing(ROOT / "configs" / "qemu-4x2.toml")
    assert sorted(text.text for text in drawing.texts if " p" in text.text and len(text.text) < 10) == ["31 p100"]


def test_boxes_do_not_overlap(drawing: Drawing) -> None:
    """Two boxes are apart, or one holds the other; the same kind is always apart."""
    boxes = [(kind, place(rect)) for kind, rects in drawing.boxes.items() for rect in rects]
    for (kind, one), (other_kind, other) in combinations(boxes, 2):
        nested = kind != other_kind and (contains(one, other) or contains(other, one))
        assert nested or not meets(one, other), f"{kind} {one} and {other_kind} {other}"


def test_texts_have_room(drawing: Drawing) -> None:
    """No text meets another one, and none crosses the edge of a box."""
    places = [(text.text, text_place(text)) for text in drawing.texts]
    for (text, one), (other_text, other) in combinations(places, 2):
        assert not meets(one, other), f"{text!r} and {other_text!r}"
    boxes = [place(rect) for rects in drawing.boxes.values() for rect in rects]
    for text, one in places:
        for box in boxes:
            assert contains(box, one) or not meets(box, one), f"{text!r} crosses the edge of {box}"


def test_rings_keep_off_boxes_and_foreign_labels(drawing: Drawing) -> None:
    boxes = [place(rect) for kind in ("socket", "node", "cluster") for rect in drawing.boxes[kind]]
    labels = {rect.get("data-pair"): place(rect) for rect in drawing.boxes.get("label", [])}
    for ring in drawing.rings():
        ends = sorted((int(ring.get("data-from")), int(ring.get("data-to"))))
        others = [label for pair, label in labels.items() if pair != f"{ends[0]}-{ends[1]}"]
        for segment in segments(ring):
            assert not any(meets(segment, box) for box in boxes), ends
            assert not any(meets(segment, label) for label in others), ends


def test_no_two_rings_run_along_the_same_line(drawing: Drawing) -> None:
    pieces = [piece for ring in drawing.rings() for piece in segments(ring)]
    for vertical in (0, 1):
        along = [piece for piece in pieces if piece[2 + vertical] - piece[vertical] > 1]
        for one, other in combinations(along, 2):
            across = 1 - vertical
            same_line = abs(one[across] - other[across]) < 1
            assert not (same_line and meets(one, other)), f"{one} and {other}"


def test_same_bytes(drawing: Drawing) -> None:
    assert picture.picture(drawing.config, drawing.layout) == drawing.bytes


def test_command_writes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    svg = tmp_path / "machine.svg"
    command = ["linkgen.py", str(ROOT / "configs" / "qemu-2x2.toml"), "-o", str(tmp_path / "machine")]
    monkeypatch.setattr("sys.argv", [*command, "--picture", str(svg)])
    assert linkgen.main() == 0
    assert svg.read_bytes() == Drawing(ROOT / "configs" / "qemu-2x2.toml").bytes
    assert (tmp_path / "machine" / "layout.bin").exists()
    command = ["linkgen.py", str(ROOT / "tests/linkgen/bad/syntax.toml"), "-o", str(tmp_path / "bad")]
    monkeypatch.setattr("sys.argv", [*command, "--picture", str(tmp_path / "bad.svg")])
    assert linkgen.main() == 2
    assert not (tmp_path / "bad.svg").exists()
