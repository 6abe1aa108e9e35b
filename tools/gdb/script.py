#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""script.py build/NAME [--port N]: writes build/NAME/debug.gdb, with which gdb debugs that machine under `make debug`.

Each cluster's kernel is a file of its own, linked at that cluster's addresses, so a breakpoint in shared source has one location per
copy. Symbols of the user program and of the coordinator are there too.
"""

import argparse
import json
import pathlib
import shlex
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import tool  # pylint: disable=wrong-import-position # needs the path above


def script(build: pathlib.Path, port: int) -> str:
    """The commands, as text."""
    clusters = json.loads((build / "layout.json").read_text(encoding="utf-8"))["clusters"]
    files = [build / f"cluster-{cluster['number']}.elf" for cluster in clusters]
    files += [build.parent / "root.elf", build.parent / "coordinator.elf"]
    lines = [
        "# Made by tools/gdb/script.py: gdb -x this file, while `make debug` runs.",
        "set confirm off",
        "set pagination off",
        "set architecture i386:x86-64",
        f"directory {shlex.quote(str(ROOT))}",
        *(f"add-symbol-file {shlex.quote(str(file.resolve()))}" for file in files),
        f"source {ROOT / 'tools/gdb/r4.py'}",  # the rest of the line, as it is
        f"target remote 127.0.0.1:{port}",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "build", type=pathlib.Path, help="the machine's folder, build/NAME, after `make build/NAME/reference`"
    )
    parser.add_argument("--port", type=int, default=1234, help="where QEMU listens on 127.0.0.1")
    arguments = parser.parse_args()
    target = arguments.build / "debug.gdb"
    target.write_text(script(arguments.build, arguments.port), encoding="utf-8")
    print(f"in another terminal: gdb -x {shlex.quote(str(target))}")
    return 0


if __name__ == "__main__":
    tool.run(main)
