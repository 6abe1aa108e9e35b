# SPDX-License-Identifier: MIT
"""The picture of a machine as SVG. A colour is a cluster; below the machine are the clusters, and the rings between them
with their distances. What nobody uses is hatched. The same machine gives the same bytes."""

from dataclasses import dataclass
from xml.etree import ElementTree

from layout_boxes import Box, boxes_of, ring_label
from layout_machine import Machine
from layout_policy import Plan
from layout_text import mib
from picture import COLOURS, EDGE, LINE, PAD, WHITE, Canvas, Paint, number, text_width

GAP = 8
PAPER: dict[str, Paint] = {  # of boxes without a cluster
    "machine": ("#ffffff", "#222222"),
    "package": ("#f3f1ea", "#6b6558"),
    "group": ("#ebe8dd", "#8a8474"),
    "cache": ("#ffffff", "#999999"),
    "core": ("#dddddd", "#777777"),
    "node": ("#ffffff", "#444444"),
}
HATCH = "url(#hatch)"
CLUSTER_GAP = 16  # and the widest label: there no line goes down
RING_STEP = 22  # from the rings of neighbours to those of the next but one
RINGS_MAX = 12  # more clusters than this have a table instead of rings
TABLE_CELL = 34


def paint(box: Box) -> Paint:
    if box.unused:
        return HATCH, "#777777"
    if box.cluster is not None:
        return COLOURS[box.cluster % len(COLOURS)]
    return PAPER.get(box.kind, WHITE)


@dataclass
class Placed:
    """A box with its size; children at their places within it."""

    box: Box
    width: float
    height: float
    children: list[tuple[float, float, "Placed"]]


def _stack(
    boxes: list[Box], per_row: int, x: float, y: float
) -> tuple[list[tuple[float, float, Placed]], float, float]:
    """Boxes in rows from (x, y) on; their right and lower ends."""
    placed = [measure(box) for box in boxes]
    found, right, at = [], x, y
    for begin in range(0, len(placed), max(1, per_row)):
        across = x
        row = placed[begin : begin + per_row]
        for item in row:
            found.append((across, at, item))
            across += item.width + GAP
        right = max(right, across - GAP)
        at += max(item.height for item in row) + GAP
    return found, right, at - GAP if placed else y


def measure(box: Box) -> Placed:
    texts = max(map(text_width, box.lines))
    if box.kind in ("thread", "part"):
        return Placed(box, texts + PAD, len(box.lines) * LINE + PAD / 2, [])
    head = PAD / 2 + len(box.lines) * LINE + PAD / 2
    beside, right, lower = _stack(box.beside, 1 if len(box.beside) < 3 else 2, PAD, head)
    inner = right + GAP if box.beside else PAD
    children, end, low = _stack(box.children, box.per_row, inner, head)
    if box.kind == "node":  # its parts are as wide as it is
        width = max([texts, *(item.width for _, _, item in children)])
        for _, _, item in children:
            item.width = width
        end = PAD + width
    return Placed(box, max(end, right, PAD + texts) + PAD, max(low, lower) + PAD, beside + children)


def _draw(canvas: Canvas, item: Placed, x: float, y: float) -> None:
    box = item.box
    canvas.box(box.kind, (x, y, item.width, item.height), paint(box), dashed=box.unused)
    canvas.lines(x + PAD / 2, y + 1, box.lines, bold_first=box.kind not in ("thread", "part"))
    for across, down, child in item.children:
        _draw(canvas, child, x + across, y + down)


def _hatch(canvas: Canvas) -> None:
    definitions = ElementTree.SubElement(canvas.root, "defs")
    shape = {
        "id": "hatch",
        "width": "6",
        "height": "6",
        "patternUnits": "userSpaceOnUse",
        "patternTransform": "rotate(45)",
    }
    pattern = ElementTree.SubElement(definitions, "pattern", shape)
    ElementTree.SubElement(pattern, "rect", {"width": "6", "height": "6", "fill": "#ffffff"})
    ElementTree.SubElement(pattern, "rect", {"width": "2", "height": "6", "fill": "#cccccc"})


def _cluster_lines(plan: Plan, index: int) -> list[str]:
    cluster = plan.clusters[index]
    total = sum(part.size for part in cluster.parts)
    domains = " ".join(str(part.domain) for part in cluster.parts)
    return [
        f"cluster {index}",
        f"group {cluster.group}",
        f"{len(cluster.apic_ids)} cores",
        mib(total),
        f"domains P#{domains}",
    ]


def _gap(plan: Plan) -> float:
    count = len(plan.clusters)
    labels = [ring_label(plan, left, right) for left in range(count) for right in range(left + 1, count)]
    return CLUSTER_GAP + max(map(text_width, labels), default=0)


def _clusters(canvas: Canvas, plan: Plan, top: float) -> tuple[float, float, list[tuple[float, float]]]:
    """A row of them; right end, lower end, (left, width) of each."""
    x: float = EDGE
    places = []
    height = 5 * LINE + PAD
    for index in range(len(plan.clusters)):
        lines = _cluster_lines(plan, index)
        width = max(map(text_width, lines)) + 2 * PAD
        canvas.box("cluster", (x, top, width, height), COLOURS[index % len(COLOURS)], cluster=index)
        canvas.lines(x + PAD, top + 2, lines)
        places.append((x, width))
        x += width + _gap(plan)
    return x - _gap(plan) + EDGE, top + height, places


