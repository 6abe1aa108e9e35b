# SPDX-License-Identifier: MIT
"""Each rule of check_docs.py fires on a copy of the documents with one mistake, and on no other."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import check_docs

ROOT = Path(__file__).resolve().parents[2]

Change = Callable[[str, str, str], list[str]]


@pytest.fixture(name="tree", scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without what is built; its documents are put back after each test."""
    root = tmp_path_factory.mktemp("tree") / "r4"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("build", ".*", "__pycache__"))
    return root


@pytest.fixture(name="names", scope="module")
def names_of_the_tree(tree: Path) -> check_docs.Names:
    return check_docs.Names(tree)


@pytest.fixture(name="change")
def change_one_file(tree: Path, names: check_docs.Names) -> Iterator[Change]:
    """change(file, old, new): the breaches that follow from one replacement."""
    kept: dict[Path, str] = {}

    def change(name: str, old: str, new: str) -> list[str]:
        path = tree / name
        kept.setdefault(path, path.read_text(encoding="utf-8"))
        assert old in path.read_text(encoding="utf-8"), f"{name} does not have {old!r} any more"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        return list(check_docs.check_docs(tree, names))

    yield change
    for path, text in kept.items():
        path.write_text(text, encoding="utf-8")


def test_good_tree(tree: Path) -> None:
    assert not list(check_docs.check_docs(tree))


def test_command_says_so() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "check_docs.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "check_docs: no breaches\n")


ABI = "docs/abi.md"
# pylint: disable=line-too-long # one mistake, one row
MISTAKES = [
    ("README.md", "    make test  ", "    make tset  ", "make has no target tset"),
    ("README.md", "`make sim SEEDS=1000`", "`make sim SEADS=1000`", "make has no variable SEADS"),
    ("README.md", "`make run CONFIG=configs/qemu-4x2.toml`", "`make run CONFIG=configs/qemu-4x3.toml`",
     "there is no configs/qemu-4x3.toml"),
    ("README.md", "PROGRAM=bench", "PROGRAM=branch", "PROGRAM is never branch"),
    ("README.md", "`kernel_syscall`", "`kernel_" "sysenter`", "no source has this name: kernel_" "sysenter"),
    ("README.md", "`pure/resolve.h`", "`pure/resolved.h`", "no such file: pure/resolved.h"),
    ("README.md", "# R4\n", "# R4" + " is" * 33 + "\n", "README.md:1: 103 columns; a line has up to 100"),
    ("docs/testing.md", "`tools/check_docs.py --refresh", "`tools/check_docs.py --renew",
     "tools/check_docs.py has no option --renew"),
    (ABI, "| 6 | `R4_OP_UNTYPED_RETYPE` |", "| 5 | `R4_OP_UNTYPED_RETYPE` |", "operations: missing: 6 | R4_OP_UNTYPED_RETYPE"),
    (ABI, "| `R4_CAP_UNTYPED` | `R4_CONTROL` |", "| `R4_CAP_UNTYPED` | `R4_SEND` |",
     "operations: missing: 6 | R4_OP_UNTYPED_RETYPE | R4_CAP_UNTYPED | R4_CONTROL"),
    ("user/root/words.c", '"seed"', '"sead"', "known words: missing: seed"),
    (ABI, "| any | none | `R4_LINK`, no single-use one |", "| any | none | `R4_LINK` |",
     "operations: missing: 1 | R4_OP_CAP_LINK | any | none | R4_LINK, no single-use one"),
    (ABI, "| `R4_OP_CAP_MOVE` | any | none | not |", "| `R4_OP_CAP_MOVE` | any | none | yes |", "operations: missing: 2 | R4_OP_CAP_MOVE | any | none | not"),
    ("cluster-kernel/syscall.c", "{sys_cap_revoke, EVEN_BUSY, MAY_WAIT, MODIFIES(0)}", "{sys_cap_revoke, EVEN_BUSY, MAY_WAIT, LIKE(0)}",
     "operations: missing: 4 | R4_OP_CAP_REVOKE | any | none | yes"),
    (ABI, "| 10 | `R4_CAP_DEBUG` |", "| 9 | `R4_CAP_DEBUG` |", "types: missing: 10 | R4_CAP_DEBUG"),
    (ABI, "| 8 | `R4_SEND` |", "| 16 | `R4_SEND` |", "rights: missing: 8 | R4_SEND"),
    (ABI, "| 8 | `R4_FLAG_RECEIVED` |", "| 9 | `R4_FLAG_RECEIVED` |", "flags: missing: 8 | R4_FLAG_RECEIVED"),
    (ABI, "| 1 | `R4_PROXY_ONCE` |", "| 2 | `R4_PROXY_ONCE` |", "proxy flags: missing: 1 | R4_PROXY_ONCE"),
    (ABI, "| `r4_slot_ttl` | 0 | 9:6 |", "| `r4_slot_ttl` | 0 | 9:5 |", "fields: missing: r4_slot_ttl | 9:6"),
    (ABI, "| `r4_proxy_serial` | 0 | 47:16 |", "| `r4_proxy_serial` | 0 | 47:10 |", "fields: missing: r4_proxy_serial | 47:16"),
    (ABI, "| 1 | `R4_ERR_EMPTY` | the slot is empty", "| 1 | `R4_ERR_EMPTY` | the slot is full", "errors: missing: 1 | R4_ERR_EMPTY | the slot is empty"),
    (ABI, "| `slot_pd` | own PD |\n", "", "root task: missing: slot_pd"),
    (ABI, "`R4_RETYPE_MAX` (64)", "`R4_RETYPE_MAX` (63)", "R4_RETYPE_MAX: is 0x40, not 63"),
    (ABI, "3 halted cores", "4 halted cores", "counters: missing: 3 | R4_STAT_CORES_IDLE"),
    (ABI, "Refused: `R4_ERR_LOANED`", "Refused: `R4_ERR_BUSY`", "R4_OP_CAP_DELETE: refused with, not R4_ERR_BUSY, also R4_ERR_LOANED"),
    (ABI, "Refused: `R4_ERR_LOANED`", "Not done: `R4_ERR_LOANED`", "R4_OP_CAP_DELETE: does not say what it is refused with"),
    (ABI, "`R4_ERR_ADDRESS` (no cap page there, or its header), ", "", "A destination slot: refused with, also R4_ERR_ADDRESS"),
    (ABI, "`R4_ERR_ASID`, `R4_ERR_ADDRESS`, `R4_ERR_VERSION`", "`R4_ERR_ASID`, `R4_ERR_ADDRESS`",
     "A named capability: refused with, also R4_ERR_VERSION"),
    (ABI, "| `R4_ERR_ASID` | walk", "| `R4_ERR_NOT_CONNECTED` | walk", "every call: refused with, not R4_ERR_NOT_CONNECTED, also R4_ERR_ASID"),
    (ABI, "| `R4_ERR_CHANGED` | through", "| `R4_ERR_ONCE` | through", "every call: refused with, also R4_ERR_CHANGED"),
    ("docs/boot.md", "| 0x300000 | `R4_AREA_HEADER` |", "| 0x301000 | `R4_AREA_HEADER` |", "areas: missing: 0x300000 | R4_AREA_HEADER"),
    ("docs/boot.md", "| `r4_linker_ring_slots` |", "| `r4_linker_rings_in` |", "linker constants: missing: r4_linker_ring_slots"),
    ("docs/boot.md", "| `refused: …` |", "| `refuse: …` |", "printed lines: missing: refused: …"),
    ("docs/boot.md", "| `slice_us` | kernel |", "| `slice_ms` | kernel |", "words: missing: slice_us | kernel"),
    ("docs/boot.md", "| `serial` | coordinator |", "| `serial` | kernel |", "words: missing: serial | coordinator"),
    ("docs/boot.md", "`bench`, `preempt`, ", "`bench`, ", "programs: missing: preempt"),
    ("cluster-kernel/sched/sched.c", '"slice_us", option', '"slice", option', "words: missing: slice | kernel"),
    ("boot-coordinator/memory.c", "cluster %u: left over", "cluster %u: lost", "printed lines: missing: cluster N: lost"),
    ("cluster-kernel/call/frame.c", "return R4_ERR_ALIGNMENT;", "return R4_ERR_DEPTH;",
     "R4_OP_FRAME_MAP: refused with, not R4_ERR_ALIGNMENT, also R4_ERR_DEPTH"),
    ("cluster-kernel/pure/walk.h", "return walk_nowhere(R4_ERR_FOREIGN_CLUSTER);", "return walk_nowhere(R4_ERR_EMPTY);",
     "A named capability: refused with, not R4_ERR_FOREIGN_CLUSTER"),
    ("cluster-kernel/call/asid_pool.c", "return outcome_now(R4_ERR_CHANGED);", "return outcome_now(R4_OK);",
     "R4_OP_ASID_POOL_ASSIGN: sys_asid_pool_assign() does not use up a single-use proxy"),
    ("cluster-kernel/syscall.c", "{sys_cap_inspect, ANY, AT_ONCE, LIKE(0)}", "{sys_cap_inspect, ANY, AT_ONCE, DIRECT(0)}",
     "R4_OP_CAP_INSPECT: sys_cap_inspect() uses up a single-use proxy"),
]  # fmt: skip


