/* SPDX-License-Identifier: MIT
 *
 * Creating the root task. All its objects get their original capability here, as if they had been retyped; they derive
 * from no untyped, so nobody can revoke them.
 */
#include "root.h"
#include "cluster/cluster.h"
#include "diag/log.h"
#include "diag/panic.h"
#include "object/cap_page.h"
#include "object/frame.h"
#include "object/page_table.h"
#include "pure/retype.h"
#include "revoke/create.h"
#include "sched/sched.h"
#include <r4/string.h>

#define ROOT_UNTYPED_PLAIN 128U /* untypeds for which ROOT_CAP_PAGES have room besides all else */
#define ROOT_BLOCK_PIECES  64U  /* more than the rest of the root block, and its pool around it, can be cut into */

static phys_t next_free;                 /* of the root block */
static const struct thread *root_thread; /* written once, before any thread runs */

/* The root task under construction. */
struct root {
    struct r4_slot *pages; /* the first cap pages, contiguous */
    uint32_t cap_pages;
    uint32_t frames; /* of image, stack, information pages */
    uint32_t info_pages;
    uint32_t untyped_limit; /* entries that the information pages have room for */
    uint32_t next_slot;
    struct pd *pd;
    struct r4_root_info *info;
    uint64_t untyped_bytes; /* covered by an untyped capability */
};

void *root_memory(size_t size, uint64_t alignment) {
    const struct r4_boot_info *info = boot_info();
    if (next_free == 0) {
        next_free = info->root_block.base;
        for (uint32_t i = 0; i < info->segment_count; i++) {
            phys_t end = info->segments[i].base + info->segments[i].size;
            next_free = end > next_free ? end : next_free;
        }
    }
    phys_t base = round_up(next_free, alignment);
    size = round_up(size, R4_PAGE_SIZE);
    if (base + size > info->root_block.base + info->root_block.size) {
        panic("the root block is too small");
    }
    next_free = base + size;
    machine_zero((void *)(machine_direct() + base), size);
    return (void *)(machine_direct() + base);
}

static phys_t phys_of(const void *memory) { return (uintptr_t)memory - machine_direct(); }

/* Takes `count` free slots of one cap page; returns the index of the first. */
static uint32_t slots_take(struct root *root, uint32_t count) {
    if (root->next_slot % R4_SLOTS_PER_PAGE == 0 || root->next_slot % R4_SLOTS_PER_PAGE + count > R4_SLOTS_PER_PAGE) {
        root->next_slot = (uint32_t)round_up(root->next_slot, R4_SLOTS_PER_PAGE) + 1;
    }
    uint32_t first = root->next_slot;
    root->next_slot += count;
    if (count >= R4_SLOTS_PER_PAGE || root->next_slot > root->cap_pages * R4_SLOTS_PER_PAGE) {
        panic("the root task has more capabilities than slots");
    }
    return first;
}

static struct r4_slot *cap_put(struct root *root, uint32_t index, enum r4_cap_type type, phys_t object,
                               uint32_t size_log2, uint64_t badge) {
    struct slot_content content = {
        .type = type,
        .ttl = R4_TTL_MAX,
        .flags = R4_FLAG_ORIGINAL,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = size_log2,
        .object = object,
        .badge = badge,
    };
    slot_fill(&root->pages[index], &content);
    return &root->pages[index];
}

static void pd_put(struct root *root) {
    phys_t object = phys_of(root_memory(1U << PD_LOG2, 1U << PD_LOG2));
    root->info->slot_pd = slots_take(root, 1);
    struct r4_slot *slot = cap_put(root, root->info->slot_pd, R4_CAP_PD, object, PD_LOG2, 0);
    create_object(slot);
    pd_name(slot, 0);
    root->info->name = pd_of(slot)->window.name;
    root->pd = pd_of(slot);
}

/* Tables of levels 3 to 1 for the image's 2 MiB and for the window's first 2 MiB. */
static void tables_put(struct root *root) {
    static const uint64_t places[] = {R4_ROOT_IMAGE, R4_WINDOW_BASE};
    root->info->table_count = R4_COUNT(places) * 3;
    root->info->slot_tables = slots_take(root, root->info->table_count);
    uint32_t index = root->info->slot_tables;
    for (uint32_t place = 0; place < R4_COUNT(places); place++) {
        for (uint32_t level = 3; level >= 1; level--) {
            phys_t object = phys_of(root_memory(R4_PAGE_SIZE, R4_PAGE_SIZE));
            struct r4_slot *slot = cap_put(root, index++, R4_CAP_PAGE_TABLE, object, R4_PAGE_BITS, 0);
            uint64_t *entry = paging_entry(machine_direct(), root->pd->root, places[place], level + 1);
            page_table_map(slot, root->pd, entry, round_down(places[place], paging_reach(level + 1)), level);
        }
    }
}

