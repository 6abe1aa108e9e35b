# SPDX-License-Identifier: MIT
"""The picture of a configuration: sockets with their cores, nodes with their memory, clusters, rings between these.

picture(config, layout) is the SVG as bytes; the same configuration gives the same bytes. Boxes of one kind are in one
row and share its width, so that sockets, nodes and clusters of a regular machine are above each other. A colour is a
cluster. Rings hang below the clusters, each pair of them in a lane: short ways above long ones, and the pair's label
between two clusters, where no line goes down. Made for up to about a dozen clusters; more are drawn as well, but nobody
will read that.
"""

from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree

from config import Config, Layout
from config_fields import counted

FONT = "DejaVu Sans Mono, Liberation Mono, monospace"
FONT_SIZE = 11
CHARACTER = 6.7  # its advance, a little more than 0.6 of the size
LINE = 14  # from one line of text to the next
PAD = 8  # between a box and what it holds
GUTTER = 80  # at the left, for the rows' names
EDGE = 20  # around everything
GAP = 24  # between boxes of a row
ROW_GAP = 22
CORE_WIDTH, CORE_HEIGHT, CORE_GAP = 62, 4 * LINE + 6, 6
PART_HEIGHT, PART_GAP = 20, 4
PER_LINE = 8  # cores, distances
PORT_MARGIN, PORT_PITCH = 14, 14  # where rings leave a cluster
LANE, TWIN = 20, 3  # height of a lane; half the distance between the two rings of a pair
ARROW = 7

Paint = tuple[str, str]  # fill, line
MemoryPart = tuple[int, int, int | None]  # first MiB, end, cluster

# Fill and line of each cluster.
COLOURS = [
    ("#cfe3f7", "#2b6ca8"),
    ("#fbdcc4", "#b8591b"),
    ("#d3efd0", "#35803a"),
    ("#f7d1dc", "#a83058"),
    ("#e2d9f3", "#6a4aa5"),
    ("#fdf0b5", "#8d7410"),
    ("#cdeeee", "#1f7f80"),
    ("#e6dccf", "#7a5a36"),
]
GREY = ("#f4f4f4", "#777777")
WHITE = ("#ffffff", "#444444")


def colours(cluster: int | None) -> Paint:
    return GREY if cluster is None else COLOURS[cluster % len(COLOURS)]


def text_width(text: str) -> float:
    return len(text) * CHARACTER


def wrapped(numbers: list[int], name: str = "") -> list[str]:
    """Lines of up to PER_LINE numbers; the first one begins with the name, a plural unless there is one number."""
    name = name.removesuffix("s") if len(numbers) == 1 else name
    rows = [numbers[at : at + PER_LINE] for at in range(0, len(numbers), PER_LINE)]
    return [" ".join([name, *map(str, row)] if name and row is rows[0] else map(str, row)) for row in rows]


