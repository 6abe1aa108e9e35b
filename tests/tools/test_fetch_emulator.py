# SPDX-License-Identifier: MIT
"""tools/fetch_emulator.sh, with stand-ins for QEMU, apt and dpkg: it ends well in any case, with an emulator or with a reason."""

import os
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "tools" / "fetch_emulator.sh"
MIRROR = "file:/nowhere/debian/"
HAS_X2APIC = 'echo "run $0 $*" >>"$CALLS"; exit 0'
NO_X2APIC = "exit 1"
# `download` makes a package of the name before the slash.
APT = """echo "apt-get $*" >>"$CALLS"
for word; do last=$word; done
case "$*" in
*indextargets*) echo "$MIRROR" ;;
*" update") exit ${UPDATE-0} ;;
*" download "*) touch "${last%/*}.deb" ;;
esac"""
# What is unpacked is an emulator if its package is.
DPKG = """case "$2" in
*qemu-system-x86*) mkdir -p "$3/usr/bin" && cp "$UNPACKED" "$3/usr/bin/qemu-system-x86_64" ;;
esac"""


class Machine:
    """Commands of that name in front of the system's, and what they were called with."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.calls = folder / "calls"
        self.calls.touch()
        (folder / "bin").mkdir()
        self.environment = dict(
            os.environ,
            PATH=f"{folder}/bin:{os.environ['PATH']}",
            CALLS=str(self.calls),
            MIRROR=MIRROR,
            R4_EMULATOR="",
            UNPACKED=str(self.command("unpacked", HAS_X2APIC)),
        )
        self.command("apt-get", APT)
        self.command("dpkg", DPKG)

    def command(self, name: str, body: str) -> pathlib.Path:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def fetch(self) -> list[str]:
        subprocess.run([SCRIPT, self.out], env=self.environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
        return sorted(path.name for path in self.out.iterdir())

    def reason(self) -> str:
        text = (self.out / "untested").read_text()
        assert text.count("\n") == 1
        return text.strip()


@pytest.fixture(name="host")
def fixture_host(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def test_installed_one_will_do(host: Machine) -> None:
    host.command("qemu-system-x86_64", HAS_X2APIC)
    assert host.fetch() == ["qemu-system-x86_64"]
    assert "apt-get" not in host.calls.read_text()
    subprocess.run([host.out / "qemu-system-x86_64", "two words"], env=host.environment, check=True)
    assert host.calls.read_text().endswith("/qemu-system-x86_64 two words\n")


def test_backports_are_unpacked_beside_it(host: Machine) -> None:
    host.command("qemu-system-x86_64", NO_X2APIC)
    assert host.fetch() == ["log", "qemu-system-x86_64", "root", "sources.list"]
    assert (
        f"{MIRROR} " in (host.out / "sources.list").read_text()
        and "-backports main" in (host.out / "sources.list").read_text()
    )
    moved = host.folder / "moved"
    host.out.rename(moved)
    subprocess.run([moved / "qemu-system-x86_64", "-version"], env=host.environment, check=True)
    root = f"{moved}/root/usr"
    assert host.calls.read_text().endswith(
        f"run {root}/bin/qemu-system-x86_64 -L {root}/share/qemu -L {root}/share/seabios -version\n"
    )


def test_no_mirror(host: Machine) -> None:
    host.command("qemu-system-x86_64", NO_X2APIC)
    host.environment["MIRROR"] = ""
    assert host.fetch() == ["untested"]
    assert host.reason().startswith("the installed QEMU has no x2APIC, and apt knows no mirror of Debian ")


def test_no_network(host: Machine) -> None:
    host.command("qemu-system-x86_64", NO_X2APIC)
    host.environment["UPDATE"] = "100"
    assert host.fetch() == ["log", "sources.list", "untested"]
    assert host.reason() == "the installed QEMU has no x2APIC, and Debian's backports cannot be reached"


def test_package_is_not_there(host: Machine) -> None:
    host.command("qemu-system-x86_64", NO_X2APIC)
    host.command("apt-get", APT.replace("touch", "false"))
    assert "untested" in host.fetch()
    assert host.reason() == "the installed QEMU has no x2APIC, and Debian's backports do not give qemu-system-x86"


def test_fetched_one_does_not_run(host: Machine) -> None:
    host.command("qemu-system-x86_64", NO_X2APIC)
    host.command("unpacked", NO_X2APIC)
    assert host.fetch() == ["log", "sources.list", "untested"]
    assert host.reason().startswith("neither the installed QEMU nor that of Debian's backports has x2APIC")