static void cap_pages_put(struct root *root) {
    root->info->cap_page_count = root->cap_pages;
    root->info->slot_cap_pages = slots_take(root, root->cap_pages);
    for (uint32_t i = 0; i < root->cap_pages; i++) {
        phys_t object = phys_of(&root->pages[i * R4_SLOTS_PER_PAGE]);
        struct r4_slot *slot = cap_put(root, root->info->slot_cap_pages + i, R4_CAP_CAP_PAGE, object, R4_PAGE_BITS, 0);
        uint64_t address = window_page_address(i);
        create_object(slot);
        cap_page_map(slot, root->pd, paging_entry(machine_direct(), root->pd->root, address, 1), address);
    }
}

/* In the next slot: frames may fill more than one cap page. */
static void frame_put(struct root *root, phys_t frame, uint64_t address, uint64_t rights) {
    uint32_t index = slots_take(root, 1);
    struct r4_slot *slot = cap_put(root, index, R4_CAP_FRAME, frame, R4_PAGE_BITS, 0);
    root->info->slot_frames = root->info->slot_frames == 0 ? index : root->info->slot_frames;
    uint64_t *entry = paging_entry(machine_direct(), root->pd->root, address, 1);
    if (entry == NULL || (*entry & PAGING_PRESENT) != 0) {
        panic("the root task does not fit its 2 MiB");
    }
    frame_map(slot, root->pd, entry, address, paging_leaf(slot_pages(slot), rights, false, PAGING_KIND_NONE));
}

static uint32_t frames_count(uint32_t info_pages) {
    const struct r4_boot_info *info = boot_info();
    uint32_t frames = R4_ROOT_STACK_SIZE / R4_PAGE_SIZE + info_pages;
    for (uint32_t i = 0; i < info->segment_count; i++) {
        frames += (uint32_t)(info->segments[i].size / R4_PAGE_SIZE);
    }
    return frames;
}

/* Image, stack, information pages. */
static void frames_put(struct root *root) {
    const struct r4_boot_info *info = boot_info();
    root->info->frame_count = root->frames;
    for (uint32_t i = 0; i < info->segment_count; i++) {
        const struct r4_boot_segment *segment = &info->segments[i];
        for (uint64_t at = 0; at < segment->size; at += R4_PAGE_SIZE) {
            frame_put(root, segment->base + at, segment->virtual_address + at, segment->rights);
        }
    }
    phys_t stack = phys_of(root_memory(R4_ROOT_STACK_SIZE, R4_PAGE_SIZE));
    for (uint64_t offset = 0; offset < R4_ROOT_STACK_SIZE; offset += R4_PAGE_SIZE) {
        frame_put(root, stack + offset, R4_ROOT_STACK_TOP - R4_ROOT_STACK_SIZE + offset, R4_READ | R4_WRITE);
    }
    for (uint64_t offset = 0; offset < root->info_pages * R4_PAGE_SIZE; offset += R4_PAGE_SIZE) {
        frame_put(root, phys_of(root->info) + offset, R4_ROOT_INFO + offset, R4_READ);
    }
}

static void peers_put(struct root *root) {
    root->info->slot_debug = slots_take(root, 1);
    cap_put(root, root->info->slot_debug, R4_CAP_DEBUG, 0, 0, 0);
    root->info->slot_peers = slots_take(root, cluster_count());
    for (uint32_t peer = 0; peer < cluster_count(); peer++) {
        if (peer != this_cluster()) {
            cap_put(root, root->info->slot_peers + peer, R4_CAP_PEER, 0, 0, peer);
        }
    }
}

static void asid_pools_put(struct root *root) {
    root->info->asid_pool_count = ASID_POOLS;
    root->info->slot_asid_pools = slots_take(root, ASID_POOLS);
    for (uint32_t pool = 0; pool < ASID_POOLS; pool++) {
        cap_put(root, root->info->slot_asid_pools + pool, R4_CAP_ASID_POOL, 0, 0, pool);
    }
}

/* log2 of the largest aligned power of two at the start of [base, end). */
static uint32_t piece_log2(phys_t base, phys_t end) {
    uint32_t log2 = base == 0 ? RETYPE_UNTYPED_MAX_LOG2 : (uint32_t)__builtin_ctzll(base);
    log2 = log2 > RETYPE_UNTYPED_MAX_LOG2 ? RETYPE_UNTYPED_MAX_LOG2 : log2;
    while ((1ULL << log2) > end - base) {
        log2--;
    }
    return log2;
}

/* Cuts [base, end) into aligned powers of two and creates an untyped for each piece of 2^log2 bytes. */
static void untyped_put(struct root *root, phys_t base, phys_t end, uint32_t log2) {
    while (base < end) {
        uint32_t piece = piece_log2(base, end);
        if (piece == log2 && root->info->untyped_count < root->untyped_limit) {
            struct r4_root_untyped *untyped = &root->info->untyped[root->info->untyped_count++];
            *untyped = (struct r4_root_untyped){base, slots_take(root, 1), log2};
            cap_put(root, untyped->slot, R4_CAP_UNTYPED, base, log2, 0);
            root->untyped_bytes += 1ULL << log2;
        }
        base += 1ULL << piece;
    }
}

