# SPDX-License-Identifier: MIT
"""check_floors.py finds each breach that it is for, in a small kernel of four files, and nothing in a good one."""

import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_floors.py"

GOOD = {
    "machine.h": "void machine_stop(void);\nvoid kernel_start(unsigned core);\n",
    "main.c": '#include "revoke/revoke.h"\nvoid kernel_start(unsigned core) { (void)core; revoke_run(); }\n',
    "syscall.c": '#include "call/cap.h"\nstatic const struct { void (*handler)(void); int more; } table[] = {\n'
    "    [0] = {sys_cap_copy, 0},\n};\n"
    "void syscall_run(unsigned operation) { table[operation].handler(); }\n",
    "call/cap.h": "void sys_cap_copy(void);\n",
    "call/cap.c": '#include "call/cap.h"\n#include "revoke/revoke.h"\nvoid sys_cap_copy(void) { revoke_run(); }\n',
    "revoke/revoke.h": "void revoke_run(void);\n",
    "revoke/revoke.c": '#include "revoke/revoke.h"\n#include "revoke/create.h"\nvoid revoke_run(void) { create_run(); }\n',
    "revoke/create.h": '#include "pure/slot.h"\nvoid create_run(void);\n',
    "revoke/create.c": '#include "machine.h"\n#include "revoke/create.h"\n'
    "void create_run(void) { if (slot_free()) { machine_stop(); } }\n",
    "pure/slot.h": "static inline __attribute__((__always_inline__)) int slot_free(void) { return 1; }\n",
    "x86/stop.c": '#include "machine.h"\nvoid machine_stop(void) { kernel_start(0); }\n',
}


Check = Callable[..., list[str]]


@pytest.fixture(name="check")
def small_kernel(tmp_path: pathlib.Path) -> Check:
    """Writes the good kernel with some files replaced and runs the tool."""

    def check(changes: dict[str, str], user: dict[str, str] | None = None) -> list[str]:
        for name, text in {**GOOD, **changes}.items():
            path = tmp_path / "cluster-kernel" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for name, text in (user or {}).items():
            path = tmp_path / "user" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "shared").mkdir(exist_ok=True)
        done = subprocess.run([sys.executable, TOOL, "--root", tmp_path], capture_output=True, text=True, check=False)
        *breaches, _ = done.stdout.splitlines()
        assert done.stderr == ""
        assert done.returncode == (1 if breaches else 0)
        return breaches

    return check


def test_good_kernel(check: Check) -> None:
    assert check({}) == []


def test_call_up_the_floors(check: Check) -> None:
    text = (
        GOOD["revoke/create.c"]
        .replace("void create_run", "void sys_cap_copy(void);\nvoid create_run")
        .replace("machine_stop();", "sys_cap_copy();")
    )
    breaches = check({"revoke/create.c": text})
    assert (
        "cluster-kernel/revoke/create: create_run calls sys_cap_copy of cluster-kernel/call/cap, which is not below it"
        in breaches
    )


def test_only_system_calls_lose_registers(check: Check) -> None:
    """Neither a file above them nor the machine's part in C calls what entry.S calls."""
    text = GOOD["main.c"].replace("{ (void)core;", "{ (void)core; sys_cap_copy();")
    breach = "cluster-kernel/{}: {} calls {} of cluster-kernel/{}, which does not preserve its registers"
    assert check({"main.c": '#include "call/cap.h"\n' + text}) == [
        breach.format("main", "kernel_start", "sys_cap_copy", "call/cap")
    ]
    changes = {
        "machine.h": GOOD["machine.h"] + "void kernel_syscall(unsigned operation);\n",
        "syscall.c": GOOD["syscall.c"].replace("syscall_run", "kernel_syscall"),
        "x86/stop.c": GOOD["x86/stop.c"].replace("kernel_start(0)", "kernel_syscall(0)"),
    }
    assert check(changes) == [breach.format("x86/stop", "machine_stop", "kernel_syscall", "syscall")]


