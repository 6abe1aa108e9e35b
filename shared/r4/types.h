/* SPDX-License-Identifier: MIT
 *
 * Scalar names and the few macros that every other file uses. Compiles for the kernel, the coordinator, user programs
 * and the host.
 *
 * Atomic accesses come in two styles. A word that is only ever accessed atomically is _Atomic (<stdatomic.h>). A word
 * that is plain for one side, under its lock, and read or written by another side meanwhile (slots, proxies, messages)
 * keeps its plain type and is accessed there by __atomic_load_n() and its like: as _Atomic every plain access would be
 * ordered, too.
 */
#ifndef R4_TYPES_H
#define R4_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t phys_t; /* a physical address, in bytes */

#define R4_PAGE_SIZE  4096U
#define R4_PAGE_BITS  12U
#define R4_LARGE_SIZE (2U << 20) /* a 2 MiB page: the unit of pools and of hand-off */
#define R4_LARGE_BITS 21U
#define R4_LINE_SIZE  64U /* a cache line, in bytes */

#define R4_MAX_CLUSTERS 64U
#define R4_MAX_CORES    64U  /* in one cluster: core sets are one 64-bit word */
#define R4_MAX_IO_APICS 128U /* in the machine */

#define R4_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Layout asserts for structures that cross a boundary: `R4_SIZE(struct x, 64)`, `R4_OFFSET(struct x, field, 8)`. */
#define R4_SIZE(type, bytes)          _Static_assert(sizeof(type) == (bytes), #type " has the wrong size")
#define R4_OFFSET(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field " is misplaced")

static inline uint64_t round_down(uint64_t value, uint64_t power) { return value & ~(power - 1); }
static inline uint64_t round_up(uint64_t value, uint64_t power) { return (value + power - 1) & ~(power - 1); }
static inline bool is_aligned(uint64_t value, uint64_t power) { return (value & (power - 1)) == 0; }

#endif
