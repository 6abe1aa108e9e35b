#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs test programs of several kinds and adds them up; the last line is "N passed, N failed".

    --tap PROGRAM…      Check programs: one result per TAP line
    --pytest FOLDER…    one result per pytest case; as many as it says by record_property("cases", n). Cases run on all processors
                        (pytest-xdist) and have a time limit (pytest-timeout, see pyproject.toml)
    --command NAME: …   a shell command: one result, its exit status

A program that reports less than it planned, no plan at all, nothing, or an exit status that its results do not explain counts as one
failure more. No results at all is a failure. Exit status 0 only if something passed and nothing failed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from xml.etree import ElementTree

import tool

SETTINGS = pathlib.Path(__file__).resolve().parents[1] / "pyproject.toml"
TAP_TIMEOUT = 300  # seconds for one host program
COMMAND_TIMEOUT = 900

TAP_PLAN = re.compile(r"^1\.\.(\d+)\s*$")
TAP_RESULT = re.compile(r"^(not )?ok\b(?:\s+\d+)?(.*)$")


class Result:
    """What one program reported: how many passed, and a line for each failure."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.passed = 0
        self.failures: list[str] = []
        self.output = ""
        self.last_line = ""  # of a command that succeeded: its own summary
        self.seconds = 0.0

    def fail(self, reason: str) -> None:
        self.failures.append(f"{self.name}: {reason}")

    def explain_status(self, status: int) -> None:
        """An exit status that says failure while no result does is a failure of its own."""
        if status != 0 and not self.failures:
            self.fail(f"killed by signal {-status}" if status < 0 else f"exit status {status} although no test failed")


def parse_tap(result: Result, text: str, status: int) -> None:
    """Adds the results in a TAP stream to `result`."""
    planned = None
    seen = 0
    for line in text.splitlines():
        if plan := TAP_PLAN.match(line):
            planned = int(plan.group(1))
        elif test := TAP_RESULT.match(line):
            seen += 1
            if test.group(1):
                result.fail(test.group(2).strip(" -"))
            else:
                result.passed += 1
    if planned is None:
        result.fail("died before its summary: no plan")
    elif planned == 0:
        result.fail("planned no test")
    elif planned != seen:
        result.fail(f"planned {planned} tests, reported {seen}")
    result.explain_status(status)


def parse_junit(result: Result, path: pathlib.Path, status: int) -> None:
    """Adds the cases in pytest's XML report to `result`. A skipped case is a check that was not made: a failure."""
    try:
        cases = ElementTree.parse(path).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        result.fail("died before its summary: no report")
        return
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        verdicts = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        if verdicts:
            result.fail(f"{name}: {verdicts[0]}")
        else:
            inner = case.find("properties/property[@name='cases']")
            result.passed += 1 if inner is None else int(inner.get("value", ""))
    if not result.passed and not result.failures:
        result.fail("ran no test")
    result.explain_status(status)


class Running:
    """The processes that run now, each the first of a group. What ends the tests ends those of other threads, too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] | None = set()  # none: no more are started

    def add(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            if self._groups is None:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                self._groups.add(process.pid)

    def remove(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            (self._groups or set()).discard(process.pid)

    def end(self) -> None:
        with self._lock:
            for group in self._groups or ():
                os.killpg(group, signal.SIGKILL)
            self._groups = None


RUNNING = Running()


def run_process(
    result: Result, command: str | list[str], timeout: float, environment: dict[str, str] | None = None
) -> int | None:
    """Runs a command to its end or the time limit; returns its exit status, or None after a timeout."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
        shell=isinstance(command, str),
        start_new_session=True,
    ) as process:
        status = None
        RUNNING.add(process)
        try:
            output, _ = process.communicate(timeout=timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            result.fail(f"no end within {timeout} s")
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            RUNNING.remove(process)
        result.output = output.decode("utf-8", "replace")
    return status


def run_tap(program: str) -> Result:
    result = Result(os.path.basename(program))
    started = time.monotonic()
    environment = {"CK_TAP_LOG_FILE_NAME": "-", "CK_VERBOSITY": "silent"}
    try:
        status = run_process(result, [os.path.abspath(program)], TAP_TIMEOUT, environment)
    except OSError as error:
        result.fail(str(error.strerror))
        return result
    if status is not None:
        parse_tap(result, result.output, status)
    result.seconds = time.monotonic() - started
    return result


def run_pytest(folder: str) -> Result:
    """What pytest prints goes straight to the output. A case that kills its process ends the run; it would be tried again."""
    result = Result(folder)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-c", str(SETTINGS)]
        # One machine at a time: some cases compare times, and each emulator has threads enough for the processors.
        alone = folder.endswith("boot")
        command += [
            "-n",
            "1" if alone else str(os.cpu_count()),
            "--dist",
            "loadgroup",
            "--max-worker-restart=0",
            f"--junitxml={path}",
            folder,
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
        parse_junit(result, path, done.returncode)
    result.seconds = time.monotonic() - started
    return result


def run_command(named: str) -> Result:
    name, _, command = named.partition(":")
    result = Result(name.strip())
    started = time.monotonic()
    status = run_process(result, command.strip(), COMMAND_TIMEOUT)
    if status == 0:
        result.passed = 1
        result.last_line = "".join(result.output.splitlines()[-1:])
    elif status is not None:
        result.fail(f"exit status {status}")
    result.seconds = time.monotonic() - started
    return result


def report(result: Result) -> Result:
    print(
        f"{'FAIL' if result.failures else 'ok':4} {result.name}: {result.passed} passed, "
        f"{len(result.failures)} failed ({result.seconds:.1f} s)"
    )
    if result.failures and result.output:
        print(result.output, end="" if result.output.endswith("\n") else "\n")
    elif result.last_line:
        print(f"     {result.last_line}")
    sys.stdout.flush()
    return result


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tap", nargs="*", default=[], action="extend", metavar="PROGRAM")
    parser.add_argument("--pytest", nargs="*", default=[], action="extend", metavar="FOLDER")
    parser.add_argument("--command", default=[], action="append", metavar="NAME: COMMAND")
    return parser.parse_args()


def run_all(arguments: argparse.Namespace) -> list[Result]:
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            results += [report(result) for result in pool.map(run_tap, arguments.tap)]
        except BaseException:  # a signal, mostly; the pool would wait for its threads
            RUNNING.end()
            raise
    for run, names in ((run_command, arguments.command), (run_pytest, arguments.pytest)):
        for name in names:
            print(f"     {name.partition(':')[0]} …", flush=True)
            results.append(report(run(name)))
    return results


def main() -> int:
    results = run_all(parse_arguments())
    passed = sum(result.passed for result in results)
    failures = [failure for result in results for failure in result.failures]
    if not passed and not failures:
        failures.append("no test ran")
    for failure in failures:
        print(f"failed: {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    tool.run(main)
