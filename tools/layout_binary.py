# SPDX-License-Identifier: MIT
"""layout.bin: the structures of shared/r4/layout.h, written and read."""

import zlib
from collections.abc import Mapping

from headers import SHARED
from layout_error import LayoutError

NUMBERS = SHARED.numbers
HEADER = SHARED.structure("r4_layout_header")
ARRAYS = {
    name: SHARED.structure(name)
    for name in ("r4_layout_cluster", "r4_layout_core", "r4_layout_memory", "r4_layout_peer", "r4_layout_io_apic")
}
COUNTS = ("cluster_count", "core_count", "memory_count", "peer_count", "io_apic_count")  # of the arrays, in the header

Records = dict[str, list[dict[str, int]]]  # structure -> records


def header_of(records: Records, fields: Mapping[str, int]) -> dict[str, int]:
    """The header with a checksum of 0; `fields`: what the records do not say."""
    size = HEADER.size + sum(ARRAYS[name].size * len(found) for name, found in records.items())
    counts = {count: len(records[name]) for count, name in zip(COUNTS, ARRAYS)}
    return {
        "magic": NUMBERS["R4_LAYOUT_MAGIC"],
        "version": NUMBERS["R4_LAYOUT_VERSION"],
        "header_size": HEADER.size,
        "size": size,
        "checksum": 0,
        **counts,
        **fields,
    }


def cluster_record(number: int, group: int, cores: int) -> dict[str, int]:
    """Each cluster's addresses follow from its number."""
    return {
        "virtual_base": NUMBERS["R4_VIRTUAL_BASE"] + number * NUMBERS["R4_KERNEL_AREA"],
        "direct_map": NUMBERS["R4_DIRECT_MAP"] + (number << NUMBERS["R4_DIRECT_MAP_SHIFT"]),
        "number": number,
        "group": group,
        "core_count": cores,
    }


def layout_bytes(header: dict[str, int], layout: Records) -> bytes:
    """The checksum is that of the whole with the field zero."""
    arrays = b"".join(ARRAYS[name].pack(record) for name, records in layout.items() for record in records)
    checksum = zlib.crc32(HEADER.pack(header) + arrays)
    return HEADER.pack(header | {"checksum": checksum}) + arrays


def read_layout(content: bytes, name: str) -> tuple[dict[str, int], Records]:
    """The reverse of layout_bytes()."""
    if len(content) < HEADER.size:
        raise LayoutError(f"{name}: is no layout: {len(content)} bytes are no header")
    header = HEADER.unpack(content, 0)
    if header["magic"] != NUMBERS["R4_LAYOUT_MAGIC"] or header["version"] != NUMBERS["R4_LAYOUT_VERSION"]:
        raise LayoutError(f"{name}: is no layout of version {NUMBERS['R4_LAYOUT_VERSION']}")
    if header_of({array: [{}] * header[count] for count, array in zip(COUNTS, ARRAYS)}, {})["size"] != len(content):
        raise LayoutError(f"{name}: is truncated, or its counts are wrong: {len(content)} bytes")
    if zlib.crc32(HEADER.pack(header | {"checksum": 0}) + content[HEADER.size :]) != header["checksum"]:
        raise LayoutError(f"{name}: its checksum is wrong")
    records: Records = {}
    at = HEADER.size
    for count, array in zip(COUNTS, ARRAYS):
        records[array] = [
            ARRAYS[array].unpack(content, at + index * ARRAYS[array].size) for index in range(header[count])
        ]
        at += header[count] * ARRAYS[array].size
    return header, records
