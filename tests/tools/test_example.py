# SPDX-License-Identifier: MIT
"""The program that README.md shows under "Your own program" compiles against user/lib as it is."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_example_compiles(tmp_path: pathlib.Path) -> None:
    (program,) = re.findall(r"^```c\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/hello.h").write_text("#include <r4/types.h>\nuint32_t hello_run(void);\n", encoding="utf-8")
    flags = ["-std=gnu11", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only"]
    subprocess.run(
        ["gcc", *flags, "-I", ROOT / "user", "-I", ROOT / "shared", "-I", tmp_path, "-x", "c", "-"],
        input=program,
        text=True,
        check=True,
    )
