# SPDX-License-Identifier: MIT
"""linkgen: what it refuses, one file in bad/ for each, its exact message in the first line; what it makes of the rest."""

import ctypes
import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import config as configuration
import linkgen
from config_fields import ConfigError
from building import HOST_FLAGS, ROOT, generate_machines, run
from headers import SHARED

LINKGEN = ROOT / "tools" / "linkgen.py"
BAD = sorted((Path(__file__).parent / "bad").glob("*.toml"))
GOOD = sorted((ROOT / "configs").glob("*.toml"))
FEW = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return generate_machines(tmp_path_factory.mktemp("machines"))


@pytest.fixture(scope="session")
def layout_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """shared/layout.c as a shared library for ctypes."""
    path = tmp_path_factory.mktemp("library") / "layout.so"
    sources = [ROOT / "shared" / name for name in ("layout.c", "refusal.c", "format.c", "string.c")]
    run("gcc", *HOST_FLAGS, "-shared", "-fPIC", "-o", path, *sources)
    return path


def run_linkgen(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/python3", LINKGEN, config, "-o", folder], capture_output=True, text=True, timeout=60, check=False
    )


def expect_refusal(config: Path, message: str, folder: Path) -> None:
    result = run_linkgen(config, folder)
    assert result.stderr == f"{config}: {message}\n"
    assert result.stdout == ""
    assert result.returncode == 2
    assert not folder.exists()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path: Path, tmp_path: Path) -> None:
    message = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    expect_refusal(path, message, tmp_path / "out")


def test_no_file(tmp_path: Path) -> None:
    expect_refusal(
        tmp_path / "none.toml",
        "file: cannot be read (No such file or directory); must be a readable TOML file",
        tmp_path / "out",
    )


def test_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "bytes.toml"
    path.write_bytes(b'name = "\xff"\n')
    expect_refusal(
        path,
        "syntax: 'utf-8' codec can't decode byte 0xff in position 8: invalid start byte; " "must be TOML 1.0 in UTF-8",
        tmp_path / "out",
    )


