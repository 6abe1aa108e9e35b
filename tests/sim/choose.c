/* SPDX-License-Identifier: MIT
 *
 * A program sees its window and a few addresses; so do these choices. Most of them look for a slot that the operation
 * could be good for; one in CHOOSE_WILD takes anything.
 */
#include "choose.h"
#include "core/derivation.h"
#include "core/retype.h"
#include "core/window.h"
#include "thread.h"

#define CHOOSE_WILD     25U
#define CHOOSE_PAGES    12U  /* window pages that programs use */
#define CHOOSE_TRIES    8U   /* pages searched for a slot; operations tried in one step */
#define CHOOSE_SUICIDAL 500U /* one call in so many does not spare what the root task lives on */

struct chooser {
    const struct copy *copy;
    struct thread *caller;
    struct call call;
    const struct r4_slot *slot; /* what call.cap names; null: nothing */
    bool suicidal;
    bool failed; /* something that the operation needs was looked for and not found */
};

typedef bool fits_t(const struct chooser *chooser, const struct r4_slot *slot);

static bool is_type(const struct r4_slot *slot, enum r4_cap_type type) {
    return slot_type(slot) == type && (slot_flags(slot) & (R4_FLAG_BUSY | R4_FLAG_MAKING)) == 0;
}

/* The first thread was made by boot: a Thread capability of depth 0 names it, which is hard to find; its page is in the
 * root block. */
bool choose_is_root(const struct copy *copy, const struct thread *thread) {
    phys_t object = (uintptr_t)thread - copy->direct;
    return object - copy->info->root_block.base < R4_LARGE_SIZE / 2;
}

/* --- what fits --- */

static bool fits_any(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return slot_type(slot) != R4_CAP_EMPTY;
}
static bool fits_empty(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return slot_type(slot) == R4_CAP_EMPTY;
}
static bool fits_untyped(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_UNTYPED) && slot_size_log2(slot) >= R4_PAGE_BITS &&
           slot->word[1] < 1ULL << slot_size_log2(slot);
}
static bool fits_handoff(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_UNTYPED) && slot_size_log2(slot) >= R4_LARGE_BITS && slot->word[1] == 0 &&
           slot_ttl(slot) != 0 && !derivation_has_children(chooser->copy->direct, slot);
}
static bool fits_unmapped_frame(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_FRAME) && slot_mapping_get(slot).name == 0;
}
static bool fits_mapped_frame(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_FRAME) && slot_mapping_get(slot).name != 0;
}
static bool fits_unmapped_table(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_PAGE_TABLE) && slot_mapping_get(slot).name == 0;
}
static bool fits_unmapped_cap_page(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_CAP_PAGE) && slot_mapping_get(slot).name == 0;
}
static bool fits_pd(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_PD);
}
static bool fits_link(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_LINK);
}
static bool fits_link_to_landing(const struct chooser *chooser, const struct r4_slot *slot) {
    const struct copy *copy = chooser->copy;
    if (!is_type(slot, R4_CAP_LINK) || !sim.copies[slot->word[1]].cluster->linked) {
        return false;
    }
    const struct link *back = sim.copies[slot->word[1]].cluster->links[copy->number];
    return copy->cluster->links[slot->word[1]]->state == LINK_UP && back->landings[0] != NULL;
}
static bool fits_debug(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_DEBUG);
}
static bool fits_copy(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    enum r4_cap_type type = slot_type(slot);
    return slot_ttl(slot) != 0 && (is_type(slot, R4_CAP_FRAME) || is_type(slot, R4_CAP_PD) || type == R4_CAP_THREAD ||
                                   type == R4_CAP_LINK || type == R4_CAP_DEBUG);
}

/* What a root task lives on is mostly spared: it stands at depth 0 and is no untyped. */
static bool is_spared(const struct chooser *chooser, const struct r4_slot *slot) {
    return slot_depth(slot) == 0 && slot_type(slot) != R4_CAP_UNTYPED && slot_type(slot) != R4_CAP_REMOTE_REF &&
           !chooser->suicidal;
}
static bool fits_victim(const struct chooser *chooser, const struct r4_slot *slot) {
    return slot_type(slot) != R4_CAP_EMPTY && !is_spared(chooser, slot);
}
static bool fits_mapped_table(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_PAGE_TABLE) && slot_mapping_get(slot).name != 0 && !is_spared(chooser, slot);
}
static bool fits_mapped_cap_page(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_CAP_PAGE) && slot_mapping_get(slot).name != 0 && !is_spared(chooser, slot);
}
static bool fits_thread(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_THREAD) && !is_spared(chooser, slot);
}
static bool fits_revoke(const struct chooser *chooser, const struct r4_slot *slot) {
    bool worth = slot_type(slot) == R4_CAP_REMOTE_REF || derivation_has_children(chooser->copy->direct, slot);
    return worth && !is_spared(chooser, slot) && (slot_depth(slot) != 0 || sim_chance(4));
}
static bool fits_delete(const struct chooser *chooser, const struct r4_slot *slot) {
    return fits_victim(chooser, slot) && (slot_type(slot) != R4_CAP_UNTYPED || slot_depth(slot) != 0 || sim_chance(16));
}

