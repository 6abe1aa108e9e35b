#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs test programs of several kinds and adds them up; the last line is "N passed, N failed".

    --tap PROGRAM…      Check programs: one result per TAP line
    --pytest FOLDER…    one result per pytest case; as many as it says by record_property("cases", n)
    --command NAME: …   a shell command: one result, its exit status

A program that reports less than it planned, no plan at all, nothing, or an exit status that its results do not explain counts as one
failure more. No results at all is a failure. Exit status 0 only if something passed and nothing failed.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

TAP_TIMEOUT = 300  # seconds for one host program
PYTEST_TIMEOUT = 1500  # seconds for one folder
COMMAND_TIMEOUT = 900

TAP_PLAN = re.compile(r"^1\.\.(\d+)\s*$")
TAP_RESULT = re.compile(r"^(not )?ok\b(?:\s+\d+)?(.*)$")


class Result:
    """What one program reported: how many passed, and a line for each failure."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failures = []
        self.output = ""
        self.last_line = ""  # of a command that succeeded: its own summary
        self.seconds = 0.0

    def fail(self, reason):
        self.failures.append(f"{self.name}: {reason}")

    def explain_status(self, status):
        """An exit status that says failure while no result does is a failure of its own."""
        if status != 0 and not self.failures:
            self.fail(f"killed by signal {-status}" if status < 0 else f"exit status {status} although no test failed")


def parse_tap(result, text, status):
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


def parse_junit(result, path, status):
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
            result.passed += 1 if inner is None else int(inner.get("value"))
    if not result.passed and not result.failures:
        result.fail("ran no test")
    result.explain_status(status)


def run_process(result, command, timeout, environment=None, live=False):
    """Runs a command to its end or the time limit; returns its exit status, or None after a timeout."""
    started = time.monotonic()
    stream = None if live else subprocess.PIPE
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=stream,
        stderr=None if live else subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
        shell=isinstance(command, str),
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
            result.output = (output or b"").decode("utf-8", "replace")
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
            result.output = (output or b"").decode("utf-8", "replace")
            result.fail(f"no end within {timeout} s")
            status = None
    result.seconds = time.monotonic() - started
    return status


def run_tap(program):
    result = Result(os.path.basename(program))
    environment = {"CK_TAP_LOG_FILE_NAME": "-", "CK_VERBOSITY": "silent"}
    try:
        status = run_process(result, [os.path.abspath(program)], TAP_TIMEOUT, environment)
    except OSError as error:
        result.fail(error.strerror)
        return result
    if status is not None:
        parse_tap(result, result.output, status)
    return result


def run_pytest(folder):
    result = Result(folder)
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
        status = run_process(result, [*command, f"--junitxml={report}", folder], PYTEST_TIMEOUT, live=True)
        if status is not None:
            parse_junit(result, report, status)
    return result


def run_command(named):
    name, _, command = named.partition(":")
    result = Result(name.strip())
    status = run_process(result, command.strip(), COMMAND_TIMEOUT)
    if status == 0:
        result.passed = 1
        result.last_line = "".join(result.output.splitlines()[-1:])
    elif status is not None:
        result.fail(f"exit status {status}")
    return result


def report(result):
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


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tap", nargs="*", default=[], action="extend", metavar="PROGRAM")
    parser.add_argument("--pytest", nargs="*", default=[], action="extend", metavar="FOLDER")
    parser.add_argument("--command", default=[], action="append", metavar="NAME: COMMAND")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results += [report(result) for result in pool.map(run_tap, arguments.tap)]
    for run, names in ((run_command, arguments.command), (run_pytest, arguments.pytest)):
        for name in names:
            print(f"     {name.partition(':')[0]} …", flush=True)
            results.append(report(run(name)))
    passed = sum(result.passed for result in results)
    failures = [failure for result in results for failure in result.failures]
    if not passed and not failures:
        failures.append("no test ran")
    for failure in failures:
        print(f"failed: {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
