# SPDX-License-Identifier: MIT
"""What the report says of each family of cases, and the published figures that it shows beside R4's."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Family:
    title: str
    parameter: str  # along the axis
    sentence: str


@dataclasses.dataclass(frozen=True)
class Published:
    what: str
    figure: str  # of R4: the case
    others: str


FAMILIES = {
    "revoke-frames": Family(
        "Revoke of a loan by what was made of it",
        "frames",
        "The borrower has made frames of 4 KiB of the memory. Two messages, whatever it made; the borrower's kernel removes "
        "each frame's capability by itself.",
    ),
    "revoke-mapped": Family(
        "Revoke of a loan with mapped frames",
        "frames",
        "The same with each frame mapped: the translations are gone on every core of the borrower before the call returns.",
    ),
    "revoke-peers": Family(
        "Revoke of memory that several peers have borrowed",
        "peers",
        "All are asked before any answer is awaited, so the sum grows with the peers and the way there and back does not. "
        "With 0 peers nothing is out, and no message is sent.",
    ),
    "revoke-chain": Family(
        "Revoke of memory that was lent on, to and fro between two clusters",
        "depth",
        "Each hop lies inside the one before and ends first: two messages for each, one after the other.",
    ),
    "revoke-round": Family(
        "Revoke of memory that was lent on around all clusters",
        "depth",
        "The same through all clusters: no cluster but the next one is asked.",
    ),
    "revoke-children": Family(
        "Revoke of 32 loans to several peers",
        "peers",
        "The number of loans decides, not to how many peers they went.",
    ),
    "at-once-own": Family(
        "Several clusters revoke at the same time, each what is its own",
        "clusters",
        "In a circle: each is lender and borrower. There is no lock in common, and no revoke waits for another.",
    ),
    "handoff-size": Family(
        "Hand-off by size",
        "size",
        "A hand-off moves no byte: what depends on the size is the lender's and the borrower's direct map alone.",
    ),
    "revoke-size": Family("Revoke of an untouched loan by size", "size", "The same on the way back."),
    "revoke-unrelated": Family(
        "Revoke beside unrelated capabilities",
        "unrelated",
        "A revoke looks at what derives from its memory alone. Systems that look through all capabilities grow here.",
    ),
    "handoff-unrelated": Family(
        "Hand-off beside unrelated capabilities", "unrelated", "A hand-off looks at one capability."
    ),
    "proxy-invoke": Family(
        "Invocation through proxies",
        "proxies",
        "What an invocation costs more than directly. To withdraw a proxy costs its owner a few stores, however many "
        "programs go through it.",
    ),
    "revoke-copies": Family(
        "Revoke of copies in one cluster",
        "copies",
        "From 64 copies on per copy, below for all of them together.",
    ),
}

SEMPEROS = "SemperOS (Hille and others, USENIX ATC 2019), its public code (ee7bc19) run again in gem5"
BARRELFISH = "Barrelfish (06a9f5472), n kernels, counted in its code"
PUBLISHED = [
    Published(
        "revoke of one child on one other kernel",
        "remote.revoke.frames.0",
        f"{SEMPEROS}: 4 messages, 3,686 cycles. {BARRELFISH}: 4(n - 1) messages.",
    ),
    Published(
        "revoke when nothing is on another kernel",
        "remote.revoke.peers.0",
        f"{SEMPEROS}: 0 messages, 1,882 cycles with one local child. {BARRELFISH}: 4(n - 1) messages.",
    ),
    Published(
        "a capability goes to another kernel",
        "remote.handoff.mib.2",
        f"{SEMPEROS}: 2 messages, 5,842 cycles. {BARRELFISH}: 2 messages from the owner, 4 from another.",
    ),
    Published(
        "revoke of a chain of 14 between two kernels",
        "remote.revoke.chain.14",
        f"{SEMPEROS}: 4 messages and 2,000 to 2,300 cycles for each hop. {BARRELFISH}: 4(n - 1) messages for any length.",
    ),
]