def test_call_to_the_right_on_a_floor(check: Check) -> None:
    changes = {
        "revoke/create.c": '#include "revoke/revoke.h"\nvoid create_run(void) { revoke_run(); }\n',
        "revoke/revoke.c": '#include "revoke/revoke.h"\nvoid revoke_run(void) {}\n',
    }
    assert check(changes) == [
        "cluster-kernel/revoke/create: create_run calls revoke_run of cluster-kernel/revoke/revoke, which is not below it"
    ]


def test_circle_on_one_floor_without_an_order(check: Check) -> None:
    changes = {
        "call/untyped.c": "void sys_cap_copy(void);\nvoid sys_untyped_retype(void) { sys_cap_copy(); }\n",
        "call/cap.c": '#include "call/cap.h"\nvoid sys_untyped_retype(void);\nvoid sys_cap_copy(void) { sys_untyped_retype(); }\n',
    }
    assert check(changes) == [
        "circle: cluster-kernel/call/cap -> cluster-kernel/call/untyped -> cluster-kernel/call/cap"
    ]


def test_circle_through_an_inlined_function(check: Check) -> None:
    changes = {
        "pure/slot.h": "void create_run(void);\n"
        "static inline __attribute__((__always_inline__)) int slot_free(void) { create_run(); return 1; }\n"
    }
    assert "circle: cluster-kernel/pure/slot -> cluster-kernel/revoke/create -> cluster-kernel/pure/slot" in check(
        changes
    )


def test_circle_through_the_table(check: Check) -> None:
    text = GOOD["call/cap.c"].replace("void sys_cap_copy", "void syscall_run(unsigned operation);\nvoid sys_cap_copy")
    breaches = check({"call/cap.c": text.replace("revoke_run();", "syscall_run(0);")})
    assert "circle: cluster-kernel/call/cap -> cluster-kernel/syscall -> cluster-kernel/call/cap" in breaches


def test_call_through_a_pointer_without_a_table(check: Check) -> None:
    changes = {
        "main.c": "void kernel_start(unsigned core) { void (*start)(void) = (void (*)(void))(unsigned long)core; start(); }\n"
    }
    assert check(changes) == ["cluster-kernel/main: kernel_start calls through a pointer, and no table is named"]


def test_upcall_from_a_generic_file(check: Check) -> None:
    text = GOOD["revoke/create.c"].replace("machine_stop();", "kernel_start(0);")
    breaches = check({"revoke/create.c": text})
    assert (
        "cluster-kernel/revoke/create: create_run calls kernel_start of cluster-kernel/main, which is not below it"
        in breaches
    )


def test_call_that_no_source_defines(check: Check) -> None:
    changes = {"revoke/revoke.c": "void dispatch(void);\nvoid revoke_run(void) { dispatch(); }\n"}
    assert check(changes) == ["cluster-kernel/revoke/revoke: revoke_run calls dispatch, which no source defines"]


def test_shared_calls_the_kernel(check: Check) -> None:
    changes = {"pure/slot.h": "int call_up(void);\nstatic inline int slot_free(void) { return call_up(); }\n"}
    changes["../shared/up.c"] = "void sys_cap_copy(void);\nint call_up(void) { sys_cap_copy(); return 1; }\n"
    assert "shared/up: call_up calls sys_cap_copy of cluster-kernel/call/cap, which is not below it" in check(changes)


def test_file_on_no_floor(check: Check) -> None:
    changes = {"attic/old.c": '#include "revoke/revoke.h"\nvoid old(void) { revoke_run(); }\n'}
    assert check(changes) == ["cluster-kernel/attic/old: is on no floor"]


def test_circle_in_a_user_program(check: Check) -> None:
    user = {"fuzz/a.c": "void b(void);\nvoid a(void) { b(); }\n", "fuzz/b.c": "void a(void);\nvoid b(void) { a(); }\n"}
    assert check({}, user) == ["circle: user/fuzz/a -> user/fuzz/b -> user/fuzz/a"]


def test_source_that_does_not_compile(check: Check) -> None:
    assert "cluster-kernel/main.c" in check({"main.c": "void\n"})[0]
