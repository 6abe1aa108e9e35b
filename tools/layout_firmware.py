# SPDX-License-Identifier: MIT
"""What firmware says of a machine: ACPI tables and a memory map. Read from files, never interpreted here: that is the
coordinator's code (layout_examine.py)."""

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from layout_error import LayoutError, printable
from layout_tree import TOTAL_MAX, Archive, Folder, Tree, open_tree, read_file

# What is read of a machine, and nothing else: other tables may hold keys and serial numbers.
SIGNATURES = ("APIC", "FACP", "SRAT", "SLIT", "CEDT")
HEADER_SIZE = 36  # of every table
TABLE_MAX = 16 << 20
TABLES_PATH = "sys/firmware/acpi/tables"
MAP_PATH = "sys/firmware/memmap"
MAP_MAX = 4096

USABLE, RESERVED, ACPI, NVS, UNUSABLE, PERSISTENT, SOFT_RESERVED = 1, 2, 3, 4, 5, 7, 12
MAP_WORDS = {  # as Linux calls them, in sysfs and in its log
    "System RAM": USABLE,
    "usable": USABLE,
    "ACPI Tables": ACPI,
    "ACPI data": ACPI,
    "ACPI Non-volatile Storage": NVS,
    "ACPI NVS": NVS,
    "Unusable memory": UNUSABLE,
    "unusable": UNUSABLE,
    "Persistent Memory": PERSISTENT,
    "persistent (type 7)": PERSISTENT,
    "Soft Reserved": SOFT_RESERVED,
    "soft reserved": SOFT_RESERVED,
}
MAP_LINE = re.compile(r"(?:map )?(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) (\d{1,10})", re.IGNORECASE)
LOG_LINE = re.compile(
    r".*(?:BIOS-e820|reserve setup_data): \[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\] (.+)", re.IGNORECASE
)
DUMP_HEAD = re.compile(r"([A-Z]{4}) @ 0x[0-9A-Fa-f]+")
DUMP_LINE = re.compile(r"\s+([0-9A-Fa-f]{4,8}):((?: [0-9A-Fa-f]{2}){1,16})(?:\s.*)?")


@dataclass(frozen=True)
class Map:
    """A range of the memory map, its end exclusive; types as those of e820."""

    base: int
    end: int
    type: int


@dataclass
class Firmware:
    tables: list[bytes] = field(default_factory=list)
    map: list[Map] = field(default_factory=list)
    boot_core: int | None = None  # APIC id
    guesses: list[str] = field(default_factory=list)  # what nobody said, and what is taken for it

    def table(self, signature: str) -> bytes | None:
        return next((table for table in self.tables if table[:4] == signature.encode()), None)


# --- tables ---


def _tables_in(content: bytes, name: str) -> list[bytes]:
    """Binary tables, one after the other."""
    found = []
    while content:
        if len(content) < HEADER_SIZE:
            raise LayoutError(f"{name}: is truncated: {len(content)} bytes are no ACPI table's header")
        (length,) = struct.unpack_from("<I", content, 4)
        if length < HEADER_SIZE:
            raise LayoutError(f"{name}: is no ACPI table: its header says {length} bytes")
        if length > len(content):
            raise LayoutError(f"{name}: is truncated: its header says {length} bytes, the file has {len(content)}")
        found.append(content[:length])
        content = content[length:]
    return found


def _dump(text: str, name: str) -> list[bytes]:
    """What acpidump prints."""
    tables: list[bytearray] = []
    for line in text.splitlines():
        if DUMP_HEAD.match(line):
            tables.append(bytearray())
        elif row := DUMP_LINE.fullmatch(line):
            if not tables or int(row[1], 16) != len(tables[-1]):
                raise LayoutError(
                    f"{name}: is damaged: a line of a table is missing before {printable(line.strip())[:20]}"
                )
            tables[-1] += bytes.fromhex(row[2])
    if not tables:
        raise LayoutError(f"{name}: holds no ACPI table: neither binary tables nor what acpidump prints")
    return [table for content in tables for table in _tables_in(bytes(content), name)]


def _named(content: bytes) -> bool:
    return content[:4] in {word.encode() for word in SIGNATURES}


def _folder_tables(tree: Tree, folder: str) -> list[bytes]:
    """Each file that is a table, or is called like one."""
    found = []
    for name in sorted(tree.list(folder), key=lambda name: (len(name), name)):
        stem = re.sub(r"\d*(\.\w+)?$", "", name).upper()
        content = tree.read(f"{folder}/{name}".strip("/"))
        if content is None or not (_named(content) or stem in SIGNATURES):
            continue
        title = f"{tree.name}: {printable(name)}"
        if not _named(content):
            raise LayoutError(f"{title}: is no ACPI table {stem}")
        found += _tables_in(content, title)
    return found


