#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Starts R4 in QEMU: the one place that knows the command line, the end marker and the exit codes.

A boot succeeded if the guest wrote the success code to the debug-exit port AND printed the end marker. A triple fault also ends QEMU,
with status 0, so neither alone proves anything. A guest may take as long as it prints something now and then; one that is silent for too
long is ended, and so is one whose root task has stopped at a fault, since nobody would end it. Used as a command by `make run` and as a
module by tests/boot.
"""

import argparse
import ctypes
import json
import os
import pathlib
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Self, TextIO

import accelerator
import backtrace
import patience
import tool

EXIT_PORT = accelerator.EXIT_PORT
# QEMU's exit status for the codes of cluster-kernel/diag/shutdown.h.
EXIT_SUCCESS = (0x2A << 1) | 1
EXIT_PANICKED = (0x2B << 1) | 1
EXIT_FAILED = (0x2C << 1) | 1
EXITS = {EXIT_PANICKED: "a cluster panicked, all others did well", EXIT_FAILED: "a cluster failed"}
END_MARKER = "[r4] end: success"  # how the last line begins; it goes on with the counts
COMMAND_KEY = "opt/r4/command"

ROOT = pathlib.Path(__file__).resolve().parents[1]
FIRMWARE: dict[str, list[str]] = {"bios": [], "uefi": ["-bios", "/usr/share/ovmf/OVMF.fd"]}  # QEMU brings its own BIOS
ENDED_BY_GDB = "ended by gdb"
GDB_MARKER = "Terminated via GDBstub"  # what QEMU says then
TERMINATED = "qemu-system-x86_64: terminating on signal "  # what it says then
GUEST_LINES = ("[boot]", "[c", "[r4]")  # how lines of the guest begin
FAULTS = r"wild-write:\d+:(?:0x[0-9a-fA-F]+|\d+)|(?:stack-overflow|assert):\d+"  # as the kernel has them
ENDS_A_CLUSTER = ("stack-overflow:", "assert:")
TIMEOUTS = {"tcg": 60, "icount": 600, "kvm": 60}  # seconds of silence, see patience.py
LIBRARY = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # linux/prctl.h
ROOT_FAULT = re.compile(r"\[c(\d+)\] kernel: the root task's thread \w+ .* stopped: ")


def is_end(line: str) -> bool:
    return line.startswith(END_MARKER)


class QemuError(Exception):
    """QEMU could not be started or controlled; the text says why."""


def programs(root: pathlib.Path = ROOT) -> list[str]:
    """What the root task can run."""
    return re.findall(r'\{"(\w+)", \w+_run\}', (root / "user/root/main.c").read_text(encoding="utf-8"))


def one_of(name: str, value: str, known: list[str]) -> str:
    """`value` if it is known; else the error that the Makefile gives, too."""
    if value not in known:
        raise QemuError(f"there is no {name}={value}: one of {' '.join(known)}")
    return value


def machine_arguments(build: str | pathlib.Path) -> list[str]:
    """What linkgen.py wrote for this machine: memory, sockets, cores, NUMA domains, distances."""
    path = pathlib.Path(build) / "qemu.args"
    try:
        return shlex.split(path.read_text(encoding="utf-8"), comments=True)
    except OSError as error:
        raise QemuError(f"{path}: {error.strerror}; run `make iso` first") from error


def needs_x2apic(build: str | pathlib.Path) -> bool:
    """What the machine's configuration says."""
    path = pathlib.Path(build) / "layout.json"
    return path.exists() and json.loads(path.read_text(encoding="utf-8")).get("x2apic", False)


def firmware_arguments(firmware: str) -> list[str]:
    """Nothing for QEMU's BIOS."""
    arguments = FIRMWARE[firmware]
    if arguments and not pathlib.Path(arguments[-1]).exists():
        raise QemuError(f"{arguments[-1]} is not there; install the Debian package ovmf")
    return arguments


def command_line(
    build: str | pathlib.Path,
    accel: str,
    command: str,
    extra: Iterable[str] = (),
    firmware: str = "bios",
    emulator: str = accelerator.EMULATOR,
) -> list[str]:
    """QEMU's arguments for the machine in `build`; `command` is the text that the root tasks see, who cannot tell by themselves what a
    tick is."""
    command += " unit=insn" if accel == "icount" else ""
    if needs_x2apic(build) and (trouble := accelerator.x2apic_trouble(accel, emulator)):
        raise QemuError(trouble)
    return [
        emulator,
        "-nodefaults",
        *(word.replace(accelerator.CORE_DEVICE, accelerator.CORE_TYPES[accel]) for word in machine_arguments(build)),
        *accelerator.ARGUMENTS[accel],
        *firmware_arguments(firmware),
        "-display", "none",
        "-serial", "stdio",
        "-no-reboot",
        "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4",
        "-fw_cfg", f"name={COMMAND_KEY},string={command.replace(',', ',,')}",
        "-cdrom", str(pathlib.Path(build) / "r4.iso"),
        "-boot", "d",
        *extra,
    ]  # fmt: skip


