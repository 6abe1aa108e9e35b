# SPDX-License-Identifier: MIT
"""The picture of a machine as text: frames in frames, each thread with its cluster. `/` fills what nobody uses."""

from layout_boxes import Box, boxes_of, ring_label
from layout_machine import Machine
from layout_policy import Plan

WIDTH = 110  # that a row of frames should not pass
Block = list[str]  # lines of one width


def _padded(block: Block, width: int, height: int) -> Block:
    return [line.ljust(width) for line in block] + [" " * width] * (height - len(block))


def _side_by_side(blocks: list[Block]) -> Block:
    height = max(map(len, blocks))
    padded = [_padded(block, max(map(len, block)), height) for block in blocks]
    return [" ".join(parts) for parts in zip(*padded)]


def _rows(blocks: list[Block], per_row: int) -> Block:
    """So many in a row, fewer if they are too wide."""
    while per_row > 1 and per_row * (max(len(block[0]) for block in blocks) + 1) > WIDTH:
        per_row -= 1
    found: Block = []
    for at in range(0, len(blocks), per_row):
        found += _side_by_side(blocks[at : at + per_row])
    return found


def _framed(lines: list[str], inside: Block, unused: bool) -> Block:
    width = max(map(len, [*lines, *inside]))
    edge = "+" + ("/" if unused else "-") * (width + 2) + "+"
    side = "/" if unused else "|"
    return [edge, *(f"{side} {line.ljust(width)} {side}" for line in [*lines, *inside]), edge]


def draw_box(box: Box) -> Block:
    """One box with all that is in it."""
    if box.kind == "thread":
        return _framed([" ".join(box.lines)], [], box.unused)
    if box.kind == "part":
        return [f"{'/' * 3 if box.unused else '#' * 3} {box.lines[0]}"]
    if box.kind == "core":
        return _framed([" | ".join(" ".join(thread.lines) for thread in box.children)], [], False)
    children = [draw_box(child) for child in box.children]
    inside = _rows(children, box.per_row) if children else []
    if box.beside:
        nodes = [line for node in box.beside for line in draw_box(node)]
        width = max(map(len, nodes))
        inside = _side_by_side([[line.ljust(width) for line in nodes], *([inside] if inside else [])])
    return _framed(box.lines, inside, box.unused)


def _distances(plan: Plan) -> list[str]:
    count = len(plan.clusters)
    if count == 1:
        return ["one cluster, no rings"]
    cells = [["" if to == of else ring_label(plan, *sorted((of, to))) for to in range(count)] for of in range(count)]
    width = max(len(cell) for row in cells for cell in [*row, f"c{count - 1}"]) + 1
    lines = ["rings between clusters, distances:", "    " + "".join(f"c{to}".rjust(width) for to in range(count))]
    return lines + [f"c{of}".ljust(4) + "".join(cell.rjust(width) for cell in row) for of, row in enumerate(cells)]


def draw(machine: Machine, plan: Plan) -> str:
    legend = "P#: physical number (APIC id, domain). L#: logical (CPU, node). c1:0: cluster 1's core 0. ///: unused"
    lines = [*draw_box(boxes_of(machine, plan)), *_distances(plan), legend]
    return "\n".join(line.rstrip() for line in lines) + "\n"
