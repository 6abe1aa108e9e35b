# SPDX-License-Identifier: MIT
"""ACPI tables made from facts, for machines that are described in another way: the coordinator's code reads them like
any firmware's. Sections of ACPI 6.5: 5.2.6 (header), 5.2.9 (FADT), 5.2.12 (MADT), 5.2.16 (SRAT), 5.2.17 (SLIT)."""

import struct
from collections.abc import Iterable, Mapping, Sequence

APIC_BASE = 0xFEE00000
IO_APIC_BASE = 0xFEC00000
NARROW_MAX = 254  # of an APIC id in a local APIC entry
ENABLED = 1
PM_TIMER_PORT = 0x608  # QEMU's
DISTANCE_SELF, DISTANCE_OTHER = 10, 20


def table(signature: str, revision: int, body: bytes) -> bytes:
    """A table with header and checksum."""
    head = struct.pack(
        "<4sIBB6s8sI4sI", signature.encode(), 36 + len(body), revision, 0, b"R4", b"LINKGEN", 1, b"R4", 1
    )
    whole = bytearray(head + body)
    whole[9] = -sum(whole) % 256
    return bytes(whole)


def madt(apic_ids: Iterable[int]) -> bytes:
    """Enabled cores, and one I/O APIC."""
    body = struct.pack("<II", APIC_BASE, 1)
    for uid, apic_id in enumerate(apic_ids):
        if apic_id <= NARROW_MAX:
            body += struct.pack("<BBBBI", 0, 8, uid & 0xFF, apic_id, ENABLED)
        else:
            body += struct.pack("<BBHIII", 9, 16, 0, apic_id, ENABLED, uid)
    return table("APIC", 4, body + struct.pack("<BBBBII", 1, 12, 0, 0, IO_APIC_BASE, 0))


def srat(core_domains: Mapping[int, int], ranges: Iterable[tuple[int, int, int]]) -> bytes:
    """Domain of each APIC id; ranges are (base, end, domain)."""
    body = struct.pack("<IQ", 1, 0)
    for apic_id, domain in core_domains.items():
        body += struct.pack("<BBHIIIII", 2, 24, 0, domain, apic_id, ENABLED, 0, 0)
    for base, end, domain in ranges:
        body += struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, base, end - base, 0, ENABLED, 0)
    return table("SRAT", 3, body)


def slit(rows: Sequence[Sequence[int]]) -> bytes:
    return table("SLIT", 1, struct.pack("<Q", len(rows)) + b"".join(bytes(row) for row in rows))


def fadt() -> bytes:
    """One that names a PM timer, and nothing else."""
    body = bytearray(244 - 36)
    struct.pack_into("<I", body, 76 - 36, PM_TIMER_PORT)
    body[91 - 36] = 4
    return table("FACP", 3, bytes(body))
