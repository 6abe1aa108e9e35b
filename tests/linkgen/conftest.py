# SPDX-License-Identifier: MIT
"""Puts tools/ on the path and builds, once per run, what the tests here share."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

HOST_FLAGS = ["-std=gnu11", "-g", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-I", ROOT / "shared"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]


def run(*command):
    """Runs a command that must succeed."""
    subprocess.run([str(word) for word in command], check=True, timeout=60)


@pytest.fixture(scope="session")
def layout_library(tmp_path_factory):
    """shared/layout.c as a shared library for ctypes."""
    path = tmp_path_factory.mktemp("library") / "layout.so"
    sources = [ROOT / "shared" / name for name in ("layout.c", "refusal.c", "format.c", "string.c")]
    run("gcc", *HOST_FLAGS, "-shared", "-fPIC", "-o", path, *sources)
    return path


@pytest.fixture(scope="session")
def linkref(tmp_path_factory):
    """The boot linker as a host program under sanitizers."""
    path = tmp_path_factory.mktemp("linkref") / "linkref"
    sources = [ROOT / "shared" / name for name in ("layout.c", "elf.c", "linker.c", "refusal.c", "format.c", "string.c")]
    memory = [f"-D{name}=string_{name}" for name in ("memcpy", "memmove", "memset", "memcmp")]
    run("gcc", *HOST_FLAGS, *SANITIZERS, *memory, "-o", path, *sources, Path(__file__).parent / "linkref.c")
    return path


@pytest.fixture(scope="session")
def machines(tmp_path_factory):
    """linkgen's output for every configuration: name -> folder."""
    folders = {}
    for config in sorted((ROOT / "configs").glob("*.toml")):
        folders[config.stem] = tmp_path_factory.mktemp(config.stem)
        run("/usr/bin/python3", ROOT / "tools" / "linkgen.py", config, "-o", folders[config.stem])
    return folders
