# SPDX-License-Identifier: MIT
"""Wrong and hostile inputs: exit status 2, one line, nothing written, and nothing outside the folder read."""

import bz2
import gzip
import io
import os
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

import layout_tree
from layout_tree import FILE_MAX
from layout_world import GIB, MIB, dump, fadt, far, linux_tree, madt, run, socket_shape, srat, write_tar, write_tree

SHAPE = socket_shape(2, 2, 4 * GIB)
NOISE = random.Random(1).randbytes(4096)
SECRET = "what nobody may read"
Words = list[object]
Wrong = tuple[Callable[[Path], Words], str]


def tree() -> dict[str, str]:
    blocks = {0: range(16), 1: range(32, 48)}
    return linux_tree({0: 0, 1: 1}, {0: [0], 1: [1]}, {0: 2048, 1: 2048}, far(2), blocks=blocks)


def table(name: str, content: bytes) -> Callable[[Path], Words]:
    """A machine with that file among its tables."""

    def make(folder: Path) -> Words:
        words: Words = list(SHAPE.words(folder))
        (folder / "tables" / name).write_bytes(content)
        return words

    return make


def acpi_file(content: bytes) -> Callable[[Path], Words]:
    def make(folder: Path) -> Words:
        (folder / "file").write_bytes(content)
        return ["--acpi", folder / "file"]

    return make


def linux(changes: dict[str, str | None]) -> Callable[[Path], Words]:
    """A tree with some files changed, or left out."""

    def make(folder: Path) -> Words:
        files = tree() | {name: text for name, text in changes.items() if text is not None}
        for name in (name for name, text in changes.items() if text is None):
            del files[name]
        return ["--sysfs", write_tree(files, folder / "root")]

    return make


def sysfs_file(content: Callable[[], bytes]) -> Callable[[Path], Words]:
    def make(folder: Path) -> Words:
        (folder / "m.tar").write_bytes(content())
        return ["--sysfs", folder / "m.tar"]

    return make


def tar_of(*members: tarfile.TarInfo) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)) if member.isreg() else None)
    return stream.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, link, size
    return found


def hwloc(text: str) -> Callable[[Path], Words]:
    def make(folder: Path) -> Words:
        (folder / "m.xml").write_text(text, encoding="utf-8")
        return ["--hwloc", folder / "m.xml", "--sysfs", write_tree(tree(), folder / "root")]

    return make


def link_out(folder: Path) -> Words:
    root = write_tree(tree(), folder / "root")
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    path = root / "proc/cpuinfo"
    path.unlink()
    path.symlink_to(folder / "secret")
    return ["--sysfs", root]


def table_link_out(folder: Path) -> Words:
    words: Words = list(SHAPE.words(folder))
    (folder / "secret").write_bytes(madt([0]))
    (folder / "tables/APIC").unlink()
    (folder / "tables/APIC").symlink_to(folder / "secret")
    return words


def memory_map(text: str) -> Callable[[Path], Words]:
    def make(folder: Path) -> Words:
        words: Words = list(SHAPE.words(folder))
        (folder / "map").write_text(text, encoding="utf-8")
        return words

    return make


NODE = "sys/devices/system/node/node0"
GOOD = SHAPE.tables()
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
XML = '<topology version="2.0"><object type="Machine"><object type="PU" os_index="0"/></object></topology>'

