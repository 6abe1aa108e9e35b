# SPDX-License-Identifier: MIT
"""Where a run's figures come from: the `context` of its document."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
from typing import Any

import layout_binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPUINFO = pathlib.Path("/proc/cpuinfo")


def said(command: list[str]) -> str | None:
    """The standard output; None if it could not be run or failed."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0].strip()


def commit() -> tuple[str | None, bool]:
    """(commit, whether files differ from it); (None, True) where git knows nothing of this tree."""
    top = first_line(said(["git", "rev-parse", "--show-toplevel"]))
    name = first_line(said(["git", "rev-parse", "HEAD"]))
    if not name or pathlib.Path(top).resolve() != ROOT:
        return None, True
    return name, bool(said(["git", "status", "--porcelain"]))


def host() -> dict[str, Any]:
    cpuinfo = CPUINFO.read_text(encoding="utf-8") if CPUINFO.exists() else ""
    model = re.search(r"^model name\s*: (.+)$", cpuinfo, re.M)
    return {
        "processor": model[1] if model else platform.machine(),
        "processors": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
    }


def machine(folder: pathlib.Path) -> dict[str, Any]:
    """The machine of build/NAME."""
    layout = json.loads((folder / "layout.json").read_text(encoding="utf-8"))
    return {
        "name": layout["name"],
        "cores": [len(cluster["cores"]) for cluster in layout["clusters"]],
        "memory_mib": layout["memory_mib"],
        "ring_slots": layout["ring_slots"],
    }


def context(command: str, accelerator: str, folder: pathlib.Path, emulator: str | None) -> dict[str, Any]:
    """Of a run on the machine in `folder`, build/NAME; no emulator: native."""
    name, dirty = commit()
    checksum = layout_binary.HEADER.unpack((folder / "layout.bin").read_bytes(), 0)["checksum"]
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": command,
        "commit": name,
        "dirty": dirty,
        "compiler": first_line((folder.parent / "compiler").read_text(encoding="utf-8")),
        "qemu": None if emulator is None else first_line(said([emulator, "--version"])) or emulator,
        "accelerator": accelerator,
        "layout_checksum": f"{checksum:#010x}",
        "machine": machine(folder),
        "host": host(),
    }
