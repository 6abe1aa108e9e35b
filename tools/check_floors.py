#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves from the compiler's call graph that calls go down the floors and never round in a circle.

A floor is a line of FLOORS below; a file calls files further down, or on its own floor further left. NAME.h and NAME.c are one file.
The graph is that of gcc -fcallgraph-info at -O0 with nothing inlined, since inlining hides calls. The ground, which everybody may
call: the machine (downcalls of machine.h), contract_failed, and the sources of shared/. Not followed: the machine's upcalls. A call
through a pointer is a call of every function that is stored in a table there; TABLES names them. Folders in FREE have no floors, only
no circle. Exit status 1 if anything is refused.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]

# The kernel's floors, top to bottom, and the files on each, left to right: README.md tells what each is for.
FLOORS = [
    ["dispatch_", "event", "syscall", "main"],
]
