/* SPDX-License-Identifier: MIT
 *
 * Calls that ask for much.
 */
#include "bench/steps.h"
#include "bench/bench.h"
#include "bench/copies.h"
#include "bench/figure.h"
#include "bench/longest_chain.h"
#include "bench/many_joiners.h"
#include "bench/many_operations.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/page_table.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/usage.h"
#include "lib/window.h"

#define MANY_LOG2      6U
#define MANY           (1U << MANY_LOG2)
#define SMALL_LOG2     6U
#define MAPPINGS       512U
#define MAP_ADDRESS    0x40000000ULL
#define TABLES_ADDRESS 0x10000000000ULL /* nothing is there yet: a table of each level is needed */
#define LOW_PRIORITY   1U               /* below the root task: such threads wait in the run queue */
#define WINDOW_PAGES   4U
#define PARTS          8U                               /* at a time: as many receive slots as a peer has */
#define ASID_POOL      (r4_info()->slot_asid_pools + 1) /* of which nobody has used any */
_Static_assert(MANY == R4_RETYPE_MAX, "as many as one retype makes");

/* MANY objects in their own untyped, whose slot is stored in `parent`. */
static uint32_t many_make(enum r4_cap_type type, uint32_t size_log2, uint32_t *parent) {
    *parent = memory_create(R4_CAP_UNTYPED, size_log2 + MANY_LOG2, 1);
    return memory_create_from(*parent, type, size_log2, MANY);
}

static void many_end(uint32_t parent, uint32_t first) {
    must(r4_cap_delete(r4_own(parent)), "deleting an untyped with all that was made of it");
    slots_give(first, MANY);
    slots_give(parent, 1);
}

static void objects_run(void) {
    static const struct {
        enum r4_cap_type type;
        uint32_t size_log2;
    } kinds[] = {{R4_CAP_UNTYPED, SMALL_LOG2},
                 {R4_CAP_FRAME, R4_PAGE_BITS},
                 {R4_CAP_CAP_PAGE, R4_PAGE_BITS},
                 {R4_CAP_PAGE_TABLE, R4_PAGE_BITS},
                 {R4_CAP_PD, R4_PD_LOG2},
                 {R4_CAP_THREAD, R4_THREAD_LOG2},
                 {R4_CAP_NOTIFICATION, R4_NOTIFICATION_LOG2}};
    for (uint32_t i = 0; i < R4_COUNT(kinds); i++) {
        uint32_t parent;
        uint32_t first = many_make(kinds[i].type, kinds[i].size_log2, &parent);
        for (uint32_t pd = first; kinds[i].type == R4_CAP_PD && pd < first + MANY; pd++) {
            must(r4_asid_assign(ASID_POOL, pd).error, "naming an address space");
        }
        many_end(parent, first);
    }
}

static _Noreturn void thread_never(uint64_t unused) { fail(R4_ERR_RUNNING, unused == 0 ? "a thread" : "another"); }

/* Threads end while they are in a run queue: they are deleted, or their PD is. */
static void threads_run(bool pd_first) {
    uint32_t parent;
    uint32_t first = many_make(R4_CAP_THREAD, R4_THREAD_LOG2, &parent);
    uint32_t pd = memory_create(R4_CAP_PD, 0, 1);
    must(r4_asid_assign(ASID_POOL, pd).error, "naming an address space");
    for (uint32_t i = 0; i < MANY; i++) {
        must(r4_thread_configure(r4_own(first + i), r4_own(pd), thread_never, MAP_ADDRESS, 0), "configure");
        must(r4_thread_schedule(r4_own(first + i), 0, LOW_PRIORITY), "schedule");
        must(r4_thread_start(r4_own(first + i)), "start");
    }
    if (pd_first) {
        must(r4_cap_delete(r4_own(pd)), "deleting a PD");
    }
    many_end(parent, first);
    if (!pd_first) {
        must(r4_cap_delete(r4_own(pd)), "deleting a PD");
    }
    slots_give(pd, 1);
}

static void tables_run(void) {
    uint32_t parent;
    uint32_t first = many_make(R4_CAP_PAGE_TABLE, R4_PAGE_BITS, &parent);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t level = i == 0 ? 3 : i == 1 ? 2 : 1;
        uint64_t address = TABLES_ADDRESS + ((uint64_t)i << R4_LARGE_BITS);
        must(r4_table_map(r4_own(first + i), r4_own(r4_info()->slot_pd), address, level), "mapping a page table");
    }
    many_end(parent, first);
}

static void mappings_run(void) {
    copies_begin();
    copies_make(COPIES_MAX);
    for (uint32_t i = 0; i < MAPPINGS; i++) {
        space_map(copies_slot(i), MAP_ADDRESS + (uint64_t)i * R4_PAGE_SIZE, R4_READ);
    }
    copies_end();
}

