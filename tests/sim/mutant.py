#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Copies the kernel's sources and puts a bug into the copy: mutant.py SOURCE TARGET MUTANT.toml

A mutant is a list of changes: [[change]] with file (inside SOURCE), find and replace. The text to find must be in that file exactly once;
otherwise the copy is not made, so that an outdated mutant does not look like a bug that is not caught.
"""

import pathlib
import shutil
import sys
import tomllib


def mutant(source: pathlib.Path, target: pathlib.Path, changes: list[dict[str, str]]) -> str | None:
    """Returns what is wrong with the mutant, or None."""
    texts: dict[str, str] = {}
    for change in changes:
        path = change["file"]
        text = texts.get(path) or (source / path).read_text(encoding="utf-8")
        count = text.count(change["find"])
        if count != 1:
            return f"{path}: the text to replace is there {count} times: {change['find']!r}"
        texts[path] = text.replace(change["find"], change["replace"])
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=shutil.copy)  # all files are new to make
    for path, text in texts.items():
        (target / path).write_text(text, encoding="utf-8")
    return None


def main() -> None:
    source, target, toml = map(pathlib.Path, sys.argv[1:])
    wrong = mutant(source, target, tomllib.loads(toml.read_text(encoding="utf-8"))["change"])
    if wrong:
        sys.exit(f"{toml}: {wrong}")


if __name__ == "__main__":
    main()
