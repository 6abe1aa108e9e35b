#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Collects what R4's linkgen.py needs to know of this Linux machine into r4-machine.tar, in the folder where it is started.
# Printed by `linkgen.py collect`. It writes nothing else, sends nothing, and needs only sh, cat, grep, mkdir, mktemp, rm
# and tar. As root it also reads the ACPI tables and the firmware's memory map, which others may not.
#
# It takes numbers alone: of CPUs (APIC ids, packages, caches), of NUMA nodes (CPUs, distances, sizes), of memory ranges;
# and the ACPI tables APIC, FACP, SRAT, SLIT and CEDT, which hold the same. No other table (SLIC and MSDM hold keys), no
# serial numbers, no host name, no network addresses.
#
# R4_ROOT=FOLDER reads a tree below that folder instead of this machine's.
set -eu

root=${R4_ROOT-}
output=r4-machine.tar
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
taken=0

# Files of one line: no process is started for any of them.
take() {
    for path in "$@"; do
        if [ -r "$root$path" ] && [ ! -d "$root$path" ] && line='' && { read -r line <"$root$path" || [ -n "$line" ]; }; then
            printf '%s\n' "$line" >"$work$path"
            taken=$((taken + 1))
        fi
    done
}

# Makes the folder if there is one to copy.
folder() {
    [ -d "$root$1" ] && mkdir -p "$work$1"
}

said() {
    echo "  $1: $2"
}

echo "taken for $output:"

system=/sys/devices/system
if folder $system/cpu; then
    take $system/cpu/present $system/cpu/possible $system/cpu/online $system/cpu/offline
    for cpu in "$root$system"/cpu/cpu[0-9]*; do
        cpu=${cpu#"$root"}
        folder "$cpu" || continue
        take "$cpu/online"
        if folder "$cpu/topology"; then
            take "$cpu/topology/physical_package_id" "$cpu/topology/die_id" "$cpu/topology/core_id" "$cpu/topology/thread_siblings_list" \
                "$cpu/topology/thread_siblings"
        fi
        for cache in "$root$cpu"/cache/index[0-9]*; do
            cache=${cache#"$root"}
            folder "$cache" || continue
            take "$cache/level" "$cache/type" "$cache/size" "$cache/shared_cpu_list"
        done
    done
    said $system/cpu 'present, possible, online, offline; of each CPU online, topology and caches'
fi

if folder $system/node; then
    take $system/node/possible $system/node/online $system/node/has_cpu $system/node/has_memory $system/node/has_normal_memory
    for node in "$root$system"/node/node[0-9]*; do
        node=${node#"$root"}
        folder "$node" || continue
        take "$node/cpulist" "$node/cpumap" "$node/distance"
        grep MemTotal "$root$node/meminfo" >"$work$node/meminfo" 2>/dev/null || :
        for block in "$root$node"/memory[0-9]*; do
            if [ -e "$block" ]; then
                : >"$work${block#"$root"}"
            fi
        done
    done
    said $system/node 'of each node its CPUs, distances, MemTotal, the numbers of its memory blocks'
fi

if folder $system/memory; then
    take $system/memory/block_size_bytes
    said $system/memory block_size_bytes
fi

if [ -r "$root/proc/cpuinfo" ]; then
    mkdir -p "$work/proc"
    grep -E '^(processor|physical id|siblings|core id|cpu cores|apicid|initial apicid)[[:space:]]*:|^$' "$root/proc/cpuinfo" >"$work/proc/cpuinfo" || :
    said /proc/cpuinfo 'processor, physical id, siblings, core id, cpu cores, apicid'
fi

for range in "$root"/sys/firmware/memmap/[0-9]*; do
    range=${range#"$root"}
    folder "$range" || continue
    take "$range/start" "$range/end" "$range/type"
done
[ ! -d "$work/sys/firmware/memmap" ] || said /sys/firmware/memmap 'start, end, type of each range'

tables=/sys/firmware/acpi/tables
names=
for name in APIC FACP SRAT SLIT CEDT; do
    if [ -r "$root$tables/$name" ]; then
        mkdir -p "$work$tables"
        cat "$root$tables/$name" >"$work$tables/$name"
        names="$names $name"
    fi
done
if [ -n "$names" ]; then
    said $tables "${names# }"
else
    echo "NOT taken: the ACPI tables in $tables; start this as root for them: without them domains are guessed"
fi

tar cf "$output" -C "$work" .
echo "$output: $taken numbers; give it to linkgen.py with --sysfs"
