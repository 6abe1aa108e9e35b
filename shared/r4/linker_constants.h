/* SPDX-License-Identifier: MIT
 *
 * The linker constants: undefined symbols of the kernel object whose *addresses* the boot linker sets from the layout,
 * so that they are immediates in the instruction stream. One list for kernel, coordinator, simulator; tools/linkgen.py
 * writes the same names into the reference linker scripts. Read only through LINKER_CONSTANT_32 / _64 and LINKER_CHOICE
 * of shared/x86/linker_constants.h: both compilers fold `(uintptr_t)symbol == 0`.
 */
#ifndef R4_LINKER_CONSTANTS_H
#define R4_LINKER_CONSTANTS_H

#include <r4/layout.h>

/* The value of a skip_ constant: the length of the jump to what is skipped (LINKER_CHOICE). 0: it is not skipped. */
#define R4_LINKER_SKIP 5U

/* name, bits of the immediate, value from layout (l), cluster record (c) */
#define R4_LINKER_CONSTANT_LIST(X)                                                                                     \
    X(r4_linker_cluster, 32, (c)->number)                                                                              \
    X(r4_linker_cluster_count, 32, (l)->header->cluster_count)                                                         \
    X(r4_linker_core_count, 32, (c)->core_count)                                                                       \
    X(r4_linker_ring_slots, 32, (l)->header->ring_slots)                                                               \
    X(r4_linker_skip_trace, 32, R4_LINKER_SKIP *(1 - ((l)->header->flags & R4_LAYOUT_TRACE) / R4_LAYOUT_TRACE))        \
    X(r4_linker_skip_lock, 32, R4_LINKER_SKIP *(1 / (c)->core_count))                                                  \
    X(r4_linker_virtual_base, 64, (c)->virtual_base)                                                                   \
    X(r4_linker_direct_map, 64, (c)->direct_map)                                                                       \
    X(r4_linker_boot_info, 64, (c)->virtual_base + R4_AREA_BOOT_INFO)                                                  \
    X(r4_linker_header, 64, (c)->virtual_base + R4_AREA_HEADER)                                                        \
    X(r4_linker_tables, 64, (c)->virtual_base + R4_AREA_TABLES)                                                        \
    X(r4_linker_directories, 64, (c)->direct_map - R4_DIRECT_MAP + R4_DIRECTORY_MAP)                                   \
    X(r4_linker_rings_in, 64, (c)->virtual_base + R4_AREA_RINGS_IN)                                                    \
    X(r4_linker_rings_out, 64, (c)->virtual_base + R4_AREA_RINGS_OUT)                                                  \
    X(r4_linker_headers, 64, (c)->virtual_base + R4_AREA_HEADERS)                                                      \
    X(r4_linker_apic, 64, (c)->virtual_base + R4_AREA_APIC)                                                            \
    X(r4_linker_io_apics, 64, (c)->virtual_base + R4_AREA_IO_APICS)                                                    \
    X(r4_linker_cores, 64, (c)->virtual_base + R4_AREA_CORES)

#endif
