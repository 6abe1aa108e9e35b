# SPDX-License-Identifier: MIT
"""Each rule of check_tree.py fires on a small tree that breaks it, and on no other."""

import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "check_tree.py"
SPDX = "/* SPDX-License-Identifier: MIT */\n"
GOOD = SPDX + '#include <r4/types.h>\n#include <stdint.h>\n#include "a.h"\nint a(void) { return 1; }\n'
GUARDED = SPDX + "#ifndef A_H\n#define A_H\nint a(void);\n#endif\n"
Tree = tuple[pathlib.Path, Callable[[], list[str]]]
LONG = "int a(void) {\n" + "    a();\n" * 59 + "}\n"


@pytest.fixture(name="tree")
def small_tree(tmp_path: pathlib.Path) -> Tree:
    """A tree without a breach, and a function that compiles its pure file and runs the tool."""
    pure = tmp_path / "cluster-kernel" / "pure"
    objects = tmp_path / "build" / "kernel" / "pure"
    for folder in (pure, objects, tmp_path / "shared" / "r4", tmp_path / "cluster-kernel" / "x86"):
        folder.mkdir(parents=True)
    (tmp_path / "shared" / "r4" / "types.h").write_text(SPDX)
    (pure / "a.c").write_text(GOOD)
    (pure / "a.h").write_text(GUARDED)

    def check() -> list[str]:
        source = (pure / "a.c").read_text()
        command = f"gcc -fno-pic -I {tmp_path}/shared -w -c {pure}/a.c -o {objects}/a.o".split()
        subprocess.run(command, check=True, input=source, text=True)
        done = subprocess.run([sys.executable, TOOL, "--root", tmp_path], capture_output=True, text=True, check=False)
        *breaches, _ = done.stdout.splitlines()
        assert done.stderr == ""
        assert done.returncode == (1 if breaches else 0)
        return breaches

    return tmp_path, check


def test_good_tree(tree: Tree) -> None:
    assert tree[1]() == []


@pytest.mark.parametrize(
    "name, text, breach",
    [
        ("cluster-kernel/pure/a.c", GOOD + "#include <string.h>\n", "6: a pure file includes string.h"),
        ("cluster-kernel/pure/a.c", GOOD + '#include "../x86/b.h"\n', "6: a pure file includes ../x86/b.h"),
        ("cluster-kernel/pure/a.c", GOOD + 'void b(void) { __asm__("nop"); }\n', "6: assembly in a pure file"),
        ("cluster-kernel/b.c", SPDX + "#if A\n#endif\n", "2: conditional compilation outside x86/: #if A"),
        ("cluster-kernel/b.h", GUARDED + "#ifdef A\n#endif\n", "6: conditional compilation outside x86/: #ifdef A"),
        ("cluster-kernel/b.c", SPDX + "typedef struct a b;\n", "2: a struct keeps its name: typedef struct a b;"),
        ("cluster-kernel/b.c", SPDX + "/* TO" "DO */\n", "2: left to do: /* TO" "DO */"),
        ("cluster-kernel/b.c", SPDX + "/*" + "b" * 117 + "*/\n", "2: 121 columns; a line has up to 120"),
        ("cluster-kernel/b.c", "int b;\n", "1: no SPDX licence line at the top"),
        ("cluster-kernel/b.c", SPDX + "int undo_b;\n", "2: undo_b: the word for undo is finalise"),
        (
            "cluster-kernel/b.c",
            SPDX + "int b(struct r4_slot *s) { return s->word[1]; }\n",
            "2: a slot's word without an accessor: int b(struct r4_slot *s) { return s->word[1]; }",
        ),
        ("cluster-kernel/b.c", SPDX + LONG, "2: a has 61 lines; a function has up to 60"),
        ("cluster-kernel/b.c", SPDX + "\n" * 500, "1: 501 lines; a file has up to 500"),
        ("tools/b.py", "#" + SPDX + "def b():\n" + "    b()\n" * 60, "2: b has 61 lines; a function has up to 60"),
    ],
)  # fmt: skip
def test_breach_in_a_source(tree: Tree, name: str, text: str, breach: str) -> None:
    root, check = tree
    (root / "cluster-kernel" / "x86" / "b.h").write_text(SPDX)
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)
    assert check() == [f"{name}:{breach}"]


@pytest.mark.parametrize(
    "code, breach",
    [
        ("int b(void);\nint c(void) { return b(); }\n", "a pure object needs b"),
        ("int state = 1;\n", "a pure object has data that can change: state"),
        ("static int count;\nint c(void) { return count++; }\n", "a pure object has data that can change: count"),
    ],
)
def test_breach_in_an_object(tree: Tree, code: str, breach: str) -> None:
    root, check = tree
    (root / "cluster-kernel/pure/a.c").write_text(GOOD + code)
    (found,) = check()
    assert found.endswith(f"a.o: {breach}")


@pytest.mark.parametrize(
    "text",
    [
        '/* #if in a comment { */\nconst char *const text = "{ #if";\n',
        "#define LONG_MACRO(x) \\\n    do { \\\n    } while (0)\n",
        "const int table[] = {\n" + "    1,\n" * 80 + "};\n",
        LONG.replace("    a();\n", "", 1),
        "extern void *memcpy(void *, const void *, unsigned long);\nvoid c(void *p) { memcpy(p, p, 9); }\n",
    ],
)
def test_no_false_alarm(tree: Tree, text: str) -> None:
    root, check = tree
    (root / "cluster-kernel/pure/a.c").write_text(GOOD.replace("int a(void) { return 1; }\n", text))
    assert check() == []


def test_conditions_are_allowed_in_x86(tree: Tree) -> None:
    root, check = tree
    (root / "cluster-kernel/x86/b.c").write_text(SPDX + "#if A\n#endif\n")
    assert check() == []


def test_unbuilt_tree_is_a_breach(tree: Tree) -> None:
    root, _ = tree
    done = subprocess.run([sys.executable, TOOL, "--root", root], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no objects" in done.stdout
