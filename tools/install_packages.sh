#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install_packages.sh run|uefi|tables|debug|report|test|prove: installs the Debian packages that building and running need, or also running
# under UEFI, or ACPI tables of a machine's own, or debugging, or testing, or proofs; or what reports of the benchmark need. Names them;
# silent and without effect when all are there.
# As root, else through sudo.
set -eu

run="make gcc libc6-dev binutils python3 qemu-system-x86 grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools"
uefi="ovmf"
tables="acpica-tools"
debug="gdb"
report="python3-jinja2 python3-matplotlib"
test="$tables $debug $report chromium check clang clang-format g++ relacy-dev python3-jsonschema python3-pyelftools python3-pytest python3-hypothesis python3-z3 babeltrace2 python3-bt2"
test="$test python3-pytest-xdist python3-pytest-timeout python3-rich clang-tidy shellcheck codespell black pylint mypy"
prove="frama-c-base"

case "${1-}" in
run) wanted=$run ;;
uefi) wanted="$run $uefi" ;;
tables) wanted="$run $tables" ;;
debug) wanted="$run $debug" ;;
report) wanted=$report ;;
test) wanted="$run $uefi $test" ;;
prove) wanted="$run $prove" ;;
*)
    echo "usage: $0 run|uefi|tables|debug|report|test|prove" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "install_packages: not a Debian system; this needs what Debian calls: $wanted" >&2
    exit 0
fi

missing=
for package in $wanted; do
    # shellcheck disable=SC2016 # dpkg-query's own variable
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=none
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "install_packages: installing$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "install_packages: neither root nor sudo; install by hand:$missing" >&2
    exit 1
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing </dev/null
