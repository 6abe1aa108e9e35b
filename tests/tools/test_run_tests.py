# SPDX-License-Identifier: MIT
"""The runner that all other checks trust: what must count as a failure does."""

import pathlib
import subprocess
import sys

import pytest

RUNNER = pathlib.Path(__file__).parents[2] / "tools" / "run_tests.py"


def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, RUNNER, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()[-1], done.stdout


def program(folder: pathlib.Path, body: str) -> str:
    path = folder / "program"
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "body, summary",
    [
        ("echo 1..2; echo ok 1 - a; echo ok 2 - b", "2 passed, 0 failed"),
        ("echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1", "1 passed, 1 failed"),
        ("echo 1..2; echo ok 1 - a; kill -ABRT $$", "1 passed, 1 failed"),
        ("echo ok 1 - a; echo ok 2 - b", "2 passed, 1 failed"),
        ("echo ok 1 - a; kill -SEGV $$", "1 passed, 1 failed"),
        ("echo 1..0", "0 passed, 1 failed"),
        ("exit 0", "0 passed, 1 failed"),
        ("exit 3", "0 passed, 1 failed"),
        ("echo 1..1; echo ok 1 - a; exit 23", "1 passed, 1 failed"),
        ("echo 1..1; echo ok 1 - a; echo ok 2 - b", "2 passed, 1 failed"),
    ],
)
def test_tap_program(tmp_path: pathlib.Path, body: str, summary: str) -> None:
    status, last, _ = run("--tap", program(tmp_path, body))
    assert last == summary
    assert (status == 0) == summary.endswith(" 0 failed")


def test_nothing_to_run_is_a_failure() -> None:
    assert run()[:2] == (1, "0 passed, 1 failed")


def test_missing_program_is_a_failure(tmp_path: pathlib.Path) -> None:
    assert run("--tap", str(tmp_path / "absent"))[:2] == (1, "0 passed, 1 failed")


def test_failing_output_is_shown(tmp_path: pathlib.Path) -> None:
    _, _, output = run("--tap", program(tmp_path, "echo the reason; exit 1"))
    assert "the reason" in output


@pytest.mark.parametrize(
    "source, summary",
    [
        ("def test_a(): pass\ndef test_b(): pass\n", "2 passed, 0 failed"),
        ("def test_a(): pass\ndef test_b(): assert False\n", "1 passed, 1 failed"),
        ("def test_a(record_property): record_property('cases', 7)\ndef test_b(): pass\n", "8 passed, 0 failed"),
        ("def test_a(record_property):\n record_property('cases', 7)\n assert False\n", "0 passed, 1 failed"),
        ("import os\ndef test_a(): os._exit(0)\n", "0 passed, 1 failed"),
        ("import os, signal\ndef test_a(): os.kill(os.getppid(), signal.SIGKILL)\n", "0 passed, 1 failed"),
        ("import pytest, time\n@pytest.mark.timeout(1)\ndef test_a(): time.sleep(60)\n", "0 passed, 1 failed"),
        ("import pytest\ndef test_a(): pytest.skip('not today')\n", "0 passed, 1 failed"),
        ("this is no python\n", "0 passed, 1 failed"),
        ("", "0 passed, 1 failed"),
    ],
)
def test_pytest_folder(tmp_path: pathlib.Path, source: str, summary: str) -> None:
    (tmp_path / "test_inner.py").write_text(source)
    status, last, _ = run("--pytest", str(tmp_path))
    assert last == summary
    assert (status == 0) == summary.endswith(" 0 failed")


@pytest.mark.parametrize("command, summary", [("true", "1 passed, 0 failed"), ("exit 4", "0 passed, 1 failed")])
def test_command(command: str, summary: str) -> None:
    assert run("--command", f"name: {command}")[1] == summary


def test_kinds_add_up(tmp_path: pathlib.Path) -> None:
    good = program(tmp_path, "echo 1..1; echo ok 1 - a")
    assert run("--tap", good, good, "--command", "x: true", "--command", "y: false")[1] == "3 passed, 1 failed"
