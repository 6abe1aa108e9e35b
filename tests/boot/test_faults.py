# SPDX-License-Identifier: MIT
"""A kernel that goes wild hurts only itself, and its last words name the place."""

import re
import subprocess
import sys
from pathlib import Path

import machine
import qemu

VICTIM = 0x2000000  # physical, in cluster 0's pool
PAGE_PRESENT = 1
PAGE_WRITE = 2


def test_wild_write_takes_down_one_cluster() -> None:
    boot = machine.Boot("qemu-4x2", fault=f"wild-write:1:{VICTIM:#x}", more=machine.VERBOSE)
    panics = boot.matching(r"\[c(\d+)\] kernel: panic: (.*)")
    assert {match[1] for match in panics} == {"1"}, boot.output
    (fault,) = boot.matching(
        r"\[c1\] kernel: panic: exception 14 in the kernel, error ([0-9a-f]+), address ([0-9a-f]+)"
    )
    assert int(fault[1], 16) & (PAGE_PRESENT | PAGE_WRITE) == PAGE_WRITE  # a write, and nothing is mapped there
    assert int(fault[2], 16) == int(machine.layout("qemu-4x2")["clusters"][1]["direct_map"], 16) + VICTIM
    assert any(first <= VICTIM < last for first, last in machine.BootLog(boot.lines).pool[0])
    for number in (0, 2, 3):  # the others complete the demonstration among themselves
        assert boot.matching(rf"\[c{number}\] clean: .* as at the start"), boot.output
    for number in (2, 3):
        assert boot.matching(rf"\[c{number}\] after the revoke: +16 of 16 counters stand still"), boot.output
        assert boot.matching(
            rf"\[c0\] cluster {number}'s 2 MiB are back: own pattern unchanged after 10 ms"
        ), boot.output
    assert "[r4] end: panic (4 clusters, 0 failed, 1 panicked)" in boot.lines, boot.output
    assert boot.status == qemu.EXIT_PANICKED
    (place,) = [line for line in annotated(boot, "qemu-4x2") if " rip " in line]
    assert re.search(
        r"  wild_write at cluster-kernel/diag/fault_injection\.c:\d+, in fault_injection_run at cluster-kernel/diag/fault_injection\.c:\d+",
        place,
    ), place


def test_root_task_that_faults_ends_the_run() -> None:
    """At once, with cluster, thread, function and line. The store stands in the last cluster's way alone."""
    boot = machine.Boot("qemu-2x2", program="fault")
    assert boot.trouble == "the root task of cluster 1 has stopped at a fault", boot.output
    assert boot.seconds < qemu.TIMEOUTS["tcg"] / 2
    assert not boot.matching(r"\[r4\] end: .*"), boot.output
    (place,) = [line for line in annotated(boot, "qemu-2x2") if " stopped: " in line]
    shape = (
        r"\[c1\] kernel: the root task's thread [0-9a-f]+ on core 0 stopped: .*  fault_run at user/root/fault\.c:(\d+)"
    )
    match = re.fullmatch(shape, place)
    source = (machine.ROOT / "user/root/fault.c").read_text(encoding="utf-8").splitlines()
    assert match and source[int(match[1]) - 1].strip() == "*nothing = 0;", place


def annotated(boot: machine.Boot, name: str) -> list[str]:
    """The boot's console lines after tools/backtrace.py."""
    command: list[str | Path] = [sys.executable, machine.ROOT / "tools/backtrace.py", machine.BUILD / name]
    return subprocess.run(command, input=boot.output, capture_output=True, text=True, check=True).stdout.splitlines()


def check_only_one_is_down(boot: machine.Boot, name: str, number: int) -> None:
    clusters = range(len(machine.layout(name)["clusters"]))
    panics = boot.matching(r"\[c(\d+)\] kernel: panic: (.*)")
    assert {match[1] for match in panics} == {str(number)}, boot.output
    for other in clusters:
        assert bool(boot.matching(rf"\[c{other}\] clean: .* as at the start")) == (other != number), boot.output
    assert f"[r4] end: panic ({len(clusters)} clusters, 0 failed, 1 panicked)" in boot.lines, boot.output
    assert boot.status == qemu.EXIT_PANICKED


def test_stack_overflow_is_a_double_fault_with_last_words() -> None:
    boot = machine.Boot("qemu-2x2", fault="stack-overflow:1")
    check_only_one_is_down(boot, "qemu-2x2", 1)
    (fault,) = boot.matching(r"\[c1\] kernel: panic: exception 8 in the kernel, error 0, address ([0-9a-f]+)")
    constants = machine.layout("qemu-2x2")["clusters"][1]["linker_constants"]
    assert int(fault[1], 16) // machine.PAGE * machine.PAGE == int(
        constants["r4_linker_cores"], 16
    )  # core 0's guard page
    lines = annotated(boot, "qemu-2x2")
    returns = [line for line in lines if "return address" in line]
    assert len(returns) == 16  # as many as a record holds
    for line in returns:
        assert re.search(r"  fault_injection_recurse at cluster-kernel/diag/fault_injection\.c:\d+", line), line
    assert any(
        re.search(r" rip .*  fault_injection_recurse at cluster-kernel/diag/fault_injection\.c:\d+", line)
        for line in lines
    ), lines


def test_assert_is_a_panic_with_a_backtrace() -> None:
    boot = machine.Boot("qemu-2x2", fault="assert:0")
    check_only_one_is_down(boot, "qemu-2x2", 0)
    assert boot.matching(r"\[c0\] kernel: panic: contract: .*fault.*"), boot.output
    assert boot.matching(r"\[c0\] kernel: panic: cluster 0 core 0 cause 256 address 0"), boot.output
    returns = [line for line in annotated(boot, "qemu-2x2") if "return address" in line]
    assert any(
        re.search(r"  fault_injection_run at cluster-kernel/diag/fault_injection\.c:\d+", line) for line in returns
    ), returns
    assert any(
        re.search(r"  (?:cluster_start at .*, in )?kernel_start at cluster-kernel/main\.c:\d+", line)
        for line in returns
    ), returns


def test_machine_check_takes_down_one_cluster(tmp_path: Path) -> None:
    """Injected by QEMU into cluster 1's first core, whatever that does just then."""
    socket = tmp_path / "qmp"
    extra = ["-qmp", f"unix:{socket},server=on,wait=off"]
    with qemu.Guest(
        qemu.command_line(machine.BUILD / "qemu-2x2", "tcg", qemu.guest_command("demo"), extra), 60
    ) as guest:
        control = qemu.Qmp(socket, guest.deadline)
        assert guest.wait_for(lambda line: line.startswith("[c1] cluster 1 of 2")), guest.output
        # CPU, bank, status (valid, uncorrected, enabled, context corrupt), MCG_STATUS (in progress), address, miscellaneous
        control.execute("human-monitor-command", **{"command-line": "mce 2 9 0xb200000000000000 0x4 0 0"})
        guest.finish()
    control.close()
    assert "[c1] kernel: panic: exception 18 in the kernel, error 0, address 0" in guest.lines, guest.output
    assert [line for line in guest.lines if line.startswith("[c0] kernel: panic: ")] == []
    # A root task whose hand-off is cut off takes that for a failure of its own: the moment decides.
    end = re.search(r"^\[r4\] end: (\w+) \(2 clusters, ([01]) failed, 1 panicked\)$", guest.output, re.M)
    assert end and end[1] == ("failure" if end[2] == "1" else "panic"), guest.output
