#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""backtrace.py build/NAME [CONSOLE.log]: console output (default: standard input) with the addresses of a panic's last words named.

After each return address and after rip come function, file and line, by the debug information of that cluster's reference link
(build/NAME/cluster-N.elf, made by `make build/NAME/reference`); calls that the compiler has put inline are all named, innermost first.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
RETURN = re.compile(r"\[c(\d+)\] kernel: panic: return address ([0-9a-f]+)")
PLACE = re.compile(r"\[c(\d+)\] kernel: panic: .*\brip +([0-9a-f]+)")


class BacktraceError(Exception):
    """Addresses cannot be named; the text says why."""


def names(image: pathlib.Path, address: int) -> list[tuple[str, str]]:
    """[(function, "file:line"), …] of the code at an address of the image, innermost inlined call first; [] outside its code."""
    if not image.exists():
        raise BacktraceError(f"{image}: not there; run `make {image.parent / 'reference'}` first")
    command = ["addr2line", "-f", "-i", "-e", str(image), f"{address:#x}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BacktraceError(done.stderr.strip())
    lines = done.stdout.splitlines()
    pairs = list(zip(lines[::2], lines[1::2]))
    # What is written in assembly has lines, but no function that the debug information knows.
    known = [(function, place) for function, place in pairs if (function, place) != ("??", "??:0")]
    return [(function, place.partition(" ")[0].removeprefix(f"{ROOT}/")) for function, place in known]


def question(line: str) -> tuple[int, int] | None:
    """(cluster, address in an instruction) that a line asks about, or None."""
    if match := RETURN.match(line):
        return int(match[1]), int(match[2], 16) - 1  # in the call, not after it
    if (match := PLACE.match(line)) and int(match[2], 16) != 0:
        return int(match[1]), int(match[2], 16)
    return None


def annotate(line: str, build: pathlib.Path) -> str:
    """The line, followed by what its address names."""
    asked = question(line)
    if asked is None:
        return line
    found = names(build / f"cluster-{asked[0]}.elf", asked[1])
    text = ", in ".join(f"{function} at {place}" for function, place in found)
    return f"{line}  {text or 'not code of the kernel'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the machine's folder, build/NAME")
    parser.add_argument(
        "console", nargs="?", type=argparse.FileType("r", encoding="utf-8", errors="replace"), default=sys.stdin
    )
    parser.add_argument("--panic", action="store_true", help="only the lines of panics")
    arguments = parser.parse_args()
    for line in map(str.rstrip, arguments.console):
        if not arguments.panic or " kernel: panic: " in line:
            print(annotate(line, arguments.build), flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BacktraceError as error:
        sys.exit(f"backtrace.py: {error}")
