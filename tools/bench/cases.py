# SPDX-License-Identifier: MIT
"""What the names of figures mean, as PROGRAM=bench prints them: NAME of a case, NAME.messages and NAME.doorbells."""

import dataclasses
import re

import document as documents

COUNTED = ("messages", "doorbells")
LOCAL = "local"  # the family of all that needs one cluster alone and has no other
MIB = 1 << 20

# Pattern of a case -> family. What the pattern names is a parameter.
FAMILIES = [
    (r"remote\.handoff\.mib\.(?P<mib>\d+)", "handoff-size"),
    (r"remote\.revoke\.mib\.(?P<mib>\d+)", "revoke-size"),
    (r"remote\.revoke\.frames\.(?P<frames>\d+)", "revoke-frames"),
    (r"remote\.revoke\.mapped\.(?P<frames>\d+)", "revoke-mapped"),
    (r"remote\.revoke\.peers\.(?P<peers>\d+)", "revoke-peers"),
    (r"remote\.revoke\.chain\.(?P<depth>\d+)", "revoke-chain"),
    (r"remote\.revoke\.round\.(?P<depth>\d+)", "revoke-round"),
    (r"remote\.revoke\.tree\.(?P<depth>\d+)", "revoke-tree"),
    (r"remote\.revoke\.children\.(?P<peers>\d+)", "revoke-children"),
    (r"remote\.revoke\.unrelated\.(?P<unrelated>\d+)", "revoke-unrelated"),
    (r"remote\.handoff\.unrelated\.(?P<unrelated>\d+)", "handoff-unrelated"),
    (r"remote\.at_once\.own\.(?P<clusters>\d+)", "at-once-own"),
    (r"remote\.at_once\.ancestor\.(?P<clusters>\d+)", "at-once-ancestor"),
    (r"remote\.handoff", "remote"),
    (r"remote\.revoke\.(?P<frames>\d+)", "remote"),
    (r"proxy\.invoke\.(?P<proxies>\d+)", "proxy-invoke"),
    (r"cap\.revoke\.(?P<copies>\d+)", "revoke-copies"),
    (r"(?:cap|frame|thread|pd|cap_page|untyped|object|proxy)\.[\w.]+", LOCAL),
]
OF_TWO = {
    "handoff-size",
    "revoke-size",
    "revoke-frames",
    "revoke-mapped",
    "revoke-unrelated",
    "handoff-unrelated",
    "remote",
}


class CaseError(Exception):
    """A name that means nothing."""


@dataclasses.dataclass(frozen=True)
class Case:
    test: str
    family: str
    counted: str | None  # what the figure counts; None: it measures
    parameters: documents.Parameters


def case_of(name: str) -> Case:
    """What the figure of that name measures."""
    test, _, last = name.rpartition(".")
    test, counted = (test, last) if last in COUNTED else (name, None)
    for pattern, family in FAMILIES:
        if match := re.fullmatch(pattern, test):
            parameters: dict[str, int | str] = {key: int(value) for key, value in match.groupdict().items()}
            if family in OF_TWO:
                parameters |= {"cluster_a": 0, "cluster_b": 1, "size": MIB * int(parameters.pop("mib", 2))}
            return Case(test, family, counted, parameters)
    raise CaseError(f"{name}: tools/bench/cases.py knows no family of this figure")


def metric_of(case: Case, unit: str) -> str:
    return case.counted or ("instructions" if unit.startswith("insn") else "ticks" if unit == "tsc" else unit)
