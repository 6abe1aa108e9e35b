/* SPDX-License-Identifier: MIT
 *
 * A kernel object in a host process: copies of it are linked by the boot linker, with linker constants of their own, at
 * addresses below 2 GiB. What it calls and does not define is taken from this program and its libraries. Those lie
 * above 2 GiB, where the calls of a copy do not reach: it calls them through stubs.
 */
#ifndef R4_SIM_HOSTED_H
#define R4_SIM_HOSTED_H

#include <r4/elf.h>
#include <r4/layout.h>
#include <r4/linker.h>

#define HOSTED_SYMBOLS 256U

struct hosted_kernel {
    struct elf_file file;
    struct linker_plan plan;
    struct linker_symbol symbols[HOSTED_SYMBOLS];
    size_t symbol_count;
    size_t stub_count;
};

/* Opens the object, plans its image, and resolves what it does not define. The linker reports what nobody defines. */
void hosted_open(struct hosted_kernel *kernel, const char *path);

/* Maps one copy at its virtual base, links it and protects its text and its constants. */
void hosted_link(const struct hosted_kernel *kernel, const struct r4_layout_header *header,
                 const struct r4_layout_cluster *cluster);

/* The address in that copy of what the kernel defines under that name. */
uint64_t hosted_find(const struct hosted_kernel *kernel, const struct r4_layout_cluster *cluster, const char *name);

/* Private zeroed memory at a fixed address that is free. */
void hosted_map_private(uintptr_t address, uint64_t size);

/* Whatever goes wrong ends the process; each program says how. */
_Noreturn void hosted_fail(const char *what, const char *which);

#endif