def tree_tables(tree: Tree, prefix: str) -> list[bytes]:
    """Those of a Linux tree; none if it has none."""
    return [table for table in _folder_tables(tree, prefix + TABLES_PATH) if _named(table)]


def _read_tables(path: Path) -> list[bytes]:
    if path.is_dir():
        folder = Folder(path)
        return _folder_tables(folder, "") or tree_tables(folder, "")
    name = printable(str(path))
    content = read_file(path, name, TOTAL_MAX)
    if content is None:
        raise LayoutError(f"{name}: is neither a folder nor a file")
    if _named(content) and not DUMP_HEAD.match(content[:32].decode("ascii", "replace")):
        return _tables_in(content, name)
    if content[:2] in (b"\x1f\x8b", b"BZ") or content[257:262] == b"ustar":
        archive = Archive(content, name)
        return tree_tables(archive, linux_prefix(archive)) or _folder_tables(archive, "")
    try:
        return _dump(content.decode("ascii"), name)
    except UnicodeDecodeError as error:
        raise LayoutError(f"{name}: holds no ACPI table: neither binary tables nor what acpidump prints") from error


def read_tables(path: Path) -> list[bytes]:
    """The tables in a folder (of /sys/firmware/acpi/tables, or acpixtract's), in a file of tables, in a tar file of
    `linkgen.py collect`, or in what acpidump prints. Only those that say what the machine consists of."""
    tables = [table for table in _read_tables(path) if _named(table)]
    if not any(table[:4] == b"APIC" for table in tables):
        raise LayoutError(f"{printable(str(path))}: has no ACPI table APIC (MADT): nothing says which cores there are")
    return tables


def linux_prefix(tree: Tree) -> str:
    """What is before sys/ and proc/ in a tree: nothing, or the one folder that everything is in."""
    names = tree.list("")
    if "sys" in names or "devices" in names:
        return ""
    inner = [name for name in names if "sys" in tree.list(name)]
    return f"{inner[0]}/" if len(inner) == 1 else ""


# --- memory map ---


def tree_map(tree: Tree, prefix: str) -> list[Map]:
    """/sys/firmware/memmap; empty if it is not there."""
    found = []
    for entry in tree.list(prefix + MAP_PATH):
        words = [tree.text(f"{prefix}{MAP_PATH}/{entry}/{name}") for name in ("start", "end", "type")]
        try:
            start, end = (int(word or "", 16) for word in words[:2])
        except ValueError as error:
            raise LayoutError(f"{tree.name}: {MAP_PATH}/{printable(entry)} has no start and end") from error
        found.append(_map(start, end + 1, MAP_WORDS.get(words[2] or "", RESERVED), f"{tree.name}: {MAP_PATH}"))
    return _checked(found, f"{tree.name}: {MAP_PATH}")


def _map(base: int, end: int, kind: int, name: str) -> Map:
    if not 0 <= base < end < 1 << 64:
        raise LayoutError(f"{name}: a range ends before it begins, or above all addresses: {base:#x}-{end:#x}")
    return Map(base, end, kind)


def _checked(found: list[Map], name: str) -> list[Map]:
    if len(found) > MAP_MAX:
        raise LayoutError(f"{name}: has more than {MAP_MAX} ranges")
    return sorted(found, key=lambda range_: (range_.base, range_.end))


def read_map(path: Path) -> list[Map]:
    """A memory map: lines `BASE END TYPE` in hexadecimal (type as in e820, end exclusive), Linux' log, or a Linux tree."""
    name = printable(str(path))
    if path.is_dir():
        tree = open_tree(path)
        found = tree_map(tree, linux_prefix(tree))
    else:
        content = read_file(path, name) or b""
        found = []
        for line in content.decode("utf-8", "replace").splitlines():
            if row := MAP_LINE.fullmatch(line.strip()):
                found.append(_map(int(row[1], 16), int(row[2], 16), int(row[3]), name))
            elif row := LOG_LINE.fullmatch(line.strip()):
                found.append(_map(int(row[1], 16), int(row[2], 16) + 1, MAP_WORDS.get(row[3], RESERVED), name))
    if not any(range_.type == USABLE for range_ in found):
        raise LayoutError(f"{name}: names no usable RAM; lines must be BASE END TYPE, or those of Linux' log")
    return _checked(found, name)
