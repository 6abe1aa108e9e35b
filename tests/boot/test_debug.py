# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""What `make debug` offers, in batch sessions of gdb: breakpoints in every copy, and the commands of tools/gdb/r4.py."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import machine
import qemu

NAME = "qemu-2x2"
SESSION_SECONDS = 90
TITLE = "@@ "
PAGE_2M = 1 << 21


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def session(folder: Path, commands: list[tuple[str, str]], name: str = NAME, fault: str = "") -> dict[str, str]:
    """Runs gdb's `commands`, [(title, command), …], on a machine stopped at its start: title -> what the command printed."""
    port = free_port()
    extra = ["-gdb", f"tcp:127.0.0.1:{port}", "-S"]
    subprocess.run(
        [sys.executable, machine.ROOT / "tools/gdb/script.py", machine.BUILD / name, "--port", str(port)], check=True
    )
    script = folder / "commands.gdb"
    script.write_text("".join(f"echo \\n{TITLE}{title}\\n\n{command}\n" for title, command in commands) + "kill\n")
    arguments = qemu.command_line(machine.BUILD / name, "tcg", qemu.guest_command("demo", fault), extra)
    with qemu.Guest(arguments, SESSION_SECONDS):  # gdb tries again until it listens
        command = ["gdb", "-nx", "-batch", "-x", str(machine.BUILD / name / "debug.gdb"), "-x", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SESSION_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = done.stdout.split(f"\n{TITLE}")[1:]
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


def test_end_by_gdb() -> None:
    """Who has seen enough kills the machine from gdb: `make debug` ends, says so, and has not failed."""
    port = free_port()
    line = ["make", "--no-print-directory", "debug", f"CONFIG=configs/{NAME}.toml", "ACCEL=tcg", f"GDB_PORT={port}"]
    with subprocess.Popen(line, cwd=machine.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as debug:
        script = machine.BUILD / NAME / "debug.gdb"
        while script.name not in debug.stdout.readline():  # it names the script once it is written
            assert debug.poll() is None
        command = ["gdb", "-nx", "-batch", "-x", str(script), "-ex", "stepi", "-ex", "kill"]
        subprocess.run(command, capture_output=True, timeout=SESSION_SECONDS, check=True)
        said, _ = debug.communicate(timeout=SESSION_SECONDS)
    assert debug.returncode == 0
    assert said.splitlines()[-1] == "qemu.py: ended by gdb"


# A proxy page in the first window of cluster 0, which the demonstration does not have: free memory becomes window page 300.
MUTANT_PROXY = """python
def below(cluster, table, index):
    return cluster.words(table, 512)[index] & kernel.NUMBERS["PAGING_ADDRESS"]

with kernel.selected(0) as cluster:
    pd = next(cluster.spaces())[1]
    table = below(cluster, below(cluster, below(cluster, int(pd["root"]), 1), 0), 0)
    free = [slot for _, slot in cluster.capabilities(pd) if slot.type == "UNTYPED" and slot.words[1] == 0][-1].object
    proxy = [15 | 3 << 6 | 1 << 10 | 77 << 16 | 136 << 48, 9 | 2 << 32 | 4 << 48, 21, 5 | 6 << 16 | 8 << 32]
    proxies = [0] * 4 + proxy + [99] + proxy[1:]  # in slots 1 and 2; the second one is of no kind that there is
    for address, words in ((free, [0] * 512), (free + 32, proxies[4:]), (table + 300 * 8, [free | 1 | 2 << 9])):
        data = b"".join(word.to_bytes(8, "little") for word in words)
        gdb.selected_inferior().write_memory(cluster.direct_map + address, data)
end"""


@pytest.fixture(name="said", scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The demonstration, stopped at four places: each copy's start, a sweep for a peer, and an exit."""
    return session(
        tmp_path_factory.mktemp("gdb"),
        [
            ("breakpoint", "break root_start"),
            ("first", "continue"),
            ("second", "continue"),
            ("no break", "delete"),
            ("at sweep", "break borrow_swept"),
            ("sweep", "continue"),
            ("sweep backtrace", "backtrace"),
            ("window 0", "r4-window 0"),
            ("window 0 of asid 7", "r4-window 0 7"),
            ("derivation 0", "r4-derivation 0"),
            ("derivation 1", "r4-derivation"),
            ("rings 0", "r4-rings 0"),
            ("rings 1", "r4-rings 1"),
            ("loans 0", "r4-loans 0"),
            ("loans 1", "r4-loans 1"),
            ("operations 0", "r4-operations 0"),
            ("operations 1", "r4-operations 1"),
            ("last words", "r4-last-words 1"),
            ("no break 2", "delete"),
            ("at exit", "break sys_debug_exit"),
            ("exit", "continue"),
            ("queues", "r4-queues"),
            ("queues 0", "r4-queues 0"),
            ("mutant", MUTANT_PROXY),
            ("window with a proxy", "r4-window 0 1"),
        ],
    )


def test_breakpoint_in_both_copies(said: dict[str, str]) -> None:
    assert re.search(r"Breakpoint 1 at .*: root_start\. \(2 locations\)", said["breakpoint"])
    hits = {re.search(r"hit Breakpoint 1\.(\d), root_start", said[title])[1] for title in ("first", "second")}
    assert hits == {"1", "2"}


def test_backtrace_reaches_the_entry(said: dict[str, str]) -> None:
    frames = re.findall(r"^#\d+ .*?(\w+) \(.*?\) at (\S+):\d+$", said["sweep backtrace"], re.M)
    assert frames[0][0] == "borrow_swept"  # its first line may be one of a function in line, in another file
    assert "operation_run" in {name for name, _ in frames}
    assert any(file == "cluster-kernel/x86/entry.S" for _, file in frames)
    assert re.search(r"0xffffffff81[0-9a-f]{6}", said["sweep backtrace"])  # the second copy, at its own addresses


def test_window(said: dict[str, str]) -> None:
    lines = said["window 0"].splitlines()
    assert lines[0] == "cluster 0:"
    assert re.fullmatch(r"  asid 1, root table 0x[0-9a-f]+, loaded on cores 0x[0-3]", lines[1])
    slots = {int(match[1]): match[2] for line in lines if (match := re.fullmatch(r"    slot (\d+): (.*)", line))}
    assert slots[1].startswith("PD 2^14 at ")
    assert "flags original, mapped at 0x8000000000 in asid 1" in next(
        text for text in slots.values() if text.startswith("CAP_PAGE")
    )
    assert [text for text in slots.values() if text.startswith("PEER") and text.endswith("badge 0x1")]
    (lent,) = [text for text in slots.values() if text.startswith("REMOTE_REF 2^21")]
    assert "root" in lent and lent.endswith("loan 0 to cluster 1")
    assert said["window 0 of asid 7"].splitlines() == ["cluster 0:"]


def test_proxies_in_the_window(said: dict[str, str]) -> None:
    (proxy,) = [line for line in said["window with a proxy"].splitlines() if "PROXY" in line]
    assert proxy == (
        "    slot 38401: PROXY for asid 5 generation 6 of slot 9 of asid 2 generation 4 of cluster 0, version 8"
        " rights send|defer ttl 3 serial 77 flags all, badge 0x15"
    )
    assert len(said["window with a proxy"].splitlines()) > 10  # the capabilities are there, too


def test_derivation(said: dict[str, str]) -> None:
    lent = re.search(r"\n    (.*REMOTE_REF.*depth 1 .*)", said["derivation 0"])
    assert lent, said["derivation 0"]
    above = said["derivation 0"][: lent.start()].splitlines()[-1]
    assert re.match(r"  asid 1 slot \d+: UNTYPED .* depth 0 ", above)  # its parent: what was split
    received = [line for line in said["derivation 1"].splitlines() if "received" in line]
    assert len(received) == 1 and "UNTYPED 2^21" in received[0]


def test_rings(said: dict[str, str]) -> None:
    for number in (0, 1):
        lines = said[f"rings {number}"].splitlines()
        assert lines[0] == f"cluster {number}:"
        assert lines[1] == f"  peer {1 - number}: PEER_UP, its epoch 1, serves it at priority 200"
        assert re.fullmatch(r"    out: sent \d+, taken \d+, peer looking [01], want_slot 0", lines[2])
    sent = int(re.search(r"out: sent (\d+)", said["rings 0"])[1])
    taken = int(re.search(r"in: taken (\d+)", said["rings 1"])[1])
    pending = len(re.findall(r"^      position \d+: ", said["rings 1"], re.M))
    assert sent == taken + pending and sent >= 3  # HELLO, OFFER, REVOKE at least


def test_loans(said: dict[str, str]) -> None:
    lent = re.search(
        r"lent to 1, record 0: LOAN_OUT_REVOKING generation 1, (0x[0-9a-f]+) 2\^21, slot at 0x", said["loans 0"]
    )
    received = re.search(
        r"received from 0, record 0: LOAN_IN_SWEEPING generation 1, (0x[0-9a-f]+) 2\^21, slot at 0x", said["loans 1"]
    )
    assert lent[1] == received[1]
    assert int(lent[1], 16) % PAGE_2M == 0


def test_operations(said: dict[str, str]) -> None:
    assert re.search(r"OPERATION_REVOKE REMOVING priority \d+, root at 0x[0-9a-f]+, .*, waiting", said["operations 0"])
    assert re.search(r"OPERATION_SWEEP TELLING priority 200, .*orphan", said["operations 1"])


def test_queues(said: dict[str, str]) -> None:
    own = re.search(r"cluster (\d):", said["queues"])[1]
    runs = re.findall(r"^  core (\d) \(apic (\d)\)(?:, idle)?: runs (.*)$", said["queues"], re.M)
    assert [core for core, _, _ in runs] == ["0", "1"]
    assert [apic for _, apic, _ in runs] == (["0", "1"] if own == "0" else ["2", "3"])
    thread = re.search(r"thread (0x[0-9a-f]+) THREAD_READY asid 1 ip 0x4[0-9a-f]{5} OPERATION_NONE", runs[0][2])
    assert thread, said["queues"]
    assert re.search(rf"^    priority \d+: thread {thread[1]} THREAD_READY", said["queues"], re.M)
    assert said["queues 0"].startswith("cluster 0:")


def test_last_words(said: dict[str, str], tmp_path: Path) -> None:
    assert said["last words"].splitlines() == ["cluster 1:", "  no panic"]
    dead = session(
        tmp_path,
        [("at stop", "break machine_stop"), ("stop", "continue"), ("words", "r4-last-words")],
        fault="assert:1",
    )
    lines = dead["words"].splitlines()
    assert lines[0] == "cluster 1:"
    assert lines[1].startswith("  contract: ")
    assert lines[2] == "  core 0 cause 256 address 0x0"
    assert any(
        re.fullmatch(
            r"  0xffffffff81[0-9a-f]{6} fault_injection_run at cluster-kernel/diag/fault_injection\.c:\d+", line
        )
        for line in lines
    ), lines
