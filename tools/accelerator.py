# SPDX-License-Identifier: MIT
"""What runs the guest: QEMU's accelerators, and the choice of one.

A /dev/kvm that opens proves little: some emulate ring 0 in software, and a system call from ring 3 fails there. So `auto` has a small
guest (tools/probe/) go to ring 3 and back under KVM, and takes TCG unless that works within seconds. The answer is kept beside the
probe's image until the host boots again or QEMU or the image changes.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
from typing import Any

ARGUMENTS = {
    "tcg": ["-accel", "tcg,thread=multi", "-cpu", "max"],
    "icount": ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "max"],
    "kvm": ["-accel", "kvm", "-cpu", "host"],
}
# A processor as a device: how a machine's arguments (linkgen.py) call its type, and what it is called with each `-cpu` above.
CORE_DEVICE = "r4-core"
CORE_TYPES = {"tcg": "max-x86_64-cpu", "icount": "max-x86_64-cpu", "kvm": "host-x86_64-cpu"}
X2APIC_VERSION = 9  # of QEMU, from which on TCG has x2APIC
EMULATOR = os.environ.get("R4_EMULATOR") or "qemu-system-x86_64"
KVM_DEVICE = "/dev/kvm"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
EXIT_PORT = 0xF4
PROBE_GOOD = (0x15 << 1) | 1  # QEMU's exit status for EXIT_GOOD of tools/probe/probe.S
PROBE_SECONDS = 3


def _no_core_file() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # QEMU aborts where KVM refuses a register


def _complaint(text: str) -> str:
    """The line of QEMU's output that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it said nothing"])[0]


def probe(
    image: pathlib.Path, emulator: str = EMULATOR, accelerator: str = "kvm", seconds: float = PROBE_SECONDS
) -> str | None:
    """None if the probe's guest went to ring 3 and back, else why not."""
    line = [
        emulator, "-nodefaults", "-machine", "q35", "-m", "64M", *ARGUMENTS[accelerator], "-display", "none", "-no-reboot",
        "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4", "-kernel", str(image),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            text=True,
            errors="replace",
            preexec_fn=_no_core_file,
        )
    except subprocess.TimeoutExpired:
        return f"a small guest did not get to ring 3 and back within {seconds:g} s"
    except OSError as error:
        return f"{emulator}: {error.strerror}"
    if done.returncode == PROBE_GOOD:
        return None
    if done.returncode == 0:
        return "a small guest died on its way to ring 3 and back"
    if done.returncode < 0:
        return f"QEMU was killed by signal {-done.returncode}: {_complaint(done.stdout)}"
    return f"QEMU ended with status {done.returncode}: {_complaint(done.stdout)}"


def version(emulator: str = EMULATOR) -> int:
    """QEMU's major version; 0 if it does not say."""
    try:
        done = subprocess.run([emulator, "--version"], capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return 0  # whoever starts it says why that fails
    match = re.search(r"version (\d+)", done.stdout)
    return int(match[1]) if match else 0


def x2apic_trouble(accelerator: str, emulator: str = EMULATOR) -> str | None:
    """None if processors have x2APIC there, else why not. Without it R4 would run, as on a machine that has none."""
    if accelerator == "kvm" or version(emulator) >= X2APIC_VERSION:
        return None
    return (
        f"x2apic = true needs QEMU {X2APIC_VERSION} or later, this is {version(emulator) or 'none'}; set EMULATOR=PATH"
    )


def _fingerprint(image: pathlib.Path, emulator: str) -> list[Any]:
    """Changes whenever an earlier answer of the probe may no longer hold."""
    path = shutil.which(emulator)
    files = [pathlib.Path(path or emulator), pathlib.Path(image)]
    boot = pathlib.Path(BOOT_ID)
    return [
        boot.read_text(encoding="ascii").strip() if boot.exists() else "",
        *([str(file), file.stat().st_mtime_ns if file.exists() else 0] for file in files),
    ]


def _kept(cache: pathlib.Path, fingerprint: list[Any]) -> tuple[bool, str | None]:
    """(True, answer) if the cache holds one that fits."""
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return kept["fingerprint"] == fingerprint, kept["trouble"]
    except (OSError, ValueError, LookupError, TypeError):
        return False, None


def kvm_trouble(image: pathlib.Path, emulator: str = EMULATOR, device: str = KVM_DEVICE) -> str | None:
    """None if KVM works here, else why not."""
    try:
        with open(device, "r+b", buffering=0):
            pass
    except OSError as error:
        return f"{device}: {error.strerror}"
    if not pathlib.Path(image).exists():
        return f"the probe {image} is not built"
    cache = pathlib.Path(image).with_suffix(".json")
    fingerprint = _fingerprint(image, emulator)
    known, trouble = _kept(cache, fingerprint)
    if not known:
        trouble = probe(image, emulator)
        cache.write_text(json.dumps({"fingerprint": fingerprint, "trouble": trouble}) + "\n", encoding="utf-8")
    return trouble


def choose(image: pathlib.Path, emulator: str = EMULATOR, device: str = KVM_DEVICE) -> tuple[str, str]:
    """(accelerator, the reason in words)."""
    trouble = kvm_trouble(image, emulator, device)
    if trouble is None:
        return "kvm", "KVM: a small guest got to ring 3 and back"
    return "tcg", f"TCG, not KVM: {trouble}"
