# SPDX-License-Identifier: MIT
"""What the tests here compile and generate."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOST_FLAGS: list[str | Path] = [
    "-std=gnu11",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-I",
    ROOT / "shared",
]


def run(*command: str | Path) -> None:
    """Runs a command that must succeed."""
    subprocess.run([str(word) for word in command], check=True, timeout=60)


def generate_machines(folder: Path) -> dict[str, Path]:
    """linkgen's output for every configuration: name -> folder."""
    folders = {}
    for config in sorted((ROOT / "configs").glob("*.toml")):
        folders[config.stem] = folder / config.stem
        run("/usr/bin/python3", ROOT / "tools" / "linkgen.py", config, "-o", folders[config.stem])
    return folders
