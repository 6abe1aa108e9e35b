# SPDX-License-Identifier: MIT
"""Reads numbers and linker constants from shared/r4/layout.h and linker_constants.h, so that each stands in one place only.

Understands what those two headers use: `#define R4_NAME number` or `(number << bits)`, R4_SIZE(struct x, bytes), and
the X-macro list of linker constants, whose values are sums of such names and of fields of the layout, or of one masked by the other, `(a & b)`.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "shared" / "r4"


def _text(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def _numbers(text):
    found = {}
    text = re.sub(r"\\\n *", "", text)  # a definition may go on in the next line
    for name, value in re.findall(r"^#define (R4_\w+) +(\(?[0-9][^/\n]*)", text, re.MULTILINE):
        shape = re.fullmatch(r"\(?(0x[0-9a-f]+|\d+)U?L*(?: << (\d+))?\)?", value.strip())
        if shape:
            found[name] = int(shape[1], 0) << int(shape[2] or 0)
    return found


NUMBERS = _numbers(_text("types.h") + _text("layout.h"))
SIZES = {name: int(size)
         for name, size in re.findall(r"^R4_SIZE\(struct (\w+), (\d+)\);", _text("layout.h"), re.MULTILINE)}
_LINKER_CONSTANTS = re.findall(r"^ +X\((\w+), (?:32|64), (.+)\)(?: *\\)?$", _text("linker_constants.h"), re.MULTILINE)
if not _LINKER_CONSTANTS:
    raise RuntimeError("shared/r4/linker_constants.h: no linker constants found")


def linker_constants(header, cluster):
    """The linker constants of one cluster, in the order of the list: name -> value.

    `header` and `cluster` give the fields of struct r4_layout_header and struct r4_layout_cluster by name.
    """

    def term(text):
        if text.startswith("(c)->"):
            return cluster[text.removeprefix("(c)->")]
        if text.startswith("(l)->header->"):
            return header[text.removeprefix("(l)->header->")]
        return NUMBERS[text]

    def masked(text):
        left, _, mask = text.partition(" & ")
        return term(left[1:]) & term(mask[:-1]) if mask else term(text)

    return {name: sum(masked(part) for part in value.split(" + ")) for name, value in _LINKER_CONSTANTS}