class Qmp:
    """QEMU's control socket: as much of the protocol as dumping memory takes."""

    def __init__(self, path: pathlib.Path, deadline: float) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError) as error:
                if time.monotonic() > deadline:
                    raise QemuError(f"no answer on {path}") from error
                time.sleep(0.02)
        self.socket.settimeout(max(1.0, deadline - time.monotonic()))
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.stream.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, name: str, **arguments: Any) -> Any:
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline() or '{"error": {"desc": "connection closed"}}')
            if "error" in answer:
                raise QemuError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def _end_with_parent() -> None:
    """Run in the new process: when the old one ends in whatever way, be it SIGKILL, so does this one."""
    LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Guest:
    """A running QEMU. Lines of its serial port are collected in `lines`; `echo` gets the bytes as they come."""

    def __init__(self, arguments: list[str], timeout: float, echo: TextIO | None = None) -> None:
        """It is given up after `timeout` seconds without output, or at once if a root task stops; with 0 never, for gdb."""
        self.echo = echo
        self.lines: list[str] = []
        self.timed_out = False
        self.root_fault: re.Match[str] | None = None  # the line that says that a root task has stopped
        self.status: int | None = None  # QEMU's exit status
        self._partial = b""
        try:
            # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn # kill() ends it; no threads here
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with_parent,
            )
        except OSError as error:
            raise QemuError(f"{arguments[0]}: {error.strerror}") from error
        self._patience = patience.Patience(self.process.pid, timeout)
        self._selector = selectors.DefaultSelector()
        assert self.process.stdout is not None
        self._stdout = self.process.stdout
        self._selector.register(self._stdout, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def deadline(self) -> float:
        """For what has to answer soon."""
        return time.monotonic() + (self._patience.seconds or TIMEOUTS["tcg"])

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._selector.close()
        self._stdout.close()

    def _take(self, data: bytes) -> None:
        if self.echo:
            self.echo.write(data.decode("utf-8", "replace"))
            self.echo.flush()
        *complete, self._partial = (self._partial + data).split(b"\n")
        for line in complete:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\r"))
            self.root_fault = self.root_fault or ROOT_FAULT.match(self.lines[-1])

    def _worth_waiting(self) -> bool:
        return not self.timed_out and (self.root_fault is None or not self._patience.seconds)

    def _read(self) -> bool:
        """Waits for output; false at its end, after too long a silence, or if nothing more is worth waiting for."""
        self._patience.renew()
        wait = patience.LOOK
        while self._worth_waiting() and not self._selector.select(wait):
            wait = self._patience.look()
            self.timed_out = wait == 0.0
        if not self._worth_waiting():
            return False
        data = os.read(self._stdout.fileno(), 65536)
        self._take(data or (b"\n" if self._partial else b""))
        return bool(data)

    def wait_for(self, matches: Callable[[str], bool]) -> str | None:
        """Reads until a line satisfies `matches`, and returns it; None if the guest ended or ran out of time before."""
        seen = 0
        while True:
            while seen < len(self.lines):
                seen += 1
                if matches(self.lines[seen - 1]):
                    return self.lines[seen - 1]
            if not self._read():
                return None

    def finish(self) -> str | None:
        """Reads to the end; returns None for success, else one line that says what was wrong."""
        while self._read():
            pass
        if self.timed_out:
            self.kill()
            seconds = f"{self._patience.seconds:g}"
            return f"no output for {seconds} s (TIMEOUT={seconds} for make, --timeout), see docs/debugging.md"
        if self.root_fault is not None and not self._worth_waiting():
            self.kill()
            return f"the root task of cluster {self.root_fault[1]} has stopped at a fault"
        self.status = status = self.process.wait()
        panics = [line for line in self.lines if "panic:" in line]
        if status == EXIT_SUCCESS and any(is_end(line) for line in self.lines):
            return None
        if status == EXIT_SUCCESS:
            return "the guest reported success without the end marker"
        if status == 0 and any(GDB_MARKER in line for line in self.lines):
            return ENDED_BY_GDB
        if status == 0 and any(TERMINATED in line for line in self.lines):
            return "QEMU was ended by a signal"
        if status == 0:
            return "QEMU ended by itself: a triple fault or a reset"
        if status < 0:
            return f"QEMU was killed by signal {-status}"
        if status not in EXITS and not any(line.startswith(GUEST_LINES) for line in self.lines):
            return f"QEMU failed with exit status {status}"
        reason = f"the guest failed with exit status {status}"
        reason += f" ({EXITS[status]})" if status in EXITS else ""
        return f"{reason} after {panics[0]}" if panics else reason


def guest_command(program: str, fault: str = "", more: str = "") -> str:
    return f"program={program}" + (f" fault={fault}" if fault else "") + (f" {more}" if more else "")


def seconds(text: str) -> float:
    """A number of seconds; else the error that the Makefile gives, too."""
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise QemuError(f"TIMEOUT={text} is no number of seconds")
    return float(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the machine's folder, build/NAME")
    parser.add_argument("--accel", default="auto", help="auto, kvm, tcg or icount")
    parser.add_argument("--firmware", default="bios", help="bios or uefi")
    parser.add_argument("--emulator", default=accelerator.EMULATOR, help="QEMU's name or path")
    parser.add_argument("--probe", help="image for --accel=auto; default: kvm-probe.elf beside the machine's folder")
    parser.add_argument("--kvm-device", default=accelerator.KVM_DEVICE, help="for --accel=auto")
    parser.add_argument("--program", default="demo", help="what the root tasks run: " + ", ".join(programs()))
    parser.add_argument("--fault", default="", help="a test fault of the kernel or root task")
    parser.add_argument("--command", default="", help="more words for the command line, such as serial=0x2f8")
    parser.add_argument("--print", action="store_true", help="print the command line instead of running it")
    parser.add_argument("--timeout", type=seconds, help="seconds without output until the guest is ended; 0: never")
    parser.add_argument("--qmp", help="path of a control socket to open")
    parser.add_argument("--log", help="also write the serial output to this file")
    parser.add_argument("extra", nargs="*", help="more arguments for QEMU, after --")
    arguments = parser.parse_args()
    one_of("ACCEL", arguments.accel, ["auto", *accelerator.ARGUMENTS])
    one_of("FIRMWARE", arguments.firmware, list(FIRMWARE))
    one_of("PROGRAM", arguments.program, programs())
    if arguments.fault and not re.fullmatch(FAULTS, arguments.fault):
        raise QemuError(
            f"there is no FAULT={arguments.fault}: one of wild-write:CLUSTER:ADDRESS stack-overflow:CLUSTER assert:CLUSTER"
        )
    return arguments


def generator_accelerator(arguments: argparse.Namespace) -> str:
    """The accelerator to use; `auto` says in one line what it chose and why."""
    if arguments.accel != "auto":
        return arguments.accel
    image = arguments.probe or pathlib.Path(arguments.build).parent / "kvm-probe.elf"
    accel, reason = accelerator.choose(image, arguments.emulator, arguments.kvm_device)
    print(f"qemu.py: ACCEL=auto uses {reason}", file=sys.stderr, flush=True)
    return accel


def named(lines: list[str], build: pathlib.Path) -> list[str]:
    """The lines that tell why a guest failed, with functions and lines of the sources."""
    return [backtrace.annotate(line, build) for line in lines if backtrace.PANIC in line or ROOT_FAULT.match(line)]


def main() -> int:
    arguments = parse_arguments()
    accel = generator_accelerator(arguments)
    extra = list(arguments.extra)
    if arguments.qmp:
        extra += ["-qmp", f"unix:{arguments.qmp},server=on,wait=off"]
    command = guest_command(arguments.program, arguments.fault, arguments.command)
    line = command_line(arguments.build, accel, command, extra, arguments.firmware, arguments.emulator)
    if arguments.print:
        print(shlex.join(line))
        return 0
    limit = TIMEOUTS[accel] if arguments.timeout is None else arguments.timeout
    with Guest(line, limit, echo=sys.stdout) as guest:
        trouble = guest.finish()
        if arguments.log:
            pathlib.Path(arguments.log).write_text(guest.output + "\n", encoding="utf-8")
    if trouble is None and arguments.fault.startswith(ENDS_A_CLUSTER):
        trouble = f"FAULT={arguments.fault} did not happen: is there such a cluster?"
    if trouble == ENDED_BY_GDB:
        print(f"qemu.py: {trouble}", file=sys.stderr)
        return 0
    if trouble:
        print(f"qemu.py: failed: {trouble}", file=sys.stderr, flush=True)
        for text in named(guest.lines, pathlib.Path(arguments.build)):
            print(text, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    tool.run(main, QemuError, backtrace.BacktraceError)