@pytest.mark.parametrize("name, old, new, expected", MISTAKES, ids=range(len(MISTAKES)))
def test_mistake_is_found(change: Change, name: str, old: str, new: str, expected: str) -> None:
    breaches = change(name, old, new)
    assert any(expected in breach for breach in breaches), breaches


def test_empty_output_is_found(change: Change, tree: Path) -> None:
    _, lines = check_docs.outputs((tree / "README.md").read_text(encoding="utf-8"))[0]
    breaches = change("README.md", "\n".join(lines), "(to be filled in)")
    assert breaches == ["README.md: the output of make run is empty: tools/check_docs.py --refresh"]


def test_shape_leaves_numbers_and_blanks_out() -> None:
    one = ["[c0] free  12 bytes", "[c1] a 1", "[c0] end"]
    other = ["[c1] a 22", "[c0] free 7 bytes", "[c0] end"]
    assert check_docs.shape(one) == check_docs.shape(other)
    assert check_docs.shape(one) != check_docs.shape(["[c0] end", "[c0] free 12 bytes", "[c1] a 1"])


def test_coordinator_is_left_out() -> None:
    output = "qemu.py: tcg\n[boot] memory: 511 MiB\n[c0] one  \n[r4] end: success\nmake: done\n"
    fault = "[c1] kernel: thread 8000000 on core 0 stopped: exception 14, error 6, address 10010000\n"
    assert check_docs.cluster_lines(fault + output) == ["[c0] one", "[r4] end: success"]


def test_refresh_fills_the_block(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(
        "a\n<!-- output of: printf '[c0] %s\\n' -->\n```\nold\n```\nb\n", encoding="utf-8"
    )
    check_docs.refresh(tmp_path, "new")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text == "a\n<!-- output of: printf '[c0] %s\\n' -->\n```\n[c0] new\n```\nb\n"
    with pytest.raises(SystemExit):
        (tmp_path / "README.md").write_text(text.replace("[c0] %s", "[boot] %s"), encoding="utf-8")
        check_docs.refresh(tmp_path, "new")