WRONG: dict[str, Wrong] = {
    "table cut in its header": (table("APIC", GOOD["APIC"][:20]), "is truncated: 20 bytes are no ACPI table's header"),
    "table cut in its body": (table("SRAT", GOOD["SRAT"][:-1]), "is truncated: its header says"),
    "table with a length of 0": (table("APIC", b"APIC" + bytes(40)), "is no ACPI table: its header says 0 bytes"),
    "table with a length of 4 GiB": (table("APIC", b"APIC" + b"\xff" * 40), "is truncated: its header says 4294967295"),
    "table of noise": (table("APIC", NOISE), "is no ACPI table APIC"),
    "MADT without a core": (table("APIC", madt([])), "it names no processor"),
    "MADT with an entry beyond its end": (
        table("APIC", madt([0, 1])[:-12] + bytes([1, 200, *bytes(10)])),
        "the coordinator would stop: ACPI table APIC",
    ),
    "no MADT": (acpi_file(GOOD["SRAT"]), "has no ACPI table APIC"),
    "file of noise": (acpi_file(NOISE), "holds no ACPI table"),
    "empty file": (acpi_file(b""), "holds no ACPI table"),
    "acpidump without a line": (
        acpi_file("\n".join(line for line in dump(GOOD).splitlines() if "0010:" not in line).encode()),
        "is damaged: a line of a table is missing",
    ),
    "acpidump cut": (acpi_file(dump({"APIC": GOOD["APIC"]}).encode()[:300]), "is truncated"),
    "file that is too long": (table("APIC", bytes(FILE_MAX + 1)), "is longer than 16 MiB"),
    "symbolic link out of the tables": (table_link_out, "is a symbolic link out of the folder"),
    "symbolic link out of the tree": (link_out, "is a symbolic link out of the folder"),
    "no SRAT, no memory map": (acpi_file(madt([0]) + fadt()), "nothing says where RAM is"),
    "memory map of words": (memory_map("usable RAM everywhere\n"), "names no usable RAM"),
    "memory map backwards": (memory_map("2000 1000 1\n"), "a range ends before it begins"),
    "tar with a link out": (
        sysfs_file(lambda: tar_of(member("sys/a", tarfile.SYMTYPE, "../../../etc"))),
        "is a link out of the tar file",
    ),
    "tar with an absolute link": (
        sysfs_file(lambda: tar_of(member("sys/a", tarfile.SYMTYPE, "/etc/passwd"))),
        "is a link out of",
    ),
    "tar with a hard link out": (
        sysfs_file(lambda: tar_of(member("sys/a", tarfile.LNKTYPE, "../x"))),
        "is a link out of",
    ),
    "tar with a member outside": (sysfs_file(lambda: tar_of(member("../evil"))), "has a member outside of it"),
    "tar with an absolute member": (sysfs_file(lambda: tar_of(member("/etc/evil"))), "has a member outside of it"),
    "tar with a device": (
        sysfs_file(lambda: tar_of(member("sys/null", tarfile.CHRTYPE))),
        "is neither file nor folder",
    ),
    "tar with a large member": (
        sysfs_file(lambda: gzip.compress(tar_of(member("a", size=FILE_MAX + 1)), 1)),
        "is longer than 16 MiB",
    ),
    "gzip cut": (sysfs_file(lambda: gzip.compress(NOISE)[:-100]), "is damaged: its end is missing"),
    "tar of noise": (sysfs_file(lambda: NOISE), "is no tar file, or damaged"),
    "tar of something else": (sysfs_file(lambda: tar_of(member("readme"))), "has no sys/devices/system"),
    "member cut": (sysfs_file(lambda: tar_of(member("sys/a", size=2000))[:1024]), "is no tar file, or damaged"),
    "XML entities": (hwloc(f"<!DOCTYPE topology [{LAUGHS}]>{XML.replace('Machine', '&a8;')}"), "declares XML entities"),
    "XML entity of a file": (
        hwloc(f'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>{XML}'),
        "declares XML entities",
    ),
    "XML cut": (hwloc(XML[:-20]), "is no XML"),
    "XML of something else": (hwloc("<html/>"), "is no topology of hwloc"),
    "XML too deep": (
        hwloc('<topology version="2.0">' + '<object type="Group">' * 100),
        "more objects than any machine",
    ),
    "no APIC ids": (linux({"proc/cpuinfo": None}), "have no APIC ids"),
    "APIC id twice": (
        linux({"proc/cpuinfo": "processor: 0\napicid: 4\n\nprocessor: 1\napicid: 4\n"}),
        "have APIC id 4 both",
    ),
    "CPU in no node": (linux({f"{NODE}/cpulist": "\n"}), "are in no node that has a folder"),
    "a list that is none": (linux({f"{NODE}/cpulist": "0-zero\n"}), "is no list of numbers"),
    "a list without end": (linux({f"{NODE}/cpulist": "0-9999999\n"}), "has numbers out of range"),
    "distances of words": (linux({f"{NODE}/distance": "near far\n"}), "is no row of distances"),
    "memory blocks of one byte": (linux({"sys/devices/system/memory/block_size_bytes": "1\n"}), "cannot be"),
    "no such file": (lambda folder: ["--sysfs", folder / "nothing"], "there is no such file or folder"),
    "nothing given": (lambda folder: [], "give --acpi, --sysfs or --synthetic"),
    "two machines": (
        lambda folder: ["--synthetic", "pack:1", "--sysfs", folder],
        "no other input can be given with it",
    ),
    "policy unknown": (
        lambda folder: [*SHAPE.words(folder), "--policy", "mine"],
        "must be domain, package, cache or cores=N",
    ),
    "policy of none": (lambda folder: [*SHAPE.words(folder), "--policy", "cores=0"], "must be from 1 to 64 cores"),
    "name out of the folder": (lambda folder: [*SHAPE.words(folder), "--name", "../evil"], "must be letters, digits"),
    "console of no cluster": (lambda folder: [*SHAPE.words(folder), "--console", "7"], "there is no cluster 7"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input(tmp_path: Path, name: str) -> None:
    make, text = WRONG[name]
    folder = tmp_path / "in"
    folder.mkdir()
    words = make(folder)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    result = run("layout", *words, "-o", tmp_path / "out")
    assert (result.status, result.out) == (2, ""), result
    assert text in result.err
    assert result.err.count("\n") == 1 and result.err.startswith("linkgen.py: ")
    assert SECRET not in result.err
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes, int], bytes]) -> None:
    """Unpacked no further than to the limit, which is smaller here: to pack 64 MiB takes seconds."""
    monkeypatch.setattr(layout_tree, "TOTAL_MAX", MIB)
    for size, text in ((MIB, "has no sys/devices/system"), (MIB + 1, "unpacks to more than 1 MiB")):
        (tmp_path / "m.tar").write_bytes(pack(bytes(size), 1))
        result = run("layout", "--sysfs", tmp_path / "m.tar", "-o", tmp_path / "out")
        assert result.status == 2 and text in result.err, result
    assert not (tmp_path / "out").exists()


