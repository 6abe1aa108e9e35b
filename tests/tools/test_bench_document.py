# SPDX-License-Identifier: MIT
"""The document of a run of the figures: it says what it was given, fits its schema, and is refused when something in it is wrong."""

import copy
import csv
import io
import json
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

import document as documents

CONVERT = pathlib.Path(__file__).resolve().parents[2] / "tools/bench/convert.py"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(documents.SCHEMA.read_text(encoding="utf-8")))
CONTEXT = {
    "date": "2026-11-29T01:02:03Z",
    "command": "make bench CONFIG=configs/qemu-2x1.toml ACCEL=icount",
    "commit": "0123456789" * 4,
    "dirty": False,
    "compiler": "gcc (Debian 12.2.0-14) 12.2.0",
    "qemu": "QEMU emulator version 7.2.22",
    "accelerator": "icount",
    "layout_checksum": "0x0123abcd",
    "machine": {"name": "qemu-2x1", "cores": [1, 1], "memory_mib": [256, 256], "ring_slots": 8},
    "host": {"processor": "a processor", "processors": 2, "system": "Linux 6.1"},
}
REVOKE = documents.Figure(
    name="remote.revoke.8",
    family="revoke",
    test="remote.revoke.8",
    metric="instructions",
    parameters={"frames": 8, "size": 2 << 20, "cluster_a": 0, "cluster_b": 1},
    unit="insn-sum",
    exact=True,
    samples=[3951, 3950, 3952, 3950],
    budget={"today": 3950, "ceiling": 4115},
)
FITTED = documents.Figure(
    "fit.revoke.b", "fit", "fit.revoke", "round_trips", {}, "ratio", False, [2.5], None, (2.25, 3)
)
DOCUMENT = documents.Document(CONTEXT, [REVOKE, FITTED])


@pytest.fixture(name="path")
def fixture_path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "new folder" / "run.json"
    documents.write(path, DOCUMENT)
    return path


def converted(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CONVERT, *map(str, words)], capture_output=True, text=True, check=False)


def test_schema_is_one() -> None:
    VALIDATOR.check_schema(VALIDATOR.schema)


def test_what_is_written_fits_and_is_read_again(path: pathlib.Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))
    assert documents.read(path) == DOCUMENT


def test_quartiles_are_samples() -> None:
    fields = REVOKE.fields()
    assert [fields[key] for key in ("n", "min", "q1", "median", "q3", "max")] == [4, 3950, 3950, 3951, 3952, 3952]
    assert FITTED.fields()["q3"] == 2.5


def figure(fields: dict[str, Any]) -> dict[str, Any]:
    return fields["figures"][0]


# What is changed, and whether the schema sees it by itself: it knows no sums.
WRONG: list[tuple[Callable[[dict[str, Any]], object], str, bool]] = [
    (lambda fields: fields.update(schema_version=2), "schema_version is 2; this tool reads 1", True),
    (lambda fields: fields.pop("schema_version"), "schema_version is None; this tool reads 1", True),
    (lambda fields: fields["context"].update(accelerator="fast"), "accelerator is 'fast'; one of icount, tcg", True),
    (lambda fields: figure(fields).update(samples=[]), "remote.revoke.8: no samples", True),
    (lambda fields: figure(fields).update(colour="red"), "remote.revoke.8: colour is 'red'", True),
    (lambda fields: figure(fields).pop("budget"), "no document of figures: KeyError('budget')", True),
    (lambda fields: figure(fields).update(median=3950), "median is 3950, and the samples say 3951", False),
    (lambda fields: figure(fields).update(n=5), "n is 5, and the samples say 4", False),
    (
        lambda fields: fields["figures"].append(copy.deepcopy(figure(fields))),
        "two figures have the name remote.revoke.8",
        False,
    ),
]


@pytest.mark.parametrize("change, message, seen", WRONG)
def test_what_is_wrong_is_refused(
    path: pathlib.Path, change: Callable[[dict[str, Any]], object], message: str, seen: bool
) -> None:
    fields = json.loads(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(documents.DocumentError) as refused:
        documents.read(path)
    assert str(refused.value).startswith(f"{path}: ") and message in str(refused.value)
    assert VALIDATOR.is_valid(fields) != seen
    done = converted("--format", "csv", path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"convert.py: {refused.value}\n")


def test_two_of_one_name_are_not_written(tmp_path: pathlib.Path) -> None:
    with pytest.raises(documents.DocumentError, match="two figures have the name remote.revoke.8"):
        documents.write(tmp_path / "run.json", documents.Document(CONTEXT, [REVOKE, REVOKE]))
    assert not list(tmp_path.iterdir())


def test_csv_has_a_row_for_each_sample(path: pathlib.Path) -> None:
    done = converted("--format", "csv", path, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("test,variant,tier,cluster a,cluster b,size,repeat,metric,value,unit\n")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 2 * (len(REVOKE.samples) + 1)
    assert list(rows[2].values()) == [
        *("remote.revoke.8", "frames=8", "icount", "0", "1", "2097152", "2", "instructions", "3952", "insn-sum")
    ]
    assert list(rows[4].values()) == ["fit.revoke", "", "icount", "", "", "", "0", "round_trips", "2.5", "ratio"]


def test_google_has_what_its_reader_looks_for(path: pathlib.Path) -> None:
    done = converted("--format", "google", path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["context"]["executable"] == CONTEXT["command"]
    entries = found["benchmarks"]
    assert [(entry["name"], entry["real_time"], entry["label"]) for entry in entries] == [
        *(("remote.revoke.8", float(sample), "insn-sum") for sample in REVOKE.samples),
        ("fit.revoke.b", 2.5, "ratio"),
    ]
    for entry in entries:
        assert entry["cpu_time"] == entry["real_time"] and entry["run_type"] == "iteration"
        assert entry["time_unit"] in ("ns", "us", "ms", "s")
    assert [entry["repetition_index"] for entry in entries] == [0, 1, 2, 3, 0]
    assert converted("--format", "google", path, path).stderr == (
        "convert.py: --format google takes one document: its readers compare two files\n"
    )
