/* SPDX-License-Identifier: MIT
 *
 * Where things go in a cluster's memory: its pools, the reserve that holds all that the kernel maps by 4 KiB pages, the
 * block of the root task, and the page for the cores' first instructions. Arithmetic only; nothing is written.
 */
#ifndef R4_BOOT_PLACE_H
#define R4_BOOT_PLACE_H

#include "ranges.h"
#include <r4/bootinfo.h>

/* *pools = the whole 2 MiB pages within `ram`. Returns how many bytes of `ram` are left over. *fits becomes false if
 * there are too many ranges. */
uint64_t place_pools(const struct ranges *ram, struct ranges *pools, bool *fits);

/* Inserts one cluster's pools into the list of all, which is ascending and has room for R4_BOOT_POOLS. False, and some
 * may be missing, if there are more. */
bool place_list(struct r4_boot_pool *list, uint32_t *count, const struct ranges *pools, uint32_t cluster);

/* Adds the GiB that hold any byte of `pools` to `gibs`, a set of whole GiB. False if there are too many ranges. */
bool place_gibs(const struct ranges *pools, struct ranges *gibs);

/* How much a cluster's reserve has to hold. */
struct place_need {
    uint64_t image_size; /* bytes, whole pages */
    uint32_t peers;
    uint32_t cores;
    const struct ranges *gibs; /* for each GiB of them, at least one, the direct map has a page directory */
};

struct place_reserve { /* addresses; base and size are multiples of 2 MiB, the rest of 4 KiB, in this order */
    phys_t base;
    uint64_t size;
    phys_t image;
    phys_t info;   /* R4_BOOT_INFO_PAGES */
    phys_t header; /* one page */
    phys_t rings;  /* R4_RING_STRIDE for each peer, in the order of their numbers */
    phys_t cores;  /* R4_CORE_STRIDE less the guard page for each core */
    phys_t tables; /* table_count pages: all page tables of the kernel's address space */
    uint32_t table_count;
};

#define PLACE_CORE_SIZE (R4_CORE_STRIDE - R4_PAGE_SIZE)

#define PLACE_GIB_BITS  30U
#define PLACE_GIB_TABLE R4_PAGE_SIZE /* bytes that a GiB takes of each reserve: its directory */

/* Bytes of a reserve, whole 2 MiB pages. */
uint64_t place_reserve_size(const struct place_need *need);

/* Bytes of a root task's block, whole 2 MiB pages: of its segments, its objects, and the records of its peers. */
uint64_t place_root_size(uint64_t segments, uint32_t clusters);

/* Lays out a reserve that begins at `base`, a multiple of 2 MiB. */
struct place_reserve place_reserve_at(const struct place_need *need, phys_t base);

/* Index of the ring from `peer` in the reserve of `cluster`: the peers are numbered without the cluster itself, so peer
 * is not cluster. */
uint32_t place_peer_index(uint32_t cluster, uint32_t peer);

/* The lowest `size` bytes, whole 2 MiB pages, of contiguous pages within `pools` that meet nothing in use. */
bool place_find(const struct ranges *pools, const struct ranges *in_use, uint64_t size, phys_t *base);

/* The highest page below 1 MiB, not page 0, that is RAM and meets nothing in use. */
bool place_low_page(const struct ranges *ram, const struct ranges *in_use, phys_t *page);

#endif
