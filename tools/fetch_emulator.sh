#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fetch_emulator.sh FOLDER: makes FOLDER/qemu-system-x86_64 a QEMU whose TCG has x2APIC, for the tests that need one. If the installed QEMU
# has not, Debian's backports may: those packages are unpacked into FOLDER, beside the installed ones, which stay as they are. Where that
# cannot be done FOLDER/untested says why, in one line. Either is a good end. FOLDER is made anew.
set -eu

PACKAGES="qemu-system-x86 qemu-system-data seabios"
SECONDS_MAX=120 # for each step that waits for a server

folder=$(realpath -m "${1:?"usage: $0 FOLDER"}")
rm -rf "$folder"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/packages"

untested() {
    echo "$1" >"$folder/untested"
    rm -rf "$folder/lists" "$folder/cache" "$folder/packages" "$folder/root" "$folder/qemu-system-x86_64"
    exit 0
}

has_x2apic() {
    set -- "$1" -nodefaults -display none -machine q35 -accel tcg -cpu max,+x2apic,enforce -S -monitor stdio
    echo quit | timeout 20 "$@" >/dev/null 2>&1
}

# wrapper COMMAND: what the script that is to be QEMU executes; ${0%/*} is its folder.
wrapper() {
    printf '#!/bin/sh\nexec %s "$@"\n' "$1" >"$folder/qemu-system-x86_64"
    chmod +x "$folder/qemu-system-x86_64"
    rm -rf "$folder/lists" "$folder/cache" "$folder/packages"
}

# Settings of the system's apt, proxies and keys included, but for where it looks and what it keeps.
fetch() {
    timeout "$SECONDS_MAX" apt-get -qq -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o Debug::NoLocking=1 -o "APT::Sandbox::User=$(id -un)" \
        -o Acquire::Languages=none -o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o APT::Update::Error-Mode=any "$@" >>"$folder/log" 2>&1
}

installed=${R4_EMULATOR:-qemu-system-x86_64}
if has_x2apic "$installed"; then
    wrapper "$installed"
    exit 0
fi
command -v apt-get >/dev/null || untested "the installed QEMU has no x2APIC, and this is no Debian system"
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Release: $release" 2>/dev/null | head -n 1)
[ -n "$mirror" ] || untested "the installed QEMU has no x2APIC, and apt knows no mirror of Debian $release"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ ! -e "$keys" ] || signed="[signed-by=$keys] "
echo "deb ${signed-}$mirror $release-backports main" >"$folder/sources.list"

echo "fetch_emulator: a QEMU with x2APIC, from Debian's backports"
fetch update || untested "the installed QEMU has no x2APIC, and Debian's backports cannot be reached"
cd "$folder/packages"
for package in $PACKAGES; do
    fetch download "$package/$release-backports" || untested "the installed QEMU has no x2APIC, and Debian's backports do not give $package"
done
for package in ./*.deb; do
    dpkg -x "$package" "$folder/root" || untested "the installed QEMU has no x2APIC, and $package cannot be unpacked"
done
# shellcheck disable=SC2016 # for the wrapper to find out
wrapper '"${0%/*}"/root/usr/bin/qemu-system-x86_64 -L "${0%/*}"/root/usr/share/qemu -L "${0%/*}"/root/usr/share/seabios'
has_x2apic "$folder/qemu-system-x86_64" || untested "neither the installed QEMU nor that of Debian's backports has x2APIC"
