# SPDX-License-Identifier: MIT
"""Bit ranges, flags, rights and trace events as the headers define them, for tools that read the kernel's memory.

What is not in debug information: DEFINE_FIELD and #define leave no trace there.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = ["shared/r4/slot.h", "shared/r4/proxy.h", "shared/r4/types.h", "shared/r4/abi.h", "cluster-kernel/pure/paging.h"]


def _texts():
    for name in HEADERS:
        yield re.sub(r"\\\n *", "", (ROOT / name).read_text(encoding="utf-8"))  # a definition may go on in the next line


_FIELDS = {name: (int(high), int(low))
           for text in _texts()
           for name, high, low in re.findall(r"^DEFINE_FIELD\(\w+, (\w+), (\d+), (\d+)\)", text, re.MULTILINE)}  # fmt: skip
NUMBERS = {name: int(value, 0)
           for text in _texts()
           for name, value in re.findall(r"^#define (\w+) +(0x[0-9a-f]+|\d+)U?L*\s", text, re.MULTILINE)}  # fmt: skip
RIGHTS = ["READ", "WRITE", "EXEC", "SEND", "WAIT", "CONTROL", "LINK", "DEFER", "MODIFY"]
_EVENT = re.compile(r'^ +X\(TRACE_\w+, "(\w+)", "(\w+)", "(\w+)"\)', re.MULTILINE)
TRACE_EVENTS = _EVENT.findall((ROOT / "cluster-kernel/cluster/trace.h").read_text(encoding="utf-8"))  # (name, names of its two words), by number
FLAGS = ["BUSY", "CREATING", "ORIGINAL", "RECEIVED", "ROOT"]
PROXY_FLAGS = ["ONCE"]


def field(name, word):
    """The field of a word: what name_get(word) is in C."""
    high, low = _FIELDS[name]
    return word >> low & ((1 << (high - low + 1)) - 1)


def bit_names(names, prefix, bits):
    """The names of the bits that are set, by their definitions PREFIX + NAME; "all" and "-" for all and none."""
    if bits == sum(NUMBERS[prefix + name] for name in names):
        return "all"
    return "|".join(name.lower() for name in names if bits & NUMBERS[prefix + name]) or "-"
