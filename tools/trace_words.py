# SPDX-License-Identifier: MIT
"""What the two words of each trace event mean (cluster-kernel/cluster/trace.h), with the kernel's names for what they number."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import headers

SOURCES = ["cluster-kernel/cluster/trace.h", "cluster-kernel/pure/operation.h", "cluster-kernel/machine.h"]


class Part(NamedTuple):
    """Bits of a word."""

    name: str
    shift: int
    bits: int
    names: list[str]  # of its values from 0 on; none: it is a number

    def get(self, word: int) -> int:
        return word >> self.shift & (1 << self.bits) - 1

    def text(self, word: int) -> str:
        value = self.get(word)
        return f"{self.name} {self.names[value] if value < len(self.names) else hex(value)}"


@cache
def definitions() -> headers.Headers:
    return headers.shared(more=SOURCES)


def _names(enumeration: str, prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in definitions().enum(enumeration)]


@cache
def events() -> list[tuple[str, list[Part], list[Part]]]:
    """Of each event, by its number: its name, and the parts of its two words, the lowest bits first."""
    doorbells = ["DOORBELL"] * (definitions().numbers["MACHINE_DOORBELLS"] - 1)  # they follow the first, which is named
    parts = {
        "operation": [Part("operation", 0, 64, _names("r4_operation", "R4_OP_"))],
        "event": [Part("event", 0, 64, _names("machine_event", "MACHINE_") + doorbells)],
        "kind": [Part("kind", 0, 32, _names("r4_message_kind", "R4_MESSAGE_")), Part("loan", 32, 32, [])],
        "phase": [
            Part("phase", 0, 32, _names("operation_phase", "OPERATION_")),
            Part("of", 32, 32, _names("operation_kind", "OPERATION_")),
        ],
    }

    def of(word: str) -> list[Part]:
        return parts.get(word, [Part(word, 0, 64, [])])

    return [(name, of(first), of(second)) for _, name, first, second in definitions().rows("TRACE_EVENT_LIST")]


def texts(event: int, first: int, second: int) -> Iterator[str]:
    """Name and value of each part of an event."""
    _, *words = events()[event]
    for parts, word in zip(words, (first, second)):
        yield from (part.text(word) for part in parts)
