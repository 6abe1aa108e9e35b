# SPDX-License-Identifier: MIT
"""The reader of headers: what it reads from the text is what the compiler makes of it."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import headers

FILES = ["cluster-kernel/pure/paging.h", "cluster-kernel/cluster/trace.h"]
ENUMS = ["r4_cap_type", "r4_operation", "r4_stat"]
LISTS = ["R4_ERROR_LIST", "TRACE_EVENT_LIST"]  # whose first column is an enum
STRUCTURES = ["r4_layout_header", "r4_layout_cluster", "r4_layout_core", "r4_layout_memory", "r4_layout_peer"]
STRUCTURES += ["r4_layout_io_apic", "trace_ring", "trace_entry"]


@pytest.fixture(name="read", scope="module")
def all_headers() -> headers.Headers:
    return headers.shared(more=FILES)


@pytest.fixture(name="compiled", scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Iterable[str]], list[int]]:
    """compiled(expressions): their values, as the compiler says."""
    folder: Path = tmp_path_factory.mktemp("headers")

    def values(expressions: Iterable[str]) -> list[int]:
        includes = [f"<r4/{path.name}>" for path in sorted((headers.ROOT / "shared/r4").glob("*.h"))] + [
            f'"{name}"' for name in FILES
        ]
        body = "".join(f'    printf("%llu\\n", (unsigned long long)({expression}));\n' for expression in expressions)
        source = (
            "#include <stdio.h>\n#include <stddef.h>\n"
            + "".join(f"#include {name}\n" for name in includes)
            + f"int main(void) {{\n{body}}}\n"
        )
        (folder / "probe.c").write_text(source, encoding="utf-8")
        folders = [f"-I{headers.ROOT / name}" for name in ("shared", ".", "cluster-kernel")]
        subprocess.run(["gcc", "-w", "-DKERNEL_CHECKS=0", *folders, "probe.c", "-o", "probe"], cwd=folder, check=True)
        done = subprocess.run([folder / "probe"], check=True, capture_output=True, text=True)
        return list(map(int, done.stdout.split()))

    return values


def test_numbers(read: headers.Headers, compiled: Callable[[Iterable[str]], list[int]]) -> None:
    assert len(read.numbers) > 80
    assert list(read.numbers.values()) == compiled(read.numbers)


def test_fields(read: headers.Headers, compiled: Callable[[Iterable[str]], list[int]]) -> None:
    assert [field.low for field in read.fields.values()] == compiled(f"{name}_low" for name in read.fields)
    word = 0x123456789ABCDEF0
    thirty_two = {name for name in read.fields if name.startswith("r4_name_")}  # fields of a 32-bit word
    values = [field.get(word & 0xFFFFFFFF if name in thirty_two else word) for name, field in read.fields.items()]
    assert values == compiled(f"{name}_get({word}ULL)" for name in read.fields)


@pytest.mark.parametrize("name", ENUMS)
def test_enums(read: headers.Headers, compiled: Callable[[Iterable[str]], list[int]], name: str) -> None:
    names = read.enum(name)
    assert len(names) > 3 and list(range(len(names))) == compiled(names)


@pytest.mark.parametrize("name", LISTS)
def test_lists(read: headers.Headers, compiled: Callable[[Iterable[str]], list[int]], name: str) -> None:
    rows = read.rows(name)
    assert len(rows) > 3 and list(range(len(rows))) == compiled(row[0] for row in rows)


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures(read: headers.Headers, compiled: Callable[[Iterable[str]], list[int]], name: str) -> None:
    """Each member in its place: numbered members, packed here, are what the compiler reads there."""
    structure = read.structure(name)
    record = {member: index + 1 for index, member in enumerate(structure.names)}
    data = structure.pack(record)
    assert structure.unpack(data, 0) == record
    offsets = compiled(f"offsetof(struct {name}, {member})" for member in structure.names)
    sizes = compiled(f"sizeof(((struct {name} *)0)->{member})" for member in structure.names)
    places = zip(record.values(), offsets, sizes)
    assert all(int.from_bytes(data[offset : offset + size], "little") == value for value, offset, size in places)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.h"
    path.write_text(
        "#define A (B + 1)\n#define B 2 /* later */\n#define C ((uint64_t)1)\n"
        "enum e { X = 1, Y };\nstruct s {\n    uint8_t a;\n    uint32_t b;\n};\nR4_SIZE(struct s, 8);\n",
        encoding="utf-8",
    )
    bad = headers.Headers([path])
    assert bad.numbers == {"A": 3, "B": 2}
    readings: list[Callable[[], object]] = [
        lambda: bad.enum("e"),
        lambda: bad.enum("f"),
        lambda: bad.structure("s"),
        lambda: bad.rows("L"),
    ]
    for reading in readings:
        with pytest.raises(headers.HeaderError):
            reading()


def test_arguments_of_a_row() -> None:
    assert headers.arguments('A, "b, (c", f(x, y) + 1) rest)') == ["A", "b, (c", "f(x, y) + 1"]
