# SPDX-License-Identifier: MIT
"""`linkgen.py diff A B`: two layouts, compared cluster by cluster. Reads layout.bin, or the NAME.json and NAME.toml that lie
beside a NAME.bin."""

from pathlib import Path

from layout_binary import Records, read_layout
from layout_error import LayoutError, printable
from layout_sysfs import as_list
from layout_tree import read_file

MIB = 1 << 20


def binary_beside(path: Path) -> Path:
    """The NAME.bin of what `layout` wrote."""
    return path.with_suffix(".bin") if path.suffix in (".json", ".toml") else path


def load(path: Path) -> tuple[dict[str, int], Records]:
    found = binary_beside(path)
    name = printable(str(found))
    content = read_file(found, name)
    if content is None:
        raise LayoutError(f"{name}: is no file")
    return read_layout(content, name)


def _clusters(records: Records) -> dict[int, dict[str, str]]:
    """What a reader sees of each cluster."""
    found = {}
    for cluster in records["r4_layout_cluster"]:
        number = cluster["number"]
        ids = [core["apic_id"] for core in records["r4_layout_core"] if core["cluster"] == number]
        memory = [
            f"domain {part['domain']} from {part['offset'] // MIB} to {(part['offset'] + part['size']) // MIB} MiB"
            for part in records["r4_layout_memory"]
            if part["cluster"] == number
        ]
        peers = [
            f"to {peer['to']} priority {peer['priority']} distance {peer['distance']}"
            for peer in records["r4_layout_peer"]
            if peer["from"] == number
        ]
        found[number] = {
            "group": str(cluster["group"]),
            "APIC ids": as_list(ids),
            "memory": ", ".join(memory),
            "peers": ", ".join(peers),
        }
    return found


def diff(first: Path, second: Path) -> list[str]:
    """Lines; none if the two say the same."""
    (header, records), (other_header, others) = load(first), load(second)
    found = [
        f"{name}: {header[name]} -> {other_header[name]}"
        for name in ("ring_slots", "console_owner", "pci_owner", "flags")
        if header[name] != other_header[name]
    ]
    before, after = _clusters(records), _clusters(others)
    for number in sorted(set(before) | set(after)):
        if number not in before or number not in after:
            side = "first" if number in before else "second"
            found.append(f"cluster {number}: only in the {side}")
            continue
        for key, value in before[number].items():
            if value != after[number][key]:
                found.append(f"cluster {number}: {key}: {value} -> {after[number][key]}")
    if records["r4_layout_io_apic"] != others["r4_layout_io_apic"]:
        found.append("owners of I/O APICs differ")
    return found
