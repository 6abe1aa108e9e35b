# SPDX-License-Identifier: MIT
"""Machines for the tests of real layouts, built from facts: ACPI tables (binary, and as acpidump prints them), memory maps,
Linux trees, all below one folder."""

import contextlib
import io
import struct
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import linkgen_commands

MIB, GIB = 1 << 20, 1 << 30
NON_VOLATILE, HOT_PLUG = 4, 2
Range = tuple[int, ...]  # base, end, domain, flags besides "enabled"


@dataclass
class Result:
    status: int
    out: str
    err: str


def run(*words: object) -> Result:
    """linkgen.py with these words, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = linkgen_commands.main([str(word) for word in words])
        except SystemExit as end:
            status = int(end.code or 0)
    return Result(status, out.getvalue(), err.getvalue())


# --- ACPI ---


def acpi(signature: str, body: bytes, revision: int = 3) -> bytes:
    whole = bytearray(
        struct.pack("<4sIBB6s8sI4sI", signature.encode(), 36 + len(body), revision, 0, b"T", b"T", 1, b"T", 1) + body
    )
    whole[9] = -sum(whole) % 256
    return bytes(whole)


def madt(enabled: Iterable[int], disabled: Iterable[int] = ()) -> bytes:
    body = struct.pack("<II", 0xFEE00000, 1)
    for flag, ids in ((1, enabled), (0, disabled)):
        for apic_id in ids:
            if apic_id < 255:
                body += struct.pack("<BBBBI", 0, 8, apic_id, apic_id, flag)
            else:
                body += struct.pack("<BBHIII", 9, 16, 0, apic_id, flag, apic_id)
    return acpi("APIC", body + struct.pack("<BBBBII", 1, 12, 0, 0, 0xFEC00000, 0))


def srat(cores: Mapping[int, int], ranges: Iterable[Range]) -> bytes:
    body = struct.pack("<IQ", 1, 0)
    for apic_id, domain in cores.items():
        body += struct.pack("<BBHIIIII", 2, 24, 0, domain, apic_id, 1, 0, 0)
    for base, end, domain, *flags in ranges:
        body += struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, base, end - base, 0, 1 | sum(flags), 0)
    return acpi("SRAT", body)


def slit(rows: Sequence[Sequence[int]]) -> bytes:
    return acpi("SLIT", struct.pack("<Q", len(rows)) + b"".join(bytes(row) for row in rows), 1)


def cedt(windows: Iterable[tuple[int, int]]) -> bytes:
    entries = (struct.pack("<BBHIQQQ", 1, 0, 32, 0, base, end - base, 0) for base, end in windows)
    return acpi("CEDT", b"".join(entries), 1)


def fadt() -> bytes:
    body = bytearray(208)
    struct.pack_into("<I", body, 40, 0x608)
    body[55] = 4
    return acpi("FACP", bytes(body))


def dump(tables: Mapping[str, bytes]) -> str:
    """As acpidump prints them."""
    lines = []
    for name, table in tables.items():
        lines.append(f"{name} @ 0x000000007FFE0000")
        for at in range(0, len(table), 16):
            row = table[at : at + 16]
            text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            lines.append(f"    {at:04X}: {row.hex(' ').upper():<48} {text}")
        lines.append("")
    return "\n".join(lines) + "\n"


def far(count: int, distance: int = 20) -> list[list[int]]:
    return [[10 if row == column else distance for column in range(count)] for row in range(count)]


@dataclass
class Shape:
    """What firmware says of a machine."""

    cores: dict[int, int]  # APIC id -> domain
    ranges: Sequence[Range]
    distances: list[list[int]] = field(default_factory=list)
    ram: list[tuple[int, int]] = field(default_factory=list)  # empty: the ranges, but for the hole below 1 MiB
    absent: list[int] = field(default_factory=list)  # listed by the MADT, not enabled
    windows: list[tuple[int, int]] = field(default_factory=list)

    def tables(self) -> dict[str, bytes]:
        found = {"APIC": madt(self.cores, self.absent), "FACP": fadt(), "SRAT": srat(self.cores, self.ranges)}
        if self.distances:
            found["SLIT"] = slit(self.distances)
        if self.windows:
            found["CEDT"] = cedt(self.windows)
        return found

    def memory(self) -> list[tuple[int, int]]:
        ram = self.ram or [(range_[0], range_[1]) for range_ in self.ranges]
        parts = [part for base, end in ram for part in ((base, min(end, 0xA0000)), (max(base, 0x100000), end))]
        return [(base, end) for base, end in parts if base < end]

    def words(self, folder: Path) -> list[str]:
        """Writes the machine below the folder, and returns the words that name it."""
        tables = folder / "tables"
        tables.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables().items():
            (tables / name).write_bytes(table)
        memory = folder / "map"
        memory.write_text("".join(f"{base:x} {end:x} 1\n" for base, end in self.memory()), encoding="ascii")
        return ["--acpi", str(tables), "--memory-map", str(memory)]


def socket_shape(sockets: int, cores: int, memory: int, **more: object) -> Shape:
    """Sockets of one domain each, side by side, the hole of devices below 4 GiB."""
    bits = (cores - 1).bit_length()
    ranges: list[Range] = []
    at = 0
    for socket in range(sockets):
        end = at + memory
        if at < 3 * GIB < end:
            ranges += [(at, 3 * GIB, socket), (4 * GIB, end + GIB, socket)]
            end += GIB
        else:
            ranges.append((at, end, socket))
        at = end
    ids = {socket << bits | core: socket for socket in range(sockets) for core in range(cores)}
    return Shape(ids, ranges, far(sockets), **more)  # type: ignore[arg-type]


# --- Linux ---

Files = dict[str, str]


def linux_tree(
    cpus: Mapping[int, int],
    nodes: Mapping[int, Sequence[int]],
    memory_mib: Mapping[int, int],
    distances: Sequence[Sequence[int]],
    packages: Mapping[int, int] | None = None,
    siblings: Mapping[int, str] | None = None,
    caches: Mapping[int, str] | None = None,
    blocks: Mapping[int, Iterable[int]] | None = None,
    block_size: int | None = 128 * MIB,
) -> Files:
    """sys/ and proc/ of a machine. cpus: number -> APIC id; nodes: number -> CPUs; distances: row by row."""
    system = "sys/devices/system"
    files: Files = {f"{system}/cpu/present": f"0-{max(cpus)}\n"}
    info = []
    for cpu, apic_id in cpus.items():
        package = (packages or {}).get(cpu, 0)
        info.append(f"processor\t: {cpu}\nphysical id\t: {package}\napicid\t\t: {apic_id}\n")
        files[f"{system}/cpu/cpu{cpu}/topology/physical_package_id"] = f"{package}\n"
        files[f"{system}/cpu/cpu{cpu}/topology/thread_siblings_list"] = f"{(siblings or {}).get(cpu, cpu)}\n"
        if caches:
            files[f"{system}/cpu/cpu{cpu}/cache/index3/level"] = "3\n"
            files[f"{system}/cpu/cpu{cpu}/cache/index3/shared_cpu_list"] = f"{caches[cpu]}\n"
    files["proc/cpuinfo"] = "\n".join(info)
    if block_size:
        files[f"{system}/memory/block_size_bytes"] = f"{block_size:x}\n"
    for row, (node, members) in enumerate(nodes.items()):
        folder = f"{system}/node/node{node}"
        files[f"{folder}/cpulist"] = ",".join(map(str, members)) + "\n"
        files[f"{folder}/meminfo"] = f"Node {node} MemTotal: {memory_mib.get(node, 0) << 10} kB\n"
        files[f"{folder}/distance"] = " ".join(map(str, distances[row])) + "\n"
        for block in (blocks or {}).get(node, ()):
            files[f"{folder}/memory{block}"] = ""
    return files


def write_tree(files: Files, folder: Path) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def write_tar(files: Mapping[str, str | bytes], path: Path, packed: bool = True) -> Path:
    with tarfile.open(path, "w:gz" if packed else "w") as archive:
        for name, text in files.items():
            content = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
