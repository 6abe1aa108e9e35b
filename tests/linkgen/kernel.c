/* SPDX-License-Identifier: MIT
 *
 * A small stand-in for the kernel: leaves all five relocation types, strings, pointers in each section, a gap in front
 * of .data, and every width of linker constant, with both compilers and without the kernel's build.
 */
#include <r4/linker_constants.h>
#include <x86/linker_constants.h>

struct entry {
    const char *name;
    int (*call)(int);
};

int calls = 3;
static int counters[3000];
static int *const first = &counters[1];
int *last = &counters[2999];

static int __attribute__((noinline)) count(int by) { return counters[by] += *first + *last; }
static int __attribute__((noinline)) twice(int by) { return count(by) + count(by + 1); }

const struct entry table[] = {{"count", count}, {"twice", twice}};
static const char text[] = "a string that the compiler keeps by its address";

const char *kernel_text(int from) { return text + from; }

uint64_t kernel_entry(unsigned which) {
    uint64_t sum = LINKER_CONSTANT_32(r4_linker_cluster) + LINKER_CONSTANT_32(r4_linker_core_count);
    for (unsigned i = 0; i < LINKER_CONSTANT_32(r4_linker_cluster_count); i++) {
        sum += LINKER_CONSTANT_64(r4_linker_rings_in) + LINKER_CONSTANT_64(r4_linker_direct_map);
    }
    calls++;
    return sum + (uint64_t)table[which].call(calls) + (uint64_t)table[which].name[0] + (uint64_t)counters[which];
}
