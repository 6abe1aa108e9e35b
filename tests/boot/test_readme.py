# SPDX-License-Identifier: MIT
"""The outputs that README.md and docs/ show are what a run prints, numbers apart."""

import pathlib

import pytest

import check_docs
import machine

SHOWN = [
    (name, command, lines)
    for name in check_docs.documents(machine.ROOT)
    for command, lines in check_docs.outputs((machine.ROOT / name).read_text(encoding="utf-8"))
]


def run(command: str) -> machine.Boot:
    """The boot that `make run VARIABLE=value …` makes."""
    make, target, *words = command.split()
    assert (make, target) == ("make", "run")
    settings = {"CONFIG": "configs/qemu-2x2.toml", "PROGRAM": "demo", "ACCEL": "tcg"} | dict(
        word.split("=", 1) for word in words
    )
    return machine.Boot(pathlib.Path(settings["CONFIG"]).stem, settings["ACCEL"], settings["PROGRAM"])


def test_the_readme_shows_a_run() -> None:
    assert ("README.md", "make run") in [shown[:2] for shown in SHOWN]


@pytest.mark.parametrize("name, command, lines", SHOWN, ids=[f"{name}: {command}" for name, command, _ in SHOWN])
def test_shown_output_is_that_of_a_run(name: str, command: str, lines: list[str]) -> None:
    boot = run(command)
    assert boot.trouble is None, boot.output
    expected = check_docs.shape(check_docs.cluster_lines(boot.output))
    assert check_docs.shape(lines) == expected, f"{name}: tools/check_docs.py --refresh fills it anew"