def test_each_refusal_has_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `raise ConfigError` in tools/config*.py is reached by a file in bad/, or by one that is not there."""
    reached = set()

    class Recorder(ConfigError):
        def __init__(self, *arguments: str) -> None:
            super().__init__(*arguments)
            caller = sys._getframe(1)
            reached.add((caller.f_code.co_filename, caller.f_lineno))

    for reader in ("config", "config_machine", "config_fields"):
        monkeypatch.setattr(sys.modules[reader], "ConfigError", Recorder)
    for path in [*BAD, Path("/nowhere/none.toml")]:
        with pytest.raises(Recorder):
            configuration.load(path)
    places = {
        (str(reader), number)
        for reader in LINKGEN.parent.glob("config*.py")
        for number, line in enumerate(reader.read_text(encoding="utf-8").splitlines(), 1)
        if "raise ConfigError(" in line
    }
    assert len(places) > 20
    assert places == reached


def unpack(content: bytes) -> tuple[Any, ...]:
    """layout.bin as lists of tuples, by the words of layout.h and not by linkgen's tables."""
    header = struct.unpack_from("<IHHIIHHHHHHIHHI", content)
    shapes = ["<QQHHHH", "<IHH", "<QQIHH", "<HHBBH", "<HHI"]
    arrays, at = [], 40
    for shape, count in zip(shapes, [*header[5:9], header[13]]):
        size = struct.calcsize(shape)
        arrays.append([struct.unpack_from(shape, content, at + index * size) for index in range(count)])
        at += count * size
    assert at == len(content) == header[3]
    assert header[4] == zlib.crc32(content[:12] + bytes(4) + content[16:])
    return header, *arrays


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_same_bytes(path: Path, tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        result = run_linkgen(path, folder)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        contents.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert contents[0] == contents[1]
    clusters = len(json.loads(contents[0]["layout.json"])["clusters"])
    assert sorted(contents[0]) == sorted(
        [
            "grub.cfg",
            "layout.bin",
            "layout.json",
            "qemu.args",
            "tables",
            *(f"cluster-{number}.{suffix}" for number in range(clusters) for suffix in ("ld", "sym")),
        ]
    )


def test_fewer_clusters_leave_no_old_scripts(tmp_path: Path) -> None:
    assert run_linkgen(ROOT / "configs" / "qemu-4x2.toml", tmp_path).returncode == 0
    assert run_linkgen(ROOT / "configs" / "qemu-1x1.toml", tmp_path).returncode == 0
    assert [file.name for file in tmp_path.glob("cluster-*.ld")] == ["cluster-0.ld"]


def test_layout_of_4x2(machines: dict[str, Path]) -> None:
    header, clusters, cores, memories, peers, io_apics = unpack((machines["qemu-4x2"] / "layout.bin").read_bytes())
    assert header[:4] == (0x4C345234, 2, 40, 40 + 4 * 24 + 8 * 8 + 4 * 24 + 12 * 8)
    assert header[5:] == (4, 8, 4, 12, 4, 0, 1, 0, 0, 0)
    assert clusters[2] == (0xFFFFFFFF82000000, 0xFFFF810000000000, 2, 2, 2, 0)
    assert cores == [(core, core // 2, 0) for core in range(8)]
    assert memories == [(0, 256 << 20, node, node, 0) for node in range(4)]
    assert peers[:3] == [(0, 1, 200, 21, 0), (0, 2, 100, 31, 0), (0, 3, 200, 21, 0)]
    assert io_apics == []


def test_owners_of_devices(machines: dict[str, Path]) -> None:
    header, *_, io_apics = unpack((machines["uneven"] / "layout.bin").read_bytes())
    assert (header[10], *header[12:]) == (1, 0, 1, 0)
    assert io_apics == [(0, 2, 0)]


def test_pci_goes_with_the_console(tmp_path: Path) -> None:
    text = (ROOT / "configs" / "split-socket.toml").read_text(encoding="utf-8")
    path = tmp_path / "split-socket.toml"
    path.write_text("console = 1\n" + text, encoding="utf-8")
    assert configuration.load(path).pci == 1


def test_json_agrees_with_layout(machines: dict[str, Path]) -> None:
    for folder in machines.values():
        header, clusters, cores, memories, peers, io_apics = unpack((folder / "layout.bin").read_bytes())
        told = json.loads((folder / "layout.json").read_text())
        assert (told["ring_slots"], told["console"], told["pci"]) == (header[9], header[10], header[12])
        assert [tuple(io_apic.values()) for io_apic in told["io_apics"]] == [io_apic[:2] for io_apic in io_apics]
        bases = [int(cluster["virtual_base"], 16) for cluster in told["clusters"]]
        assert bases == [cluster[0] for cluster in clusters]
        apic_ids = [core["apic_id"] for cluster in told["clusters"] for core in cluster["cores"]]
        assert apic_ids == [core[0] for core in cores]
        assert [
            (part["offset"], part["size"], part["domain"]) for cluster in told["clusters"] for part in cluster["memory"]
        ] == [memory[:3] for memory in memories]
        assert [tuple(peer.values()) for peer in told["peers"]] == [peer[:4] for peer in peers]
        for cluster in told["clusters"]:
            symbols = (folder / f"cluster-{cluster['number']}.sym").read_text().splitlines()
            assert symbols == [f"{int(value, 16):016x} A {name}" for name, value in cluster["linker_constants"].items()]


def test_linker_constants_are_those_of_the_header(machines: dict[str, Path]) -> None:
    names = {row[0] for row in SHARED.rows("R4_LINKER_CONSTANT_LIST")}
    cluster = json.loads((machines["qemu-2x2"] / "layout.json").read_text())["clusters"][1]
    assert set(cluster["linker_constants"]) == names
    assert cluster["linker_constants"]["r4_linker_cluster"] == "0x1"
    assert cluster["linker_constants"]["r4_linker_ring_slots"] == "0x8"
    assert cluster["linker_constants"]["r4_linker_rings_in"] == "0xffffffff81400000"
    assert cluster["rings_in"] == {"0": "0xffffffff81400000"}
    assert cluster["rings_out"] == {"0": "0xffffffff81600000"}


def test_lock_is_skipped_with_one_core_alone(machines: dict[str, Path]) -> None:
    for name, skip in {"qemu-2x1": "0x5", "qemu-2x2": "0x0"}.items():
        for cluster in json.loads((machines[name] / "layout.json").read_text())["clusters"]:
            assert cluster["linker_constants"]["r4_linker_skip_lock"] == skip
            assert cluster["linker_constants"]["r4_linker_skip_trace"] == "0x5"


# --- random configurations ---


def toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def load(table: dict[str, Any], folder: Path) -> configuration.Config:
    path = folder / "random.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in table.items()), encoding="utf-8")
    return configuration.load(path)


@st.composite
def sockets_of_any_shape(draw: st.DrawFn, sockets: int) -> tuple[dict[str, Any], list[int]]:
    """Keys of the machine, and how many cores each socket has, threads counted."""
    threads = draw(st.sampled_from([1, 1, 2]))
    machine: dict[str, Any] = {"sockets": sockets, "threads_per_core": threads}
    sizes = [draw(st.integers(1, 9))] * sockets
    match draw(st.sampled_from(["equal", "unequal", "ids"])):
        case "equal":
            machine["cores_per_socket"] = sizes[0]
            if draw(st.booleans()):
                machine["max_cores"] = (sockets + draw(st.integers(0, 3))) * sizes[0] * threads
        case "unequal":
            sizes = draw(st.lists(st.integers(1, 9), min_size=sockets, max_size=sockets))
            machine["cores_per_socket"] = sizes
        case "ids":
            machine["cores_per_socket"] = sizes[0]
            inner = st.lists(st.integers(0, 31), min_size=sizes[0] * threads, max_size=sizes[0] * threads, unique=True)
            first = [0, *(place for place in draw(inner) if place != 0)][: sizes[0] * threads]
            others = [draw(inner) for _ in range(sockets - 1)]
            machine["apic_ids"] = [socket << 5 | id_ for socket, ids in enumerate([first, *others]) for id_ in ids]
    return machine, [size * threads for size in sizes]


@st.composite
def machines_of_any_shape(draw: st.DrawFn) -> dict[str, Any]:
    """A valid configuration, as the table that TOML gives: one to three clusters for each node share it."""
    sockets = draw(st.integers(1, 6))
    machine, sizes = draw(sockets_of_any_shape(sockets))
    total = sum(sizes)
    node_cores = [list(range(sum(sizes[:node]), sum(sizes[: node + 1]))) for node in range(sockets)]
    if total >= sockets and draw(st.booleans()):  # dealt out to the nodes in turn
        node_cores = machine["node_cores"] = [list(range(node, total, sockets)) for node in range(sockets)]
    if draw(st.booleans()):
        machine |= {"slots": draw(st.integers(1, 256)), "max_memory_mib": 8192}
    if draw(st.booleans()):
        machine["low_memory_mib"] = 2 * draw(st.integers(64, 1024))
    memory = draw(st.lists(st.integers(12, 600).map(lambda half: 2 * half), min_size=sockets, max_size=sockets))
    clusters = []
    for node in range(sockets):
        cores = draw(st.permutations(node_cores[node]))
        count = draw(st.integers(1, min(3, len(cores))))
        size = memory[node] // count // 2 * 2
        for index in range(count):
            cluster: dict[str, Any] = {"nodes": [node], "cores": list(cores[index::count]), "group": 0}
            if "apic_ids" in machine and draw(st.booleans()):
                cluster["apic_ids"] = [machine["apic_ids"][core] for core in cluster.pop("cores")]
            if count > 1:
                cluster["memory"] = [{"node": node, "offset_mib": index * size, "size_mib": size}]
            clusters.append(cluster)
    owner = st.integers(0, len(clusters) - 1)
    ids = draw(st.lists(st.integers(0, 255), max_size=3, unique=True))
    distance = st.integers(11, 254)
    distances = [[10 if row == column else draw(distance) for column in range(sockets)] for row in range(sockets)]
    return {
        "name": "random",
        "ring_slots": 1 << draw(st.integers(0, 6)),
        "peer_priority": draw(st.integers(0, 255)),
        "on_mismatch": draw(st.sampled_from(["stop", "derive"])),
        "pci": draw(owner),
        "io_apic": [{"id": id_, "cluster": draw(owner)} for id_ in ids],
        "machine": machine | {"memory_mib": memory, "distances": distances},
        "cluster": clusters,
    }


def checker(library: Path) -> Callable[[bytes], str]:
    """r4_layout_open as a function of bytes that gives the refusal, empty if there is none."""
    function = ctypes.CDLL(str(library)).r4_layout_open
    function.restype = ctypes.c_bool

    def check(content: bytes) -> str:
        words = (ctypes.c_uint64 * ((len(content) + 7) // 8))()
        ctypes.memmove(words, content, len(content))
        layout, why = (ctypes.c_void_p * 6)(), ctypes.create_string_buffer(224)  # REFUSAL_SIZE
        good = function(words, ctypes.c_size_t(len(content)), layout, why)
        return "" if good else why.value.decode()

    return check


@FEW
@given(table=machines_of_any_shape(), data=st.data())
def test_random_machine(layout_library: Path, tmp_path: Path, table: dict[str, Any], data: st.DataObject) -> None:
    content = linkgen.make_files(load(table, tmp_path))["layout.bin"]
    header, clusters, cores, memories, peers, io_apics = unpack(content)
    shape = table["machine"]
    sizes = shape["cores_per_socket"]
    total = sum(sizes) if isinstance(sizes, list) else shape["sockets"] * sizes
    ids = {core[0] for core in cores}
    assert len(ids) == len(cores) == total * shape["threads_per_core"]
    assert ids == set(shape.get("apic_ids", ids))
    assert processors_of(linkgen.make_files(load(table, tmp_path))["qemu.args"].decode()) == ids
    assert len(peers) == len(clusters) * (len(clusters) - 1)
    assert sum(memory[1] for memory in memories) <= sum(table["machine"]["memory_mib"]) << 20
    assert (header[9], header[12]) == (table["ring_slots"], table["pci"])
    assert [io_apic[:2] for io_apic in io_apics] == [tuple(io_apic.values()) for io_apic in table["io_apic"]]
    assert header[11] == (table["on_mismatch"] == "stop")
    check = checker(layout_library)
    assert check(content) == ""
    at = data.draw(st.integers(0, len(content) - 1))
    flip = data.draw(st.integers(1, 255))
    assert check(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]) != ""


def processors_of(args: str) -> set[int]:
    """APIC ids of the processors that QEMU makes of these arguments: its own rule, Intel SDM volume 3, section 9.9.1."""
    shape = re.search(r"^(\d+),maxcpus=\d+,sockets=(\d+),cores=(\d+),threads=(\d+)$", args, re.M)
    assert shape is not None
    first, sockets, cores, threads = map(int, shape.groups())
    thread_bits, core_bits = (threads - 1).bit_length(), (cores - 1).bit_length()
    places = [
        (socket, core, thread) for socket in range(sockets) for core in range(cores) for thread in range(threads)
    ][:first]
    found = re.findall(r"^r4-core,socket-id=(\d+),core-id=(\d+),thread-id=(\d+)$", args, re.M)
    places += [(int(socket), int(core), int(thread)) for socket, core, thread in found]
    assert len(set(places)) == len(places)
    return {(socket << core_bits | core) << thread_bits | thread for socket, core, thread in places}


def spoil(data: Any, value: Any) -> Any:
    """`value` with one part of it replaced, left out or repeated."""
    junk: st.SearchStrategy[Any] = st.one_of(
        st.integers(-3, 300), st.booleans(), st.text(max_size=3, alphabet="ab"), st.just([]), st.just({})
    )
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        rest = {name: item for name, item in value.items() if name != key}
        return rest if data.draw(st.integers(0, 4)) == 0 else value | {key: spoil(data, value[key])}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(value) - 1))
        return value[:at] + ([] if data.draw(st.integers(0, 4)) == 0 else [spoil(data, value[at])]) + value[at + 1 :]
    return data.draw(junk)


@FEW
@given(table=machines_of_any_shape(), data=st.data())
def test_spoiled_machine(layout_library: Path, tmp_path: Path, table: dict[str, Any], data: st.DataObject) -> None:
    """Refused in one line, or good for the coordinator too."""
    spoiled = spoil(data, table)
    if not isinstance(spoiled, dict):
        return
    try:
        config = load(spoiled, tmp_path)
    except ConfigError as error:
        assert re.fullmatch(r"[^\n:]+: [^\n]+; [^\n]+", str(error))
    else:
        assert checker(layout_library)(linkgen.make_files(config)["layout.bin"]) == ""


def test_apic_ids_have_gaps(tmp_path: Path) -> None:
    """QEMU gives each socket a power of two of ids."""
    table = {
        "name": "random",
        "ring_slots": 1,
        "machine": {"sockets": 2, "cores_per_socket": 3, "memory_mib": [64, 64], "distances": [[10, 20], [20, 10]]},
        "cluster": [{"nodes": [0], "cores": [0, 1, 2]}, {"nodes": [1], "cores": [3, 4, 5]}],
    }
    _, _, cores, *_ = unpack(linkgen.make_files(load(table, tmp_path))["layout.bin"])
    assert [core[0] for core in cores] == [0, 1, 2, 4, 5, 6]


def test_apic_ids_of_x2apic(tmp_path: Path) -> None:
    """Above 255, in the layout as they are."""
    cores = [list(range(33 * socket, 33 * (socket + 1))) for socket in range(5)]
    table = {
        "name": "random",
        "ring_slots": 1,
        "machine": {
            "sockets": 5,
            "cores_per_socket": 33,
            "memory_mib": [64] * 5,
            "x2apic": True,
            "distances": [[10 if row == column else 20 for column in range(5)] for row in range(5)],
        },
        "cluster": [{"nodes": [socket], "cores": cores[socket]} for socket in range(5)],
    }
    _, _, cores, *_ = unpack(linkgen.make_files(load(table, tmp_path))["layout.bin"])
    assert [core[0] for core in cores] == [socket << 6 | core for socket in range(5) for core in range(33)]


def test_byte_order_mark(tmp_path: Path) -> None:
    """As some editors write it."""
    content = (ROOT / "configs" / "qemu-2x2.toml").read_bytes()
    marked = tmp_path / "qemu-2x2.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + content)
    assert configuration.load(marked) == configuration.load(ROOT / "configs" / "qemu-2x2.toml")


def test_one_distance_for_all(tmp_path: Path) -> None:
    text = (ROOT / "configs" / "qemu-2x2.toml").read_text(encoding="utf-8")
    path = tmp_path / "qemu-2x2.toml"
    path.write_text(re.sub(r"distances = \[.*?\n\]\n", "distances = 21\n", text, flags=re.S), encoding="utf-8")
    assert "distances = 21\n" in path.read_text(encoding="utf-8")
    assert configuration.load(path) == configuration.load(ROOT / "configs" / "qemu-2x2.toml")


def test_more_memory_than_address_bits() -> None:
    """QEMU's processors have 40 by themselves."""
    files = linkgen.make_files(configuration.load(ROOT / "tests/boot/machines/huge-memory.toml"))
    args = files["qemu.args"].decode().splitlines()
    assert "max-x86_64-cpu.phys-bits=46" in args
    assert "memory-backend-ram,id=m0,size=786432M,reserve=off" in args
    assert "-global" not in make_named("qemu-2x2")["qemu.args"]


def make_named(name: str) -> dict[str, str]:
    config = configuration.load(ROOT / "configs" / f"{name}.toml")
    return {file: content.decode() for file, content in linkgen.make_files(config).items() if file != "layout.bin"}


def test_machine_that_could_grow() -> None:
    args = make_named("hot-plug")["qemu.args"].splitlines()
    assert args[:6] == [
        "-machine",
        "q35",
        "-smp",
        "4,maxcpus=8,sockets=4,cores=2,threads=1",
        "-m",
        "512M,slots=2,maxmem=1536M",
    ]
    assert "node,nodeid=1,cpus=2,cpus=3,cpus=4,cpus=5,cpus=6,cpus=7,memdev=m1" in args


def test_machine_without_srat() -> None:
    files = make_named("no-srat")
    assert "-numa" not in files["qemu.args"]
    assert "layout.bin" not in files["grub.cfg"]


def test_nodes_without_cores_or_memory() -> None:
    args = make_named("memory-only-node")["qemu.args"].splitlines()
    assert "node,nodeid=2,memdev=m2" in args
    args = make_named("cpu-only-node")["qemu.args"].splitlines()
    assert "node,nodeid=2,cpus=2" in args
    assert make_named("high-node")["qemu.args"].splitlines()[1] == "q35,max-ram-below-4g=256M"


def test_tables_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.asl").write_text('[0004] Signature : "SRAT"\n', encoding="utf-8")
    table = {
        "name": "random",
        "ring_slots": 8,
        "tables": ["mine.asl"],
        "machine": {"sockets": 1, "cores_per_socket": 1, "memory_mib": [64], "distances": [[10]]},
        "cluster": [{"nodes": [0], "cores": [0]}],
    }
    files = linkgen.make_files(load(table, tmp_path))
    assert files["tables"].decode() == f"{tmp_path}/mine.asl\n"
    assert files["grub.cfg"].decode().endswith("insmod acpi\nacpi --exclude=SRAT /boot/mine.aml\n")
    assert "layout.bin layout" in files["grub.cfg"].decode()