/* --- where it is --- */

static const struct r4_slot *slot_at_index(const struct chooser *chooser, uint64_t index) {
    const struct pd *pd = chooser->caller->pd;
    return index > r4_cap_index_max() ? NULL : window_slot(chooser->copy->direct, &pd->window, index);
}

/* The index of a slot that fits; of any place if none is found soon or the choice is a wild one. */
static uint64_t find(struct chooser *chooser, fits_t *fits) {
    bool wild = sim_chance(CHOOSE_WILD);
    for (uint32_t try = 0; try < CHOOSE_TRIES && !wild; try++) {
        uint64_t page = sim_random(CHOOSE_PAGES) * R4_SLOTS_PER_PAGE;
        uint64_t first = sim_random(R4_SLOTS_PER_PAGE);
        if (slot_at_index(chooser, page + 1) == NULL) {
            continue;
        }
        for (uint64_t i = 0; i < R4_SLOTS_PER_PAGE; i++) {
            uint64_t index = page + (first + i) % R4_SLOTS_PER_PAGE;
            const struct r4_slot *slot = slot_at_index(chooser, index);
            if (slot != NULL && fits(chooser, slot)) {
                return index;
            }
        }
    }
    chooser->failed = chooser->failed || !wild;
    uint64_t spared =
        chooser->suicidal ? 0 : R4_SLOTS_PER_PAGE; /* the first page is full of what the root task lives on */
    return spared + sim_random(CHOOSE_PAGES * R4_SLOTS_PER_PAGE - spared);
}

static void invoke(struct chooser *chooser, enum r4_operation operation, fits_t *fits) {
    uint64_t index = find(chooser, fits);
    chooser->slot = slot_at_index(chooser, index);
    chooser->call.operation = operation;
    chooser->call.cap = r4_cap_cluster_set(index, chooser->copy->number);
    if (sim_chance(200)) {
        chooser->call.cap ^= 1ULL << sim_random(64);
    }
}

/* The PD that an argument names, as the simulator sees it; null if it is none. */
static const struct pd *pd_at(const struct chooser *chooser, uint64_t index) {
    const struct r4_slot *slot = slot_at_index(chooser, index);
    bool good = slot != NULL && is_type(slot, R4_CAP_PD);
    return good ? (const struct pd *)(chooser->copy->direct + slot_object(slot) + R4_PAGE_SIZE) : NULL;
}

static uint64_t place(bool window) {
    static const uint64_t places[] = {R4_ROOT_IMAGE, R4_ROOT_IMAGE, R4_ROOT_IMAGE, R4_ROOT_IMAGE + R4_LARGE_SIZE,
                                      0x40000000,    R4_WINDOW_BASE};
    uint64_t base = places[sim_random(R4_COUNT(places) - (window ? 0 : 1))];
    return sim_chance(CHOOSE_WILD) ? sim_random(1ULL << 48) : base + sim_random(512) * R4_PAGE_SIZE;
}

/* --- arguments --- */

static void choose_copy(struct chooser *chooser) {
    invoke(chooser, R4_OP_COPY, fits_copy);
    uint64_t rights = chooser->slot == NULL ? R4_ALL_RIGHTS : slot_rights(chooser->slot);
    uint64_t ttl = chooser->slot == NULL ? 0 : slot_ttl(chooser->slot);
    rights = sim_chance(3) ? rights & sim_random(R4_ALL_RIGHTS + 1) : rights;
    ttl = ttl == 0 || sim_chance(CHOOSE_WILD) ? sim_random(16) : sim_chance(3) ? sim_random(ttl) : ttl - 1;
    chooser->call.argument[0] = find(chooser, fits_empty);
    chooser->call.argument[1] = rights | ttl << 16 | (sim_chance(50) ? 1ULL << 32 : 0);
}

static void choose_move(struct chooser *chooser) {
    invoke(chooser, R4_OP_MOVE, fits_victim);
    chooser->call.argument[0] = find(chooser, fits_empty);
}

static void choose_delete(struct chooser *chooser) { invoke(chooser, R4_OP_DELETE, fits_delete); }
static void choose_revoke(struct chooser *chooser) { invoke(chooser, R4_OP_REVOKE, fits_revoke); }
static void choose_inspect(struct chooser *chooser) { invoke(chooser, R4_OP_INSPECT, fits_any); }