class Canvas:
    """SVG elements, in the order in which they are painted."""

    def __init__(self) -> None:
        self.root = ElementTree.Element(
            "svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": FONT, "font-size": str(FONT_SIZE)}
        )

    def box(
        self, kind: str, place: tuple[float, float, float, float], paint: Paint, dashed: bool = False, **data: object
    ) -> None:
        """`place` is (x, y, width, height), `paint` (fill, line); data becomes data-… attributes."""
        x, y, width, height = place
        shape = {
            "class": kind,
            "x": number(x),
            "y": number(y),
            "width": number(width),
            "height": number(height),
            "rx": "3",
            "fill": paint[0],
            "stroke": paint[1],
        }
        if dashed:
            shape["stroke-dasharray"] = "4 3"
        ElementTree.SubElement(self.root, "rect", shape | {f"data-{key}": str(value) for key, value in data.items()})

    def text(self, x: float, y: float, text: str, bold: bool = False, size: int = FONT_SIZE) -> None:
        """The first line's baseline is one line below y."""
        shape = {"x": number(x), "y": number(y + LINE - 3), "fill": "#1a1a1a"}
        if bold:
            shape["font-weight"] = "bold"
        if size != FONT_SIZE:
            shape["font-size"] = str(size)
        ElementTree.SubElement(self.root, "text", shape).text = text

    def lines(self, x: float, y: float, texts: list[str], bold_first: bool = True) -> int:
        """Lines of text; returns the height that they take."""
        for index, text in enumerate(texts):
            self.text(x, y + index * LINE, text, bold_first and index == 0)
        return len(texts) * LINE

    def path(self, kind: str, points: Iterable[tuple[float, float]], colour: str, **data: object) -> None:
        way = "M" + " L".join(f"{number(x)} {number(y)}" for x, y in points)
        shape = {"class": kind, "d": way, "fill": "none", "stroke": colour, "stroke-width": "1.2"}
        ElementTree.SubElement(self.root, "path", shape | {f"data-{key}": str(value) for key, value in data.items()})

    def arrow_up(self, x: float, y: float, colour: str) -> None:
        half = ARROW / 2
        corners = (x, y), (x - half, y + ARROW), (x + half, y + ARROW)
        points = " ".join(f"{number(across)},{number(down)}" for across, down in corners)
        ElementTree.SubElement(self.root, "polygon", {"points": points, "fill": colour})

    def finish(self, width: float, height: float) -> bytes:
        """The whole as bytes."""
        self.root.set("width", number(width))
        self.root.set("height", number(height))
        self.root.set("viewBox", f"0 0 {number(width)} {number(height)}")
        ElementTree.indent(self.root)
        return ElementTree.tostring(self.root, encoding="utf-8", xml_declaration=True) + b"\n"


def number(value: float) -> str:
    """Without digits that say nothing."""
    return f"{value:.1f}".removesuffix(".0")