def _rings(canvas: Canvas, plan: Plan, places: list[tuple[float, float]], top: float) -> float:
    """One line for each pair of rings: down, across, up; far pairs below near ones. Returns the lower end."""
    count = len(places)
    lower, labels = top, []
    lanes: list[list[tuple[int, int]]] = []
    for span in range(1, count):
        for left in range(count - span):
            lane = 0
            while lane < len(lanes) and any(left < end and begin < left + span for begin, end in lanes[lane]):
                lane += 1
            if lane == len(lanes):
                lanes.append([])
            lanes[lane].append((left, left + span))
    for lane, pairs in enumerate(lanes):
        for left, right in pairs:
            y = top + (lane + 1) * RING_STEP
            ends = [_port(places, cluster, peer) for cluster, peer in ((left, right), (right, left))]
            way = [(ends[0], top), (ends[0], y), (ends[1], y), (ends[1], top)]
            canvas.path("ring", way, "#555555", **{"from": left, "to": right})
            middle, width = places[(left + right - 1) // 2]
            labels.append((middle + width + _gap(plan) / 2, y, ring_label(plan, left, right)))
            lower = max(lower, y)
    for x, y, text in labels:
        half = text_width(text) / 2
        canvas.box("label", (x - half - 2, y - LINE / 2, 2 * half + 4, LINE), ("#ffffff", "none"))
        canvas.text(x - half, y - LINE / 2 - 1, text)
    return lower + LINE


def _port(places: list[tuple[float, float]], cluster: int, peer: int) -> float:
    """Where the rings to that peer leave: near peers outside, far ones inside, so that ways nest."""
    x, width = places[cluster]
    order = [*range(cluster - 1, -1, -1), *range(len(places) - 1, cluster, -1)]
    return x + width * (order.index(peer) + 1) / (len(order) + 1)


def _table(canvas: Canvas, plan: Plan, x: float, y: float) -> tuple[float, float]:
    """Distances of all pairs, where rings would be too many."""
    count = len(plan.clusters)
    canvas.text(x, y, "rings: distance from cluster (row) to cluster (column)", bold=True)
    y += LINE + 4
    distances = {(peer.source, peer.target): peer.distance for peer in plan.peers}
    for index in range(count):
        canvas.text(x + (index + 1) * TABLE_CELL, y, f"c{index}", bold=True)
        canvas.text(x, y + (index + 1) * LINE, f"c{index}", bold=True)
        for target in range(count):
            if index != target:
                canvas.text(x + (target + 1) * TABLE_CELL, y + (index + 1) * LINE, str(distances[index, target] or "?"))
    return x + (count + 1) * TABLE_CELL + EDGE, y + (count + 2) * LINE


def _node_distances(canvas: Canvas, machine: Machine, x: float, y: float) -> tuple[float, float]:
    nodes = list(machine.nodes.values())
    canvas.text(x, y, "distances between nodes (L#)", bold=True)
    y += LINE + 4
    for index, node in enumerate(nodes):
        canvas.text(x + (index + 1) * TABLE_CELL, y, str(node.number), bold=True)
        canvas.text(x, y + (index + 1) * LINE, str(node.number), bold=True)
        for column, target in enumerate(nodes):
            value = machine.distance(node.domain, target.domain)
            canvas.text(x + (column + 1) * TABLE_CELL, y + (index + 1) * LINE, str(value) if value else "?")
    return x + (len(nodes) + 1) * TABLE_CELL + EDGE, y + (len(nodes) + 2) * LINE


def draw(machine: Machine, plan: Plan, name: str) -> bytes:
    """The SVG."""
    canvas = Canvas()
    _hatch(canvas)
    canvas.box("background", (0, 0, 0, 0), ("#ffffff", "none"))
    background = canvas.root[-1]
    y: float = EDGE
    canvas.text(EDGE, y, f"{name}, policy {plan.policy}", bold=True, size=18)
    y += 2 * LINE
    whole = measure(boxes_of(machine, plan))
    _draw(canvas, whole, EDGE, y)
    width = whole.width + 2 * EDGE
    y += whole.height + 2 * LINE
    if len(plan.clusters) <= RINGS_MAX:
        right, y, places = _clusters(canvas, plan, y)
        width = max(width, right)
        y = _rings(canvas, plan, places, y) if len(places) > 1 else y
    else:
        right, y = _table(canvas, plan, EDGE, y)
        width = max(width, right)
    right, y = _node_distances(canvas, machine, EDGE, y + LINE)
    legend = (
        "P#: physical number (APIC id, domain). L#: logical (CPU, node). c1:0: cluster 1's core 0. Hatched: unused."
    )
    canvas.text(EDGE, y, legend)
    width = max(width, right, EDGE + text_width(legend) + EDGE)
    y += 2 * LINE
    background.set("width", number(width))
    background.set("height", number(y))
    return canvas.finish(width, y)