static enum r4_cap_type object_type(void) {
    static const uint8_t types[] = {R4_CAP_UNTYPED, R4_CAP_UNTYPED,    R4_CAP_UNTYPED,    R4_CAP_UNTYPED, R4_CAP_FRAME,
                                    R4_CAP_FRAME,   R4_CAP_CAP_PAGE,   R4_CAP_PAGE_TABLE, R4_CAP_PD,      R4_CAP_THREAD,
                                    R4_CAP_THREAD,  R4_CAP_PAGE_TABLE, R4_CAP_LINK};
    return (enum r4_cap_type)types[sim_random(R4_COUNT(types) - (sim_chance(CHOOSE_WILD) ? 0 : 1))];
}

static uint64_t object_log2(enum r4_cap_type type, uint64_t source_log2) {
    if (type == R4_CAP_FRAME) {
        return sim_chance(20) ? R4_LARGE_BITS : R4_PAGE_BITS;
    }
    if (type != R4_CAP_UNTYPED) {
        return 0;
    }
    if (source_log2 > R4_LARGE_BITS && !sim_chance(4)) {
        return R4_LARGE_BITS;
    }
    return sim_chance(CHOOSE_WILD) ? sim_random(64) : source_log2 - sim_random(source_log2 > 16 ? 6 : 2);
}

static void choose_retype(struct chooser *chooser) {
    invoke(chooser, R4_OP_RETYPE, fits_untyped);
    const struct r4_slot *source = chooser->slot;
    enum r4_cap_type type = object_type();
    uint64_t log2 = object_log2(type, source == NULL ? R4_PAGE_BITS : slot_size_log2(source));
    uint64_t count = sim_chance(10) ? sim_random(R4_RETYPE_MAX + 2) : 1 + sim_random(4);
    uint32_t size = retype_object_log2(type, (uint32_t)log2);
    uint64_t watermark = source == NULL ? 0 : source->word[1];
    uint64_t offset = round_up(watermark, 1ULL << size);
    if (sim_chance(CHOOSE_WILD)) {
        offset =
            sim_chance(2) ? round_down(sim_random(watermark + 1), 1ULL << size) : offset + sim_random(R4_LARGE_SIZE);
    }
    chooser->call.argument[0] = type | log2 << 8 | count << 16;
    chooser->call.argument[1] = offset;
    chooser->call.argument[2] = find(chooser, fits_empty);
    chooser->call.object = source == NULL ? 0 : slot_object(source) + offset;
}

static void choose_frame_map(struct chooser *chooser) {
    invoke(chooser, R4_OP_FRAME_MAP, fits_unmapped_frame);
    bool large = chooser->slot != NULL && slot_size_log2(chooser->slot) == R4_LARGE_BITS;
    uint64_t address = place(false);
    chooser->call.argument[0] = find(chooser, fits_pd);
    chooser->call.argument[1] = large ? round_down(address, R4_LARGE_SIZE) : address;
    chooser->call.argument[2] = sim_chance(3) ? sim_random(16) : R4_READ | R4_WRITE;
}

static void choose_frame_unmap(struct chooser *chooser) { invoke(chooser, R4_OP_FRAME_UNMAP, fits_mapped_frame); }

/* The highest level that is missing on the way to an address. */
static void choose_table_map(struct chooser *chooser) {
    invoke(chooser, R4_OP_TABLE_MAP, fits_unmapped_table);
    uint64_t index = find(chooser, fits_pd);
    uint64_t address = place(true);
    const struct pd *pd = pd_at(chooser, index);
    uint64_t level = 3;
    while (pd != NULL && level > 1 && address < R4_USER_END) {
        const uint64_t *entry = paging_entry(chooser->copy->direct, pd->root, address, (uint32_t)level + 1);
        if (entry == NULL || (*entry & PAGING_PRESENT) == 0) {
            break;
        }
        level--;
    }
    chooser->call.argument[0] = index;
    chooser->call.argument[1] = address;
    chooser->call.argument[2] = sim_chance(CHOOSE_WILD) ? sim_random(6) : level;
}

static void choose_table_unmap(struct chooser *chooser) { invoke(chooser, R4_OP_TABLE_UNMAP, fits_mapped_table); }

static void choose_cap_page_map(struct chooser *chooser) {
    invoke(chooser, R4_OP_CAP_PAGE_MAP, fits_unmapped_cap_page);
    chooser->call.argument[0] = find(chooser, fits_pd);
    chooser->call.argument[1] = sim_chance(CHOOSE_WILD) ? sim_random(WINDOW_PAGES + 10) : sim_random(CHOOSE_PAGES);
}

static void choose_cap_page_unmap(struct chooser *chooser) {
    invoke(chooser, R4_OP_CAP_PAGE_UNMAP, fits_mapped_cap_page);
}

