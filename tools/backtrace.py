#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""backtrace.py build/NAME [CONSOLE.log]: console output (default: standard input) with the addresses in it named: those of a panic's
last words, and where a thread has stopped at a fault; and with names for the numbers of traced events.

After each return address, after rip and after ip come function, file and line. Those of a kernel are named by the debug information of
that cluster's reference link (build/NAME/cluster-N.elf, made by `make build/NAME/reference`), those of a thread by build/root.elf, which
the root task and what it starts run; calls that the compiler has put inline are all named, innermost first.
"""

import argparse
import pathlib
import re
import subprocess
import sys

import tool

ROOT = pathlib.Path(__file__).resolve().parents[1]
PANIC = " kernel: panic: "
RETURN = re.compile(r"\[c(\d+)\] kernel: panic: return address ([0-9a-f]+)")
PLACE = re.compile(r"\[c(\d+)\] kernel: panic: .*\brip +([0-9a-f]+)")
TRACE = re.compile(r"\[c\d+\] kernel: panic: trace: -\d+ (\w+) \w+ ([0-9a-f]+) \w+ ([0-9a-f]+)")
FAULT = re.compile(r"\[c\d+\] kernel: .*thread [0-9a-f]+ on core \d+ stopped: .*, ip ([0-9a-f]+), ")


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
    return [(function, place.partition(" (discriminator ")[0].removeprefix(f"{ROOT}/")) for function, place in known]


def question(line: str, build: pathlib.Path) -> tuple[pathlib.Path, int] | None:
    """(image, address in an instruction) that a line asks about, or None."""
    if match := RETURN.match(line):
        return build / f"cluster-{match[1]}.elf", int(match[2], 16) - 1  # in the call, not after it
    if (match := PLACE.match(line)) and int(match[2], 16) != 0:
        return build / f"cluster-{match[1]}.elf", int(match[2], 16)
    if match := FAULT.match(line):
        return build.parent / "root.elf", int(match[1], 16)
    return None


def traced(match: re.Match[str]) -> str:
    """What a traced event's numbers name; nothing if they name nothing."""
    import trace_words  # pylint: disable=import-outside-toplevel # reads all headers, which no run should wait for

    for number, (name, *words) in enumerate(trace_words.events()):
        if name == match[1] and any(part.names for part in sum(words, [])):
            return "  " + ", ".join(trace_words.texts(number, int(match[2], 16), int(match[3], 16)))
    return ""


def annotate(line: str, build: pathlib.Path) -> str:
    """The line, followed by what its address or its numbers name."""
    if match := TRACE.match(line):
        return line + traced(match)
    asked = question(line, build)
    if asked is None:
        return line
    image, address = asked
    text = ", in ".join(f"{function} at {place}" for function, place in names(image, address))
    return f"{line}  {text or 'not code of ' + image.name}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the machine's folder, build/NAME")
    parser.add_argument(
        "console", nargs="?", type=argparse.FileType("r", encoding="utf-8", errors="replace"), default=sys.stdin
    )
    arguments = parser.parse_args()
    for line in map(str.rstrip, arguments.console):
        print(annotate(line, arguments.build), flush=True)
    return 0


if __name__ == "__main__":
    tool.run(main, BacktraceError)
