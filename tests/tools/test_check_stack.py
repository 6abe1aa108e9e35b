# SPDX-License-Identifier: MIT
"""check_stack.py on small call graphs: the bound is the deepest chain's, and what cannot be bounded is refused."""

import pathlib
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "check_stack.py"
# Of a kernel without a single call: 16 bytes for each way in, and die for panic.
FRAMES = {"machine_start": 16, "kernel_start": 16, "kernel_syscall": 16, "machine_trap": 16, "machine_trap_inside": 16}
COORDINATOR = {"coordinator_main": 80, "core_find": 16}
FAULT = 7 * 8 + 18 * 8 + 32  # what entry.S pushes at a fault in the kernel
TABLE = "static const struct operation_entry table[] = {\n    [R4_OP_CAP_COPY] = {sys_cap_copy, ANY, AT_ONCE, DIRECT(0)},\n};\n"

Calls = Sequence[tuple[str, ...]]
Run = Callable[..., tuple[int, str]]


def graph(frames: dict[str, int], calls: Calls, kind: str = "static") -> str:
    """As gcc writes it; a call is (caller, callee) or (caller, callee, file of the call)."""
    lines = [
        f'node: {{ title: "{name}" label: "{name}\\na.c:1:1\\n{size} bytes ({kind})" }}'
        for name, size in frames.items()
    ]
    for caller, callee, *file in calls:
        lines.append(
            f'edge: {{ sourcename: "{caller}" targetname: "{callee}" label: "{file[0] if file else "a.c"}:2:2" }}'
        )
    return "\n".join(lines)


@pytest.fixture(name="run")
def small_kernel(tmp_path: pathlib.Path) -> Run:
    for folder in ("cluster-kernel/x86", "boot-coordinator/x86", "kernel", "coordinator"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cluster-kernel" / "syscall.c").write_text(TABLE)
    (tmp_path / "cluster-kernel" / "x86" / "machine_inline.h").write_text("#define MACHINE_EMERGENCY_SIZE 8192U\n")
    (tmp_path / "boot-coordinator" / "x86" / "entry.S").write_text(
        "#define STACK_SIZE      0x10000\n#define CORE_STACK_SIZE 0x1000\n"
    )

    def run(
        frames: dict[str, int],
        calls: Calls,
        kind: str = "static",
        coordinator: dict[str, int] | None = None,
        coordinator_calls: Calls = (),
    ) -> tuple[int, str]:
        (tmp_path / "kernel" / "a.ci").write_text(graph({**FRAMES, **frames}, calls, kind))
        (tmp_path / "coordinator" / "a.ci").write_text(graph({**COORDINATOR, **(coordinator or {})}, coordinator_calls))
        done = subprocess.run(
            [sys.executable, TOOL, tmp_path, "--root", tmp_path], capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run


def test_deepest_chain(run: Run) -> None:
    status, output = run(
        {"a": 100, "b": 200, "c": 50}, [("kernel_syscall", "a"), ("kernel_syscall", "b"), ("a", "c"), ("b", "c")]
    )
    assert status == 0
    used = 16 + 200 + 50 + FAULT + 16  # and a fault at the deepest place
    assert f"check_stack: kernel_syscall: {used} of 28672 bytes: kernel_syscall 16, b 200, c 50\n" in output
    assert output.endswith(
        f"at most {used} of 28672 bytes, {FAULT + 16} of 8192 on the emergency stack; 1/2 must stay free\n"
    )


def test_calls_through_the_table_reach_its_handlers(run: Run) -> None:
    calls = [
        ("kernel_syscall", "syscall.c:wait_and_invoke"),
        ("syscall.c:wait_and_invoke", "__indirect_call", "cluster-kernel/syscall.c"),
    ]
    status, output = run({"syscall.c:wait_and_invoke": 32, "sys_cap_copy": 64}, calls)
    assert status == 0
    assert "kernel_syscall 16, wait_and_invoke 32, sys_cap_copy 64\n" in output


def test_coordinator(run: Run) -> None:
    """Two stacks; a pointer reaches a static function of another file."""
    frames = {"acpi_find": 100, "boot-coordinator/tables.c:table_at": 24}
    calls = [("coordinator_main", "acpi_find"), ("acpi_find", "__indirect_call", "boot-coordinator/core/acpi.c")]
    status, output = run({}, [], coordinator=frames, coordinator_calls=calls)
    assert status == 0
    assert (
        "check_stack: coordinator_main: 204 of 65536 bytes: coordinator_main 80, acpi_find 100, table_at 24\n" in output
    )
    assert "check_stack: core_find: 16 of 4096 bytes: core_find 16\n" in output


@pytest.mark.parametrize(
    "frames, calls, text",
    [
        ({"a": 43680}, [("coordinator_main", "a")], "coordinator_main: 43760 of 65536 bytes: 1/3 must stay free"),
        ({"a": 2800}, [("core_find", "a")], "core_find: 2816 of 4096 bytes: 1/3 must stay free"),
        ({"a": 8}, [("core_find", "a"), ("a", "a")], "recursion: a -> a"),
        ({"a": 8}, [("core_find", "a"), ("a", "__indirect_call", "cluster-kernel/syscall.c")],
         "a: an indirect call, and nothing says where to"),
        ({"a": 8}, [("core_find", "a"), ("a", "__indirect_call", "boot-coordinator/core/acpi.c")],
         "table_at: called by a, and no object defines it"),
    ],
)  # fmt: skip
def test_coordinator_refusals(run: Run, frames: dict[str, int], calls: Calls, text: str) -> None:
    status, output = run({}, [], coordinator=frames, coordinator_calls=calls)
    assert status == 1
    assert text in output.splitlines()[-1]


@pytest.mark.parametrize(
    "frames, calls, kind, text",
    [
        ({"a": 8}, [("kernel_start", "a"), ("a", "a")], "static", "recursion: a -> a"),
        ({"a": 8, "b": 8}, [("kernel_start", "a"), ("a", "b"), ("b", "a")], "static", "recursion: a -> b -> a"),
        ({"a": 8}, [("kernel_start", "a"), ("a", "__indirect_call")], "static", "a: an indirect call, and nothing says where to"),
        ({}, [("kernel_start", "b")], "static", "b: called by kernel_start, and no object defines it"),
        ({"a": 8}, [], "dynamic", "the compiler does not bound its frame (dynamic)"),
        ({"a": 3000}, [], "static", "a: a frame of 3000 bytes could step over the guard page"),
        ({f"f{i}": 2000 for i in range(8)}, [("kernel_start", "f0"), *((f"f{i}", f"f{i + 1}") for i in range(7))], "static",
         f"kernel_start: {16 + 16000 + FAULT + 16} of 28672 bytes: 1/2 must stay free"),
        ({f"f{i}": 2000 for i in range(2)}, [("machine_trap_inside", "f0"), ("f0", "f1")], "static",
         f"machine_trap_inside: {16 + 4000 + FAULT} of 8192 bytes: 1/2 must stay free"),
    ],
)  # fmt: skip
def test_refusals(run: Run, frames: dict[str, int], calls: Calls, kind: str, text: str) -> None:
    status, output = run(frames, calls, kind)
    assert status == 1
    assert text in output.splitlines()[-1]


def test_no_call_graph_is_refused(tmp_path: pathlib.Path) -> None:
    done = subprocess.run([sys.executable, TOOL, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (
        1,
        f"check_stack: {tmp_path}/coordinator: no call graphs; build with gcc first\n",
    )