static void choose_configure(struct chooser *chooser) {
    invoke(chooser, R4_OP_THREAD_CONFIGURE, fits_thread);
    chooser->call.argument[0] = find(chooser, fits_pd);
    chooser->call.argument[1] = sim_chance(CHOOSE_WILD) ? sim_random(1ULL << 48) : R4_ROOT_IMAGE;
    chooser->call.argument[2] = R4_ROOT_STACK_TOP;
    chooser->call.argument[3] = sim.step;
}

static void choose_schedule(struct chooser *chooser) {
    static const uint8_t priorities[] = {100, 100, 100, 100, 100, 101, 50, 0, 200};
    uint64_t cores = chooser->copy->layout.core_count;
    invoke(chooser, R4_OP_THREAD_SCHEDULE, fits_thread);
    uint64_t priority = priorities[sim_random(R4_COUNT(priorities))];
    uint64_t core = sim_random(cores + (sim_chance(CHOOSE_WILD) ? 2 : 0));
    chooser->call.argument[0] = core | priority << 16;
}

static void choose_start(struct chooser *chooser) { invoke(chooser, R4_OP_THREAD_START, fits_thread); }
static void choose_stop(struct chooser *chooser) { invoke(chooser, R4_OP_THREAD_STOP, fits_thread); }

static void choose_post(struct chooser *chooser) {
    invoke(chooser, R4_OP_LINK_POST, fits_link);
    chooser->call.argument[0] = find(chooser, fits_empty);
}

static void choose_handoff(struct chooser *chooser) {
    invoke(chooser, R4_OP_LINK_HANDOFF, sim_chance(8) ? fits_link : fits_link_to_landing);
    chooser->call.argument[0] = find(chooser, fits_handoff);
}

static void choose_debug(struct chooser *chooser) {
    static const uint8_t operations[] = {R4_OP_DEBUG_WRITE, R4_OP_DEBUG_MARK, R4_OP_DEBUG_WAIT, R4_OP_DEBUG_STAT};
    enum r4_operation operation = (enum r4_operation)operations[sim_random(R4_COUNT(operations))];
    invoke(chooser, operation, fits_debug);
    chooser->call.argument[0] = sim_random(8);
    chooser->call.argument[1] = sim_random(8);
    if (operation == R4_OP_DEBUG_MARK) {
        chooser->call.argument[0] = chooser->copy->header->mark + 1;
    }
}

static void choose_nonsense(struct chooser *chooser) {
    invoke(chooser, (enum r4_operation)sim_random(R4_OP_DEBUG_WAIT), fits_any);
    chooser->call.operation += sim_chance(10) ? R4_OP_COUNT : 0;
    for (uint32_t i = 0; i < 4; i++) {
        chooser->call.argument[i] = sim_random(UINT64_MAX) >> sim_random(64);
    }
}

static const struct {
    void (*choose)(struct chooser *);
    uint32_t weight;
    uint32_t remote; /* times sim.remoteness */
} choices[] = {
    {choose_copy, 8, 0},      {choose_move, 6, 0},        {choose_delete, 7, 0},       {choose_revoke, 5, 1},
    {choose_inspect, 1, 0},   {choose_retype, 22, 0},     {choose_frame_map, 10, 0},   {choose_frame_unmap, 4, 0},
    {choose_table_map, 8, 0}, {choose_table_unmap, 2, 0}, {choose_cap_page_map, 5, 0}, {choose_cap_page_unmap, 2, 0},
    {choose_configure, 8, 0}, {choose_schedule, 5, 0},    {choose_start, 9, 0},        {choose_stop, 3, 0},
    {choose_post, 2, 2},      {choose_handoff, 2, 3},     {choose_debug, 2, 0},        {choose_nonsense, 3, 0},
};

static size_t choice_draw(void) {
    uint64_t total = 0;
    for (size_t i = 0; i < R4_COUNT(choices); i++) {
        total += choices[i].weight + choices[i].remote * sim.remoteness;
    }
    uint64_t at = sim_random(total);
    size_t choice = 0;
    while (at >= choices[choice].weight + choices[choice].remote * sim.remoteness) {
        at -= choices[choice].weight + choices[choice].remote * sim.remoteness;
        choice++;
    }
    return choice;
}

struct call choose_call(const struct copy *copy, struct thread *caller) {
    struct chooser chooser = {.copy = copy, .caller = caller};
    bool suicidal = sim_chance(CHOOSE_SUICIDAL);
    for (uint32_t try = 0; try == 0 || (try < CHOOSE_TRIES && chooser.failed); try++) {
        chooser = (struct chooser){.copy = copy, .caller = caller, .suicidal = suicidal};
        choices[choice_draw()].choose(&chooser);
    }
    return chooser.call;
}