def test_links_within_a_tree_are_followed(tmp_path: Path) -> None:
    """sysfs has them: node0/cpu0 is a link to ../../cpu/cpu0."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in tree().items():
            found = member(name.replace("sys/devices/system/cpu", "elsewhere"), size=len(text))
            archive.addfile(found, io.BytesIO(text.encode()))
        archive.addfile(member("sys/devices/system/cpu", tarfile.SYMTYPE, "../../../elsewhere"))
    (tmp_path / "m.tar").write_bytes(stream.getvalue())
    assert run("show", "--sysfs", tmp_path / "m.tar").status == 0


def test_pipes_and_folders_are_no_files(tmp_path: Path) -> None:
    root = write_tree(tree(), tmp_path / "root")
    (root / "proc/cpuinfo").unlink()
    os.mkfifo(root / "proc/cpuinfo")
    result = run("show", "--sysfs", root)
    assert result.status == 2 and "have no APIC ids" in result.err


def test_noise_in_any_place(tmp_path: Path) -> None:
    """A byte changed anywhere: a layout or a refusal, never a traceback."""
    words = SHAPE.words(tmp_path)
    chance = random.Random(2)
    for _ in range(30):
        name = chance.choice(sorted(GOOD))
        content = bytearray(GOOD[name])
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / "tables" / name).write_bytes(content)
        result = run("layout", *words, "-o", tmp_path / "out")
        assert result.status in (0, 2) and (result.status == 0 or result.err.count("\n") == 1)
        (tmp_path / "tables" / name).write_bytes(GOOD[name])


def test_large_numbers(tmp_path: Path) -> None:
    """Ranges and domains at the ends of what a table can say."""
    words = SHAPE.words(tmp_path)
    for ranges in (
        [(0, 1 << 63, 0xFFFFFFFF)],
        [((1 << 64) - 4096, 1 << 64, 1)],
        [(index << 20, (index + 1) << 20, index) for index in range(600)],
    ):
        (tmp_path / "tables/SRAT").write_bytes(
            srat({0: 0xFFFFFFFF, 1: 0, 2: 1, 3: 1}, [r if r[1] < 1 << 64 else (r[0], r[1] - 1, r[2]) for r in ranges])
        )
        result = run("show", *words)
        assert result.status in (0, 2) and "Traceback" not in result.err


def test_packed_otherwise(tmp_path: Path) -> None:
    packed = tmp_path / "m.tar.bz2"
    packed.write_bytes(bz2.compress(write_tar(tree(), tmp_path / "m.tar", packed=False).read_bytes()))
    assert run("show", "--sysfs", packed).status == 0
