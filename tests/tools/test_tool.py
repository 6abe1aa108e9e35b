# SPDX-License-Identifier: MIT
"""No tool answers with a traceback to a full disk or to a reader that has gone, and none leaves behind what it started."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
COMMANDS = sorted(path for path in TOOLS.rglob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
PATIENCE = 30  # seconds, on a busy machine


@pytest.fixture(name="speaking")
def fixture_speaking(tmp_path: pathlib.Path) -> dict[str, list[str]]:
    """Tools that print, and how: a lot, and then they wait."""
    (tmp_path / "qemu.args").write_text("", encoding="utf-8")
    emulator = tmp_path / "qemu"
    emulator.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/number\nseq 100000\nexec sleep 60\n", encoding="utf-8")
    emulator.chmod(0o755)
    console = tmp_path / "console"
    console.write_text("a line\n" * 100000, encoding="utf-8")
    return {
        "qemu.py": ["--build", str(tmp_path), "--accel", "tcg", "--emulator", str(emulator)],
        "backtrace.py": [str(tmp_path), str(console)],
        "run_tests.py": ["--command", "many: seq 100000; false"],
        "check_stack.py": ["--help"],
    }


@pytest.mark.parametrize("name", ["qemu.py", "backtrace.py", "run_tests.py"])
def test_reader_that_has_gone(speaking: dict[str, list[str]], name: str) -> None:
    with subprocess.Popen(
        [TOOLS / name, *speaking[name]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdout is not None
        tool.stdout.readline()
        tool.stdout.close()
        _, said = tool.communicate(timeout=PATIENCE)
    assert said == "" and tool.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize("name", ["qemu.py", "backtrace.py", "run_tests.py", "check_stack.py"])
def test_full_disk(speaking: dict[str, list[str]], name: str) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [TOOLS / name, *speaking[name]],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert done.returncode == 1 and done.stderr == f"{name}: No space left on device\n"


def test_files_on_a_full_disk(tmp_path: pathlib.Path) -> None:
    for name in ("layout.bin", "metadata", "debug.gdb"):
        (tmp_path / name).symlink_to("/dev/full")
    (tmp_path / "layout.json").write_text('{"clusters": []}', encoding="utf-8")
    lines = {"linkgen.py": [str(ROOT / "configs/qemu-1x1.toml"), "-o", str(tmp_path)], "gdb/script.py": [str(tmp_path)]}
    for name, words in lines.items():
        done = subprocess.run([TOOLS / name, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        said = rf"{pathlib.Path(name).name}: .*No space left on device\n"
        assert re.fullmatch(said, done.stderr), done.stderr


def test_every_command_runs_so() -> None:
    assert len(COMMANDS) > 8
    for path in COMMANDS:
        text = path.read_text(encoding="utf-8")
        assert re.search(r'^if __name__ == "__main__":\n    tool\.run\(main\b.*\)\n\Z', text, re.M), path


@pytest.mark.parametrize("kind", ["--tap", "--command"])
def test_a_signal_ends_the_tests(tmp_path: pathlib.Path, kind: str) -> None:
    """With those programs that run, which are in sessions of their own."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/number\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    words = {"--tap": str(program), "--command": f"name: exec {program}"}
    with subprocess.Popen(
        [sys.executable, TOOLS / "run_tests.py", kind, words[kind]], stdout=subprocess.DEVNULL
    ) as tests:
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "number").exists() or not (tmp_path / "number").read_text(encoding="utf-8"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        tests.send_signal(signal.SIGTERM)
        assert tests.wait(PATIENCE) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "number").read_text(encoding="utf-8")), 0)
