/* SPDX-License-Identifier: MIT
 *
 * The boot linker: places the four sections of the kernel object (.text .rodata .data .bss) one after another, resolves
 * its undefined symbols from a list, applies the five relocation types that the compilers leave. Same code in the
 * coordinator, in the host tests (compared with GNU ld byte for byte) and in the simulator.
 *
 * Image: from virtual_base; .text, .rodata, .data, .bss in this order, each at the next multiple of 4 KiB, since their
 * pages differ in rights; gaps are zero.
 */
#ifndef R4_LINKER_H
#define R4_LINKER_H

#include <r4/elf.h>

struct linker_symbol {
    const char *name;
    uint64_t value;
};

enum { LINKER_TEXT, LINKER_RODATA, LINKER_DATA, LINKER_BSS, LINKER_SECTIONS };

struct linker_plan { /* offsets from virtual_base; sizes in bytes, 0 = the object has no such section */
    uint64_t offset[LINKER_SECTIONS];
    uint64_t size[LINKER_SECTIONS];
    uint64_t image_size;               /* bytes with bss, whole pages */
    uint16_t section[LINKER_SECTIONS]; /* index in the object, 0 = none */
};

/* Reads the sections of a checked relocatable object and plans the image. Refuses allocated sections other than the
 * four. */
bool linker_plan(const struct elf_file *file, struct linker_plan *plan, struct refusal *why);

/* Fills `image` (plan->image_size bytes) with the sections, zeroes what is between and after them, and relocates them
 * for `virtual_base`. Undefined symbols come from `symbols`. On a refusal the image is not to be used. */
bool linker_link(const struct elf_file *file, const struct linker_plan *plan, uint64_t virtual_base,
                 const struct linker_symbol *symbols, size_t symbol_count, uint8_t *image, struct refusal *why);

/* The address of a global symbol that the object defines, once linked at virtual_base; 0 if there is none of that name.
 */
uint64_t linker_find(const struct elf_file *file, const struct linker_plan *plan, uint64_t virtual_base,
                     const char *name);

#endif