/* Pieces that the cluster's pools are cut into; at most so many, since the root block lies in one of them. */
static uint32_t pieces_count(void) {
    const struct r4_boot_info *info = boot_info();
    uint32_t count = ROOT_BLOCK_PIECES;
    for (uint32_t i = 0; i < info->pool_count; i++) {
        phys_t end = info->pools[i].base + info->pools[i].size;
        phys_t base = info->pools[i].cluster == this_cluster() ? info->pools[i].base : end;
        for (; base < end; base += 1ULL << piece_log2(base, end)) {
            count++;
        }
    }
    return count;
}

/* All pieces of 2^log2 bytes: of the cluster's pools without the root block, and of what is left of the root block. */
static void pools_put(struct root *root, uint32_t log2) {
    const struct r4_boot_info *info = boot_info();
    const struct r4_boot_range *block = &info->root_block;
    for (uint32_t i = 0; i < info->pool_count; i++) {
        phys_t base = info->pools[i].base;
        phys_t end = base + info->pools[i].size;
        if (info->pools[i].cluster != this_cluster()) {
            continue;
        }
        if (block->base >= base && block->base < end) { /* the root block is inside this pool */
            untyped_put(root, base, block->base, log2);
            base = block->base + block->size;
        }
        untyped_put(root, base, end, log2);
    }
    untyped_put(root, next_free, block->base + block->size, log2);
}

/* The largest pieces first, so that only the smallest get no capability; these are reported. */
static void memory_put(struct root *root) {
    const struct r4_boot_info *info = boot_info();
    uint64_t free_bytes = info->root_block.base - next_free; /* the root block is part of a pool */
    for (uint32_t i = 0; i < info->pool_count; i++) {
        free_bytes += info->pools[i].cluster == this_cluster() ? info->pools[i].size : 0;
    }
    for (uint32_t log2 = RETYPE_UNTYPED_MAX_LOG2; log2 >= R4_PAGE_BITS; log2--) {
        pools_put(root, log2);
    }
    if (root->untyped_bytes != free_bytes) {
        log_line("%lu bytes of memory are left out: they would be more than %u untyped capabilities",
                 free_bytes - root->untyped_bytes, root->untyped_limit);
    }
}

static void info_fill(struct r4_root_info *info) {
    info->magic = R4_ROOT_INFO_MAGIC;
    info->cluster = this_cluster();
    info->cluster_count = cluster_count();
    info->core_count = core_count();
    info->tsc_khz = boot_info()->tsc_khz;
    info->pci_is_own = boot_info()->pci_owner == this_cluster();
    info->io_apic_count = boot_info()->io_apic_count;
    for (uint32_t i = 0; i < info->io_apic_count; i++) {
        const struct r4_boot_io_apic *own = &boot_info()->io_apics[i];
        info->io_apics[i] = (struct r4_root_io_apic){own->id, own->first_line};
    }
    string_copy(info->command, sizeof(info->command), boot_info()->command);
}

static void thread_put(struct root *root) {
    phys_t object = phys_of(root_memory(1U << THREAD_LOG2, 1U << THREAD_LOG2));
    root->info->slot_thread = slots_take(root, 1);
    struct r4_slot *slot = cap_put(root, root->info->slot_thread, R4_CAP_THREAD, object, THREAD_LOG2, 0);
    create_object(slot);
    struct thread *thread = thread_of(slot);
    thread->queue.priority = ROOT_PRIORITY;
    thread_configure(thread, &root->pages[root->info->slot_pd], boot_info()->root_entry, R4_ROOT_STACK_TOP,
                     R4_ROOT_INFO);
    root_thread = thread;
}

bool root_is(const struct thread *thread) { return thread == root_thread; }

/* Grow with the image and with the pools: a plain machine's untypeds are within ROOT_CAP_PAGES. */
static void sizes_choose(struct root *root) {
    uint32_t pieces = pieces_count();
    pieces = pieces < ROOT_UNTYPED_PLAIN ? ROOT_UNTYPED_PLAIN : pieces;
    root->untyped_limit = pieces < R4_ROOT_UNTYPED_MAX ? pieces : R4_ROOT_UNTYPED_MAX;
    uint64_t size = offsetof(struct r4_root_info, untyped) + root->untyped_limit * sizeof(struct r4_root_untyped);
    root->info_pages = (uint32_t)(round_up(size, R4_PAGE_SIZE) / R4_PAGE_SIZE);
    root->frames = frames_count(root->info_pages);
    uint32_t more = root->frames + root->untyped_limit - ROOT_UNTYPED_PLAIN;
    root->cap_pages = ROOT_CAP_PAGES + more / (R4_SLOTS_PER_PAGE - 1);
}

void root_start(void) {
    struct root root = {.next_slot = 1};
    sizes_choose(&root);
    root.info = root_memory(root.info_pages * R4_PAGE_SIZE, R4_PAGE_SIZE);
    root.pages = root_memory(root.cap_pages * R4_PAGE_SIZE, R4_PAGE_SIZE);
    info_fill(root.info);
    pd_put(&root);
    tables_put(&root);
    thread_put(&root);
    peers_put(&root);
    asid_pools_put(&root);
    cap_pages_put(&root);
    frames_put(&root);
    memory_put(&root);
    root.info->slot_first_free = root.next_slot;
    sched_ready(thread_of(&root.pages[root.info->slot_thread]));
}
