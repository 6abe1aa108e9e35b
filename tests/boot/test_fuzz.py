# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""PROGRAM=fuzz: no panic, nothing left over at the end, and in between, with the machine stopped, the simulator's audit of its memory.

FUZZ_SEED=n in the environment gives other streams of calls; how the cores' calls interleave is never the same.
"""

import contextlib
import functools
import mmap
import os
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from elftools.elf.elffile import ELFFile

import machine
import qemu
from headers import SHARED

SEED = int(os.environ.get("FUZZ_SEED", "1"))
SECONDS = 300  # as for the suite: cores that wait for each other take long where an emulator has fewer processors
NAMES = [name.removeprefix("R4_OP_") for name in SHARED.enum("r4_operation")]
OPERATIONS = sum(not name.startswith("DEBUG_") for name in NAMES)  # the program gives Debug capabilities to nobody
PEER_OPERATIONS = {NAMES.index("PEER_POST"), NAMES.index("PEER_HANDOFF")}  # succeed only where there is another cluster
ROUND_CALLS = 2500  # more than any round makes
TRIES = 2000  # to stop the machine at a moment when no core of cluster 0 is in its kernel
FIELDS = SHARED.fields
SLOT = SHARED.numbers["R4_SLOT_SIZE"]
AUDIT = machine.BUILD / "host" / "audit_memory"


@functools.cache
def state_address(name: str, number: int) -> int:
    """The virtual address of a kernel's `struct cluster`, which begins with its lock."""
    with open(machine.BUILD / name / f"cluster-{number}.elf", "rb") as file:
        return ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("cluster")[0]["st_value"]


def in_file(argument: str, folder: Path) -> str:
    """An argument for QEMU; a node's memory becomes a file in `folder` that has its name."""
    return re.sub(
        r"^memory-backend-ram,id=(\w+),", rf"memory-backend-file,mem-path={folder}/\1,share=on,id=\1,", argument
    )