class Picture:
    """What is drawn, row by row, from the top down."""

    def __init__(self, config: Config, layout: Layout) -> None:
        self.machine = config.machine
        self.socket_cores = config.machine.socket_cores()
        self.config = config
        self.clusters = config.clusters
        self.records = layout["r4_layout_cluster"]
        self.place_of = {
            core: (number_, index)
            for number_, cluster in enumerate(config.clusters)
            for index, core in enumerate(cluster.cores)
        }
        self.node_of = {core: node for node, cores in enumerate(self.machine.node_cores) for core in cores}
        self.peers = {(peer["from"], peer["to"]): peer for peer in layout["r4_layout_peer"]}
        priorities = Counter(peer["priority"] for peer in self.peers.values())
        self.priority = max(
            priorities, key=lambda priority: priorities[priority], default=0
        )  # what is not said of each pair
        self.canvas = Canvas()
        self.y: float = EDGE
        self.gap: float = GAP
        self.per_line = PER_LINE
        self.width: float = 0

    # --- what is in the boxes ---

    def node_lines(self, node: int) -> list[str]:
        cores = wrapped(self.machine.node_cores[node], "cores") or ["no cores"]
        memory = [] if self.machine.memory_mib[node] else ["no memory"]
        return [f"node {node}", *cores, "distances", *wrapped(self.machine.distances[node]), *memory]

    def node_parts(self, node: int) -> list[MemoryPart]:
        """(first MiB, end, cluster or None) of all the node's memory, in order."""
        owned = sorted(
            (part.offset_mib, part.offset_mib + part.size_mib, number_)
            for number_, cluster in enumerate(self.clusters)
            for part in cluster.memory
            if part.node == node
        )
        parts: list[MemoryPart] = []
        at = 0
        for first, end, cluster in [*owned, (self.machine.memory_mib[node],) * 2 + (None,)]:
            if first > at:
                parts.append((at, first, None))
            if end > first:
                parts.append((first, end, cluster))
            at = end
        return parts

    def cluster_lines(self, index: int) -> list[str]:
        cluster, record = self.clusters[index], self.records[index]
        total = sum(part.size_mib for part in cluster.memory)
        return [
            f"cluster {index}",
            f"group {cluster.group}",
            *wrapped(cluster.cores, "cores"),
            *wrapped(cluster.nodes, "nodes"),
            f"memory {total} MiB",
            f"kernel {record['virtual_base']:x}",
            f"direct {record['direct_map']:x}",
            *(["has the console"] if index == self.config.console else []),
            *(["has PCI"] if index == self.config.pci else []),
            *(f"has I/O APIC {io_apic.id}" for io_apic in self.config.io_apics if io_apic.cluster == index),
        ]

    def label(self, left: int, right: int) -> str:
        """Of two clusters' rings: distance, priority if not the usual one; that to the right first."""
        pair = self.peers[left, right], self.peers[right, left]
        distances = [str(peer["distance"]) for peer in pair]
        priorities = [str(peer["priority"]) for peer in pair]
        text = distances[0] if distances[0] == distances[1] else "/".join(distances)
        if priorities != [str(self.priority)] * 2:
            text += " p" + (priorities[0] if priorities[0] == priorities[1] else "/".join(priorities))
        return text

    # --- sizes ---

    def measure(self) -> None:
        """Width of all rows, and the gap between boxes: wide enough for any label between two clusters."""
        count = len(self.clusters)
        labels = [self.label(left, right) for left in range(count) for right in range(left + 1, count)]
        widest = max(map(text_width, labels), default=0) + 6
        self.gap = max(GAP, widest + 8 + 2 * TWIN - 2 * PORT_MARGIN)
        self.per_line = min(max(map(len, self.socket_cores)), PER_LINE)
        socket = self.per_line * (CORE_WIDTH + CORE_GAP) - CORE_GAP
        node = (
            max(
                text_width(line)
                for node in range(len(self.machine.memory_mib))
                for line in [*self.node_lines(node), *map(part_text, self.node_parts(node))]
            )
            + PAD
        )
        cluster = max(text_width(line) for index in range(count) for line in self.cluster_lines(index))
        cluster = max(cluster, 2 * PORT_MARGIN + (count - 2) * PORT_PITCH)
        rows = (
            (len(self.socket_cores), socket),
            (len(self.machine.memory_mib), node),
            (count, cluster),
        )
        self.width = max(amount * (width + 2 * PAD + self.gap) - self.gap for amount, width in rows)

    def places(self, amount: int) -> list[tuple[float, float]]:
        """(x, width) of each box of a row."""
        width = (self.width - (amount - 1) * self.gap) / amount
        return [(EDGE + GUTTER + index * (width + self.gap), width) for index in range(amount)]

    # --- rows ---

    def heading(self) -> None:
        machine = self.machine
        extra = [f"at most {machine.low_memory_mib} MiB below 4 GiB"] if machine.low_memory_mib else []
        extra += (
            [f"{counted(machine.slots, 'empty slot')}, up to {machine.max_memory_mib} MiB"] if machine.slots else []
        )
        extra += [] if machine.srat else ["no SRAT"]
        extra += ["layout derived at boot"] if self.config.derived else []
        facts = [
            self.core_text(),
            f"{sum(machine.memory_mib)} MiB",
            f"{counted(self.config.ring_slots, 'slot')} in each ring",
            f"peer priority {self.priority}",
            *extra,
        ]
        if len(self.clusters) == 1:
            facts[2:4] = []
        self.canvas.text(EDGE, self.y, self.config.name, bold=True, size=18)
        self.y += LINE + 8
        self.y += self.paragraph(", ".join(facts)) + ROW_GAP

    def core_text(self) -> str:
        sizes = [sum(core < self.machine.cores for core in cores) for cores in self.socket_cores]
        there = [size for size in sizes if size]
        text = counted(there[0], "core")
        if len(there) > 1:
            text = f"{len(there)} x {text}" if len(set(there)) == 1 else " + ".join(map(str, there)) + " cores"
        threads = self.machine.topology.threads
        return text if threads == 1 else f"{text}, {threads} threads in each processor core"

    def paragraph(self, text: str) -> int:
        """Lines as long as the picture is wide; returns their height."""
        room = int((self.width + GUTTER) / CHARACTER)
        lines = [""]
        for word in text.split():
            if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
                lines.append("")
            lines[-1] += f" {word}" if lines[-1] else word
        return self.canvas.lines(EDGE, self.y, lines, bold_first=False)

    def row_name(self, name: str) -> None:
        self.canvas.text(EDGE, self.y + PAD, name, bold=True)

    def core(self, core: int, x: float, y: float) -> None:
        there = core < self.machine.cores
        cluster, index = self.place_of[core] if there else (None, None)
        lines = [f"core {core}", f"apic {self.machine.apic_ids[core]}"]
        lines += [f"node {self.node_of[core]}", f"c{cluster}:{index}"] if there else ["absent"]
        self.canvas.box("core", (x, y, CORE_WIDTH, CORE_HEIGHT), colours(cluster), dashed=not there, core=core)
        self.canvas.lines(x + 5, y + 3, lines)

    def sockets(self) -> None:
        rows = -(-max(map(len, self.socket_cores)) // self.per_line)
        height = 2 * PAD + LINE + rows * (CORE_HEIGHT + CORE_GAP) - CORE_GAP + 2
        self.row_name("sockets")
        for socket, (x, width) in enumerate(self.places(len(self.socket_cores))):
            there = self.socket_cores[socket][0] < self.machine.cores
            paint = WHITE if there else GREY
            self.canvas.box("socket", (x, self.y, width, height), paint, dashed=not there, socket=socket)
            self.canvas.text(x + PAD, self.y + PAD - 2, f"socket {socket}", bold=True)
            for index, core in enumerate(self.socket_cores[socket]):
                row, column = divmod(index, self.per_line)
                self.core(
                    core,
                    x + PAD + column * (CORE_WIDTH + CORE_GAP),
                    self.y + PAD + LINE + 2 + row * (CORE_HEIGHT + CORE_GAP),
                )
        self.y += height + ROW_GAP

    def nodes(self) -> None:
        count = len(self.machine.memory_mib)
        texts = [self.node_lines(node) for node in range(count)]
        parts = [self.node_parts(node) for node in range(count)]
        text_height = max(map(len, texts)) * LINE
        height = 2 * PAD + text_height + max(map(len, parts)) * (PART_HEIGHT + PART_GAP)
        self.row_name("nodes")
        for node, (x, width) in enumerate(self.places(count)):
            self.canvas.box("node", (x, self.y, width, height), WHITE, node=node)
            self.canvas.lines(x + PAD, self.y + PAD - 2, texts[node])
            for index, part in enumerate(parts[node]):
                y = self.y + PAD + text_height + PART_GAP + index * (PART_HEIGHT + PART_GAP)
                self.canvas.box(
                    "memory",
                    (x + PAD, y, width - 2 * PAD, PART_HEIGHT),
                    colours(part[2]),
                    dashed=part[2] is None,
                    node=node,
                )
                self.canvas.text(x + PAD + 4, y + 3, part_text(part))
        self.y += height + ROW_GAP

    def cluster_row(self) -> None:
        texts = [self.cluster_lines(index) for index in range(len(self.clusters))]
        height = 2 * PAD + max(map(len, texts)) * LINE
        self.row_name("clusters")
        for index, (x, width) in enumerate(self.places(len(self.clusters))):
            self.canvas.box("cluster", (x, self.y, width, height), colours(index), cluster=index)
            self.canvas.lines(x + PAD, self.y + PAD - 2, texts[index])
        self.y += height

    # --- rings ---

    def port(self, cluster: int, peer: int) -> float:
        """Where the rings to and from that peer leave a cluster. Near peers outside, far ones inside: ways nest."""
        count = len(self.clusters)
        order = [*range(cluster - 1, -1, -1), *range(count - 1, cluster, -1)]
        x, width = self.places(count)[cluster]
        step = (width - 2 * PORT_MARGIN) / max(1, count - 2)
        index = order.index(peer) if count > 2 else int(peer > cluster)
        return x + PORT_MARGIN + index * step

    def lanes(self) -> list[tuple[int, int, int]]:
        """(left, right, lane) of each pair: the first lane that is free all the way, short ways first."""
        count = len(self.clusters)
        pairs = sorted((right - left, left, right) for left in range(count) for right in range(left + 1, count))
        taken: list[list[tuple[float, float]]] = []  # of each lane: [(from x, to x), …]
        found = []
        for _, left, right in pairs:
            way = self.port(left, right) - 2 * TWIN, self.port(right, left) + 2 * TWIN
            lane = 0
            while lane < len(taken) and any(way[0] < end and begin < way[1] for begin, end in taken[lane]):
                lane += 1
            if lane == len(taken):
                taken.append([])
            taken[lane].append(way)
            found.append((left, right, lane))
        return found

    def rings(self) -> None:
        lanes = self.lanes()
        if not lanes:
            return
        self.row_name("rings")
        top = self.y
        self.y += LANE
        for left, right, lane in lanes:
            y = self.y + lane * LANE
            for target, source, side in ((right, left, TWIN), (left, right, -TWIN)):
                begin, end = self.port(left, right) - side, self.port(right, left) + side
                line = colours(target)[1]
                self.canvas.path(
                    "ring",
                    [(begin, top), (begin, y + side), (end, y + side), (end, top)],
                    line,
                    **{"from": source, "to": target},
                )
                self.canvas.arrow_up(end if target == right else begin, top + 1, line)
        for left, right, lane in lanes:
            self.ring_label(left, right, self.y + lane * LANE)
        self.y += max(lane for _, _, lane in lanes) * LANE + LANE / 2

    def ring_label(self, left: int, right: int, y: float) -> None:
        """In the gap between clusters that is nearest to the middle of the way."""
        x, width = self.places(len(self.clusters))[(left + right - 1) // 2]
        text = self.label(left, right)
        middle = x + width + self.gap / 2
        half = text_width(text) / 2
        self.canvas.box(
            "label",
            (middle - half - 3, y - LANE / 2 + 2, 2 * half + 6, LANE - 4),
            ("#ffffff", "none"),
            pair=f"{left}-{right}",
        )
        self.canvas.text(middle - half, y - LINE / 2, text)

    def legend(self) -> None:
        self.y += ROW_GAP
        text = "A colour is a cluster. c1:0 in a core: cluster 1's core 0."
        if len(self.clusters) > 1:
            text += (
                " A ring has the colour of the cluster that its arrow points at: it receives, and the ring lies in"
                f" its memory. On a pair of rings: distance, and priority if it is not {self.priority}; the one to"
                " the right first if the two differ."
            )
        self.y += self.paragraph(text)

    def draw(self) -> bytes:
        self.measure()
        self.canvas.box("background", (0, 0, 0, 0), ("#ffffff", "none"))
        self.heading()
        self.sockets()
        self.nodes()
        self.cluster_row()
        self.rings()
        self.legend()
        width, height = self.width + GUTTER + 2 * EDGE, self.y + EDGE
        background = self.canvas.root[0]
        background.set("width", number(width))
        background.set("height", number(height))
        return self.canvas.finish(width, height)


def part_text(part: MemoryPart) -> str:
    first, end, cluster = part
    return f"{first}-{end} MiB " + ("unused" if cluster is None else f"c{cluster}")


def picture(config: Config, layout: Layout) -> bytes:
    """The SVG; `layout` is that of linkgen.make_layout()."""
    return Picture(config, layout).draw()
