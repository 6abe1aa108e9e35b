# SPDX-License-Identifier: MIT
"""ACCEL=auto: KVM only where the probe's guest came back from ring 3, else TCG, in one line with the reason and within seconds. What
tools/qemu.py refuses, and how it says that a guest has ended."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

import accelerator
import patience
import qemu

ROOT = pathlib.Path(__file__).parents[2]

PROBE = ROOT / "build" / "kvm-probe.elf"
PATIENCE = accelerator.PROBE_SECONDS + 7  # seconds for a choice, on a busy machine


@pytest.fixture(name="image")
def fixture_image(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the probe's image, so that answers kept beside it stay here."""
    copy = tmp_path / "kvm-probe.elf"
    copy.write_bytes(PROBE.read_bytes())
    return copy


@pytest.fixture(name="device")
def fixture_device(tmp_path: pathlib.Path) -> str:
    """What can be opened like /dev/kvm."""
    path = tmp_path / "kvm"
    path.touch()
    return str(path)


@pytest.fixture(name="emulator")
def fixture_emulator(tmp_path: pathlib.Path) -> Callable[[str], str]:
    """emulator(script): a QEMU that does what the script says; it notes each call in the file `calls`."""

    def make(body: str) -> str:
        path = tmp_path / "qemu"
        path.write_text(f"#!/bin/sh\necho called >>{tmp_path}/calls\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return make


def calls(tmp_path: pathlib.Path) -> int:
    path = tmp_path / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_probe_runs_under_tcg() -> None:
    """The image itself is good: an accelerator that can run R4 passes."""
    assert accelerator.probe(PROBE, accelerator="tcg", seconds=20) is None


def test_probe_that_dies_is_no_success(image: pathlib.Path) -> None:
    """The system call is needed: without its instruction the guest ends in a triple fault."""
    data = image.read_bytes()
    assert data.count(b"\x0f\x05") == 1  # syscall
    image.write_bytes(data.replace(b"\x0f\x05", b"\x0f\x0b"))  # ud2
    assert accelerator.probe(image, accelerator="tcg", seconds=20) == "a small guest died on its way to ring 3 and back"


@pytest.mark.parametrize(
    "body, reason",
    [
        (f"exit {accelerator.PROBE_GOOD}", None),
        ("exit 0", "a small guest died on its way to ring 3 and back"),
        ("exec sleep 60", f"a small guest did not get to ring 3 and back within {accelerator.PROBE_SECONDS} s"),
        (
            "echo 'qemu: warning: hm'; echo 'qemu: error: failed to set MSR 0x10a' >&2; kill -ABRT $$",
            "QEMU was killed by signal 6: qemu: error: failed to set MSR 0x10a",
        ),
        (
            "echo 'Could not access KVM kernel module'; exit 1",
            "QEMU ended with status 1: Could not access KVM kernel module",
        ),
        ("exit 1", "QEMU ended with status 1: it said nothing"),
    ],
)
def test_choice(
    tmp_path: pathlib.Path, image: pathlib.Path, device: str, emulator: Callable[[str], str], body: str, reason: str
) -> None:
    fake = emulator(body)
    began = time.monotonic()
    chosen, why = accelerator.choose(image, fake, device)
    assert time.monotonic() - began < PATIENCE
    assert chosen == ("tcg" if reason else "kvm")
    assert why == (f"TCG, not KVM: {reason}" if reason else "KVM: a small guest got to ring 3 and back")
    assert accelerator.choose(image, fake, device) == (chosen, why)
    assert calls(tmp_path) == 1  # the second answer was kept


def test_answer_is_asked_for_again(
    tmp_path: pathlib.Path, image: pathlib.Path, device: str, emulator: Callable[[str], str]
) -> None:
    """A new QEMU, a new image or a spoiled file: the probe runs again."""
    assert accelerator.choose(image, emulator("exit 0"), device)[0] == "tcg"
    fake = emulator(f"exit {accelerator.PROBE_GOOD}")
    os.utime(fake, ns=(1, 1))
    assert accelerator.choose(image, fake, device)[0] == "kvm"
    os.utime(image, ns=(1, 1))
    assert accelerator.choose(image, fake, device)[0] == "kvm"
    for text in ("", "{}", "[]", json.dumps({"fingerprint": None, "trouble": "old"})):
        image.with_suffix(".json").write_text(text)
        assert accelerator.choose(image, fake, device)[0] == "kvm"
    assert calls(tmp_path) == 7


def test_no_device(tmp_path: pathlib.Path, image: pathlib.Path, emulator: Callable[[str], str]) -> None:
    absent = str(tmp_path / "no-kvm")
    assert accelerator.choose(image, emulator("exit 43"), absent) == (
        "tcg",
        f"TCG, not KVM: {absent}: No such file or directory",
    )
    assert calls(tmp_path) == 0


def test_no_emulator_and_no_image(tmp_path: pathlib.Path, image: pathlib.Path, device: str) -> None:
    absent = str(tmp_path / "no-qemu")
    assert accelerator.choose(image, absent, device) == ("tcg", f"TCG, not KVM: {absent}: No such file or directory")
    image.unlink()
    assert accelerator.choose(image, absent, device) == ("tcg", f"TCG, not KVM: the probe {image} is not built")


def test_command_says_what_it_chose(tmp_path: pathlib.Path) -> None:
    """tools/qemu.py on this machine, whatever its KVM is worth: one line, and that accelerator."""
    (tmp_path / "qemu.args").write_text("-machine q35")
    began = time.monotonic()
    done = subprocess.run(
        [ROOT / "tools" / "qemu.py", "--build", tmp_path, "--probe", PROBE, "--print"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert time.monotonic() - began < PATIENCE
    (line,) = done.stderr.splitlines()
    assert line.startswith("qemu.py: ACCEL=auto uses ")
    assert ("-accel kvm" in done.stdout) == line.startswith("qemu.py: ACCEL=auto uses KVM: ")
    assert ("-accel tcg" in done.stdout) == line.startswith("qemu.py: ACCEL=auto uses TCG, not KVM: ")


def refusal(command: list[str]) -> str:
    """The one line of a command that must end before anything is built or started."""
    apart = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }  # from the make that runs this
    done = subprocess.run(command, cwd=ROOT, env=apart, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    "name, option, known",
    [
        ("PROGRAM", "--program", qemu.programs()),
        ("ACCEL", "--accel", ["auto", *accelerator.ARGUMENTS]),
        ("FIRMWARE", "--firmware", list(qemu.FIRMWARE)),
    ],
)
def test_nonsense_is_refused(tmp_path: pathlib.Path, name: str, option: str, known: list[str]) -> None:
    """By name, with all that is known: by make at once, and by the tool itself."""
    assert len(known) > 1
    for said in (
        refusal([str(ROOT / "tools" / "qemu.py"), "--build", str(tmp_path), option, "nonsense"]),
        refusal(["make", "--no-print-directory", "run", f"{name}=nonsense"]).removesuffix(".  Stop."),
    ):
        text, _, values = said.partition(": one of ")
        assert text.endswith(f"there is no {name}=nonsense")
        assert sorted(values.split()) == sorted(known)


@pytest.mark.parametrize(
    "body, trouble",
    [
        ("exit 0", "QEMU ended by itself: a triple fault or a reset"),
        ("echo 'qemu-system-x86_64: QEMU: Terminated via GDBstub' >&2", "ended by gdb"),
        (f"exit {qemu.EXIT_SUCCESS}", "the guest reported success without the end marker"),
        (f"echo '{qemu.END_MARKER} (1 cluster, 0 failed, 0 panicked)'; exit {qemu.EXIT_SUCCESS}", None),
        ("kill -KILL $$", "QEMU was killed by signal 9"),
        ("echo 'qemu-system-x86_64: terminating on signal 15 from pid 7'", "QEMU was ended by a signal"),
        ("echo 'qemu-system-x86_64: no KVM' >&2; exit 1", "QEMU failed with exit status 1"),
        ("echo '[boot] stop: why'; exit 35", "the guest failed with exit status 35"),
        (f"exit {qemu.EXIT_FAILED}", f"the guest failed with exit status {qemu.EXIT_FAILED} (a cluster failed)"),
        (
            f"echo '[c0] kernel: panic: why'; exit {qemu.EXIT_PANICKED}",
            f"the guest failed with exit status {qemu.EXIT_PANICKED} (a cluster panicked, all others did well)"
            " after [c0] kernel: panic: why",
        ),
    ],
)
def test_end(tmp_path: pathlib.Path, emulator: Callable[[str], str], body: str, trouble: str) -> None:
    """How a guest ended, in words; whom gdb has ended has not failed."""
    fake = emulator(body)
    with qemu.Guest([fake], 20) as guest:
        assert guest.finish() == trouble
    (tmp_path / "qemu.args").write_text("")
    done = subprocess.run(
        [ROOT / "tools" / "qemu.py", "--build", tmp_path, "--accel", "tcg", "--emulator", fake],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (trouble in (None, qemu.ENDED_BY_GDB))
    said = {None: "", qemu.ENDED_BY_GDB: "qemu.py: ended by gdb\n"}.get(trouble, f"qemu.py: failed: {trouble}\n")
    assert done.stderr == said + ("[c0] kernel: panic: why\n" if "panic: why" in body else "")


@pytest.mark.parametrize(
    "words, said",
    [
        (["fuzz", "TARGET=srat nonsense"], "there is no TARGET=srat nonsense: one of "),
        (["prove-nonsense"], "there is no prove-nonsense: one of prove-lemmas "),
        (["sim", "SEEDS=abc"], "SEEDS=abc is no number above 0.  Stop."),
        (["sim", "SEED=0x1"], "SEED=0x1 is no number above 0.  Stop."),
        (["run", "TIMEOUT=1m"], "TIMEOUT=1m is no number of seconds.  Stop."),
        (["explore", "RUN=lend:x"], "there is no RUN=lend:x: one of lend lend:0 "),
        (["explore", "RUN="], "RUN= is empty: some of lend lend:0 "),
    ],
)
def test_make_refuses_nonsense(words: str, said: str) -> None:
    assert said in refusal(["make", "--no-print-directory", *words])


@pytest.mark.parametrize("fault", ["nope", "assert", "assert:x", "wild-write:1", "wild-write:1:abc"])
def test_no_such_fault(tmp_path: pathlib.Path, fault: str) -> None:
    said = refusal([str(ROOT / "tools" / "qemu.py"), "--build", str(tmp_path), "--fault", fault])
    assert said.startswith(f"qemu.py: there is no FAULT={fault}: one of wild-write:CLUSTER:ADDRESS ")


def test_fault_in_no_cluster(tmp_path: pathlib.Path, emulator: Callable[[str], str]) -> None:
    fake = emulator(f"echo '{qemu.END_MARKER} (1 cluster, 0 failed, 0 panicked)'; exit {qemu.EXIT_SUCCESS}")
    (tmp_path / "qemu.args").write_text("")
    command = [
        str(ROOT / "tools" / "qemu.py"),
        "--build",
        str(tmp_path),
        "--accel",
        "tcg",
        "--emulator",
        fake,
        "--fault",
    ]
    for fault, status in (("assert:7", 1), ("wild-write:0:8", 0)):
        done = subprocess.run([*command, fault], capture_output=True, text=True, check=False)
        assert done.returncode == status
        assert ("FAULT=assert:7 did not happen" in done.stderr) == bool(status)


def test_silence(emulator: Callable[[str], str]) -> None:
    with qemu.Guest([emulator("exec sleep 20")], 0.2) as guest:
        assert guest.finish() == "no output for 0.2 s (TIMEOUT=0.2 for make, --timeout), see docs/debugging.md"


def test_no_limit_while_it_prints(emulator: Callable[[str], str]) -> None:
    """Much longer in all than it may be silent."""
    with qemu.Guest([emulator("for i in 1 2 3 4 5 6 7 8; do echo line; sleep 0.4; done")], 1.5) as guest:
        assert guest.finish() == "QEMU ended by itself: a triple fault or a reset"
    assert guest.lines == ["line"] * 8


def test_time_that_counts() -> None:
    """A process that sleeps or runs is silent; one that waits for a processor is not, also if others of its threads run."""
    assert patience.counted(2, 0, 0) == 2
    assert patience.counted(2, 2, 0) == 2
    assert patience.counted(2, 0, 2) == 0
    assert patience.counted(2, 0.5, 1.5) == 0.5
    assert patience.counted(2, 4, 12) == 0.5  # eight threads on two processors
    assert patience.counted(0, 0, 0) == 0


def test_patience() -> None:
    with subprocess.Popen(["sleep", "20"]) as process:
        short, endless = patience.Patience(process.pid, 0.3), patience.Patience(process.pid, 0)
        assert 0 < short.look() <= 0.3
        time.sleep(0.4)
        assert short.look() == 0 and endless.look() == patience.LOOK
        short.renew()
        assert short.look() > 0
        process.kill()


@pytest.mark.parametrize(
    "said, needed, accel, runs",
    [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", True, "tcg", False),
        ("QEMU emulator version 8.9.0", True, "icount", False),
        ("nothing of use", True, "tcg", False),
        ("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2~bpo12+1)", True, "tcg", True),
        ("QEMU emulator version 7.2.22", True, "kvm", True),
        ("QEMU emulator version 7.2.22", False, "tcg", True),
    ],
)
def test_x2apic_needs_a_new_emulator(
    tmp_path: pathlib.Path, emulator: Callable[[str], str], said: str, needed: bool, accel: str, runs: bool
) -> None:
    """It would run without, as if it had not been asked for."""
    (tmp_path / "qemu.args").write_text("")
    (tmp_path / "layout.json").write_text(json.dumps({"x2apic": needed}))
    line = [str(ROOT / "tools/qemu.py"), "--build", str(tmp_path), "--accel", accel, "--print", "--emulator"]
    done = subprocess.run([*line, emulator(f"echo '{said}'")], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == runs
    assert runs or re.fullmatch(
        r"qemu\.py: x2apic = true needs QEMU 9 or later, this is \w+; set EMULATOR=PATH\n", done.stderr
    )


FAULTED = "thread 123000 on core 0 stopped: exception 14, error 6, address 0, ip 401000, sp 5eff38"


def test_root_task_that_faults(emulator: Callable[[str], str]) -> None:
    """Ends the run at once, unless gdb has it; other threads' faults do not."""
    began = time.monotonic()
    body = f"echo '[c1] kernel: {FAULTED}'; sleep 0.3; echo \"[c3] kernel: the root task's {FAULTED}\"; exec sleep"
    with qemu.Guest([emulator(f"{body} 60")], 50) as guest:
        assert guest.finish() == "the root task of cluster 3 has stopped at a fault"
    assert time.monotonic() - began < 30 and len(guest.lines) == 2
    with qemu.Guest([emulator(f"{body} 1")], 0) as guest:
        assert guest.finish() == "QEMU ended by itself: a triple fault or a reset"


def runs(process_id: int) -> bool:
    """Not ended, nor ended and not waited for."""
    try:
        return pathlib.Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_no_emulator_is_left_behind(tmp_path: pathlib.Path, emulator: Callable[[str], str], number: int) -> None:
    (tmp_path / "qemu.args").write_text("")
    fake = emulator(f"echo $$ >{tmp_path}/number; echo started; exec sleep 60")
    line = [str(ROOT / "tools" / "qemu.py"), "--build", str(tmp_path), "--accel", "tcg", "--emulator", fake]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None and tool.stdout.readline() == "started\n"
        tool.send_signal(number)
        assert tool.wait(20) in (128 + number, -number)
    deadline = time.monotonic() + 20
    while runs(int((tmp_path / "number").read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.1)