class Fuzzed:
    """A machine that runs the fuzzer, from `with` on, with its memory in files."""

    def __init__(self, name: str, calls: int, scratch: Path) -> None:
        control = scratch / "qmp"
        self.name = name
        self.layout = machine.layout(name)
        self.files = [scratch / f"m{node}" for node in range(len(self.layout["memory_mib"]))]
        self.log: machine.BootLog = None  # when first looked at
        command = qemu.guest_command("fuzz", more=f"seed={SEED} count={calls} {machine.VERBOSE}")
        more = ["-qmp", f"unix:{control},server=on,wait=off"]
        arguments = qemu.command_line(machine.BUILD / name, "tcg", command, more)
        self.guest = qemu.Guest([in_file(argument, scratch) for argument in arguments], SECONDS)
        try:
            self.qmp = qemu.Qmp(control, self.guest.deadline)
        except qemu.QemuError:
            self.guest.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            self.qmp.close()
        self.guest.kill()

    def _states(self) -> list[int]:
        """The physical address of each kernel's `struct cluster`."""
        return [
            base + state_address(self.name, number) - virtual
            for number, (base, _, virtual) in sorted(self.log.image.items())
        ]

    @contextlib.contextmanager
    def memory(self, address: int) -> Iterator[tuple[mmap.mmap, int]]:
        """(mapping, offset) of that physical address, for writing, too."""
        node = 0
        while address >= (size := self.layout["memory_mib"][node] * machine.MIB):
            address -= size
            node += 1
        with open(self.files[node], "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            yield memory, address

    def _is_calm(self, number: int) -> bool:
        """No core of that cluster holds its lock or waits for it."""
        with self.memory(self._states()[number]) as (memory, offset):
            return memory[offset : offset + 8] == bytes(8)

    def stop(self, number: int) -> None:
        """Where no core of that cluster is in its kernel; the audit leaves out others where one is."""
        self.log = self.log or machine.BootLog(self.guest.lines)
        for _ in range(TRIES):
            self.qmp.execute("stop")
            if self._is_calm(number):
                return
            self.go_on()
            time.sleep(0.001)
        raise AssertionError("some core was in the kernel whenever the machine was stopped")

    def go_on(self) -> None:
        self.qmp.execute("cont")

    def audit(self) -> tuple[int, str]:
        """(exit status, output); the machine is stopped."""
        direct = [int(cluster["direct_map"], 16) for cluster in self.layout["clusters"]]
        places = [
            f"{state:x}:{self.log.root_table[number]:x}:{direct[number]:x}"
            for number, state in enumerate(self._states())
        ]
        done = subprocess.run(
            [AUDIT, *self.files, "--", *places],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


def troubles(guest: qemu.Guest, number: int, peers: int, calls: int) -> Iterator[str]:
    """What is wrong with what cluster `number` says at its end: an operation that never succeeds is not tested."""
    text = guest.output
    told = re.findall(rf"^\[c{number}\] fuzz: operation (\d+): (\d+) of \d+ succeeded$", text, re.MULTILINE)
    succeeded = {int(operation): int(count) for operation, count in told}
    for operation in range(OPERATIONS):
        if not succeeded.get(operation) and (peers or operation not in PEER_OPERATIONS):
            yield f"[c{number}] operation {operation} has not succeeded"
    made = re.search(rf"^\[c{number}\] fuzz: (\d+) calls in \d+ rounds", text, re.MULTILINE)
    if not made or int(made[1]) < calls:
        yield f"[c{number}] has not made {calls} calls"
    if not re.search(rf"^\[c{number}\] clean: \d+ bytes free and \d+ slots used, as at the start$", text, re.MULTILINE):
        yield f"[c{number}] does not say that it is clean"


def find_follower(memory: mmap.mmap, base: int, end: int) -> int:
    """Address in [base, end) of a capability whose predecessor in the derivation list is there, too."""
    for place in range(base, end, SLOT):
        follower = FIELDS["r4_slot_next"].get(struct.unpack_from("<4Q", memory, place)[3]) * SLOT
        if base < follower < end:
            words = struct.unpack_from("<4Q", memory, follower)
            if (
                FIELDS["r4_slot_prev_high"].get(words[0]) << 24 | FIELDS["r4_slot_prev_low"].get(words[3])
            ) * SLOT == place:
                return follower
    raise AssertionError("no derivation list")


def check_audit_finds_broken_list(fuzzed: Fuzzed) -> None:
    """For a moment a capability does not name the one before it."""
    base, end = fuzzed.log.root_block[0]
    with fuzzed.memory(0) as (memory, _):
        place = find_follower(memory, base, end) + 3 * 8
        (word,) = struct.unpack_from("<Q", memory, place)
        struct.pack_into("<Q", memory, place, word ^ 1 << 40)
        status, text = fuzzed.audit()
        struct.pack_into("<Q", memory, place, word)
    assert status == 1 and "broken: derivation: cluster 0" in text, text


@pytest.mark.parametrize("name, calls", [("qemu-1x4", 20000), ("qemu-2x2", 90000)])
def test_fuzz(name: str, calls: int, tmp_path: Path) -> None:
    clusters = len(machine.layout(name)["clusters"])
    audits = []
    with Fuzzed(name, calls, tmp_path) as fuzzed:
        guest = fuzzed.guest
        for number in range(calls // ROUND_CALLS):
            assert guest.wait_for(f"[c0] fuzz: round {number}".__eq__), guest.output
            fuzzed.stop(number % clusters)  # of each at least once
            status, text = fuzzed.audit()
            assert status == 0, f"audit_memory: status {status}\n{text}\n{guest.output}"
            if number == 0:
                check_audit_finds_broken_list(fuzzed)
            audits += text.splitlines()
            fuzzed.go_on()
        trouble = guest.finish()
    assert trouble is None, guest.output
    print("\n".join(audits))
    assert {int(re.match(r"cluster (\d+): ", line)[1]) for line in audits} == set(range(clusters))
    assert [line for number in range(clusters) for line in troubles(guest, number, clusters - 1, calls)] == []