/* Cap pages are deleted with all that is in them. */
static void window_run(void) {
    uint32_t frame = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    uint32_t slot = slots_pages() * R4_SLOTS_PER_PAGE;
    uint32_t first = space_grow_window(WINDOW_PAGES);
    for (uint32_t i = 0; i < WINDOW_PAGES * R4_SLOTS_PER_PAGE; i++) {
        if (i % R4_SLOTS_PER_PAGE != 0) {
            must(r4_cap_copy(r4_own(frame), slot + i, R4_READ, R4_TTL_MAX - 1), "copying");
        }
    }
    space_shrink_window(first, WINDOW_PAGES);
    must(r4_cap_delete(r4_own(frame)), "deleting a frame");
    slots_give(frame, 1);
}

/* --- between two clusters --- */

static void step_wait(uint32_t cluster, uint64_t milestone) {
    must(r4_debug_wait(r4_debug(), cluster, milestone).error, "waiting for the other cluster");
}

/* The size of the largest untyped that can be handed off. */
static uint32_t largest_log2(void) {
    const struct r4_root_info *info = r4_info();
    uint32_t largest = R4_LARGE_BITS;
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        uint32_t log2 = r4_size_log2(info->untyped[i].slot);
        log2 = log2 < R4_HANDOFF_MAX_LOG2 ? log2 : R4_HANDOFF_MAX_LOG2;
        largest = r4_watermark(info->untyped[i].slot) == 0 && log2 > largest ? log2 : largest;
    }
    return largest;
}

/* Cluster 0: an untyped goes in `parts` to cluster 1, which makes objects of each, and comes back. The first of the two
 * milestones is `milestone`. */
static void lend(uint32_t size_log2, uint32_t parts, uint64_t milestone) {
    uint32_t whole = memory_create(R4_CAP_UNTYPED, size_log2, 1);
    uint32_t part_log2 = size_log2 - (uint32_t)__builtin_ctz(parts);
    uint32_t first = parts == 1 ? whole : memory_create_from(whole, R4_CAP_UNTYPED, part_log2, parts);
    step_wait(BENCH_PEER, milestone);
    for (uint32_t i = 0; i < parts; i++) {
        must(r4_peer_handoff(longest_chain_put(r4_info()->slot_peers + BENCH_PEER, R4_HANDOFF_HOPS), r4_own(first + i)),
             "hand-off");
    }
    r4_debug_milestone(r4_debug(), milestone);
    step_wait(BENCH_PEER, milestone + 1);
    must(r4_cap_revoke(r4_own(whole)).error, "revoke");
    r4_debug_milestone(r4_debug(), milestone + 1);
    must(r4_cap_delete(r4_own(whole)), "deleting what was lent");
    slots_give(whole, 1);
    slots_give(first, parts == 1 ? 0 : parts);
}

static void borrow(uint32_t parts, uint64_t milestone) {
    uint32_t receive_slot = slots_take(parts);
    for (uint32_t i = 0; i < parts; i++) {
        must(r4_peer_post(r4_peer(0), receive_slot + i), "posting a receive slot");
    }
    r4_debug_milestone(r4_debug(), milestone);
    step_wait(0, milestone);
    for (uint32_t i = 0; i < parts; i++) {
        slots_give(memory_create_from(receive_slot + i, R4_CAP_THREAD, R4_THREAD_LOG2, MANY), MANY);
        must(r4_cap_revoke(r4_own(receive_slot + i)).error, "revoke");
    }
    slots_give(memory_create_from(receive_slot, R4_CAP_THREAD, R4_THREAD_LOG2, MANY), MANY);
    r4_debug_milestone(r4_debug(), milestone + 1);
    step_wait(0, milestone + 1);
    slots_give(receive_slot, parts);
}

static void local_run(void) {
    objects_run();
    threads_run(false);
    threads_run(true);
    tables_run();
    mappings_run();
    window_run();
    longest_chain_begin();
    longest_chain_run();
    must(memory_reset(), "clean-up");
    many_operations_run();
    if (figure_is_exact()) { /* else no call is preempted at a chosen moment */
        many_joiners_run();
    }
}

uint32_t steps_run(void) {
    const struct r4_root_info *info = r4_info();
    struct usage before = usage_take();
    if (info->cluster == 0) {
        local_run();
    }
    if (info->cluster == 0 && info->cluster_count > 1) {
        longest_chain_begin();
        lend(largest_log2(), 1, 1);
        lend(R4_LARGE_BITS + (uint32_t)__builtin_ctz(PARTS), PARTS, 3);
    } else if (info->cluster == BENCH_PEER) {
        borrow(1, 1);
        borrow(PARTS, 3);
    }
    must(memory_reset(), "clean-up");
    return usage_check(before) ? 0 : 1;
}
