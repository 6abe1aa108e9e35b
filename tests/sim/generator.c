/* SPDX-License-Identifier: MIT
 *
 * A program sees its window and knows a few addresses; so does the generator. Mostly it looks for a slot that fits the
 * operation; one choice in CHOOSER_WILD takes anything.
 */
#include "generator.h"
#include "chooser.h"
#include "loans.h"
#include "proxies.h"
#include "pure/derivation.h"
#include "pure/retype.h"
#include "setup.h"

#define GENERATOR_PEACE    12U  /* how much more rarely things are taken apart in a peaceful seed */
#define GENERATOR_SUICIDAL 500U /* one call in this many does not spare what the root task needs to live */

/* Boot created the first thread in the root block. (Its capability, at depth 0, would be hard to find.) */
bool generator_is_root(const struct instance *instance, const struct thread *thread) {
    phys_t object = (uintptr_t)thread - instance->direct;
    return object - instance->info->root_block.base < R4_LARGE_SIZE / 2;
}

static uint64_t place(bool window) {
    static const uint64_t places[] = {R4_ROOT_IMAGE, R4_ROOT_IMAGE, R4_ROOT_IMAGE, R4_ROOT_IMAGE + R4_LARGE_SIZE,
                                      0x40000000,    R4_WINDOW_BASE};
    uint64_t base = places[sim_random(R4_COUNT(places) - (window ? 0 : 1))];
    return sim_chance(CHOOSER_WILD) ? sim_random(1ULL << 48) : base + sim_random(512) * R4_PAGE_SIZE;
}

/* --- arguments --- */

static void copy(struct chooser *chooser, fits_t *fits, bool mint) {
    chooser_invoke_itself(chooser, R4_OP_CAP_COPY, fits);
    uint64_t rights = chooser->slot == NULL ? R4_ALL_RIGHTS : slot_rights(chooser->slot);
    uint64_t ttl = chooser->slot == NULL ? 0 : slot_ttl(chooser->slot);
    rights = sim_chance(3) ? rights & sim_random(R4_ALL_RIGHTS + 1) : rights;
    ttl = ttl == 0 || sim_chance(CHOOSER_WILD) ? sim_random(16) : sim_chance(3) ? sim_random(ttl) : ttl - 1;
    chooser->call.argument[0] = chooser_find(chooser, fits_empty);
    chooser->call.argument[1] = rights | r4_copy_ttl_put(ttl) | r4_copy_mint_put(mint ? 1 : 0);
    chooser->call.argument[2] = mint ? sim_random(UINT64_MAX) >> sim_random(64) : 0;
}

static void generator_copy(struct chooser *chooser) { copy(chooser, fits_copy, sim_chance(50)); }
static void generator_mint(struct chooser *chooser) { copy(chooser, fits_mint, true); }

static void generator_link(struct chooser *chooser) {
    chooser_invoke_through(chooser, R4_OP_CAP_LINK, sim_chance(8) ? fits_any : fits_copy);
    chooser->call.argument[0] = chooser_find(chooser, fits_empty);
}

static void generator_move(struct chooser *chooser) {
    chooser_invoke_itself(chooser, R4_OP_CAP_MOVE, sim_chance(8) ? fits_loan : fits_victim);
    chooser->call.argument[0] = chooser_find(chooser, fits_empty);
}

static void generator_delete(struct chooser *chooser) { chooser_invoke_itself(chooser, R4_OP_CAP_DELETE, fits_delete); }
static void generator_revoke(struct chooser *chooser) { chooser_invoke(chooser, R4_OP_CAP_REVOKE, fits_revoke); }
static void generator_inspect(struct chooser *chooser) { chooser_invoke(chooser, R4_OP_CAP_INSPECT, fits_any); }

static enum r4_cap_type object_type(void) {
    static const uint8_t types[] = {R4_CAP_UNTYPED,      R4_CAP_UNTYPED, R4_CAP_UNTYPED,  R4_CAP_UNTYPED,
                                    R4_CAP_FRAME,        R4_CAP_FRAME,   R4_CAP_CAP_PAGE, R4_CAP_PAGE_TABLE,
                                    R4_CAP_PD,           R4_CAP_THREAD,  R4_CAP_THREAD,   R4_CAP_PAGE_TABLE,
                                    R4_CAP_NOTIFICATION, R4_CAP_PEER};
    return (enum r4_cap_type)types[sim_random(R4_COUNT(types) - (sim_chance(CHOOSER_WILD) ? 0 : 1))];
}

static uint64_t object_log2(enum r4_cap_type type) {
    if (type == R4_CAP_FRAME) {
        return sim_chance(20) ? R4_LARGE_BITS : R4_PAGE_BITS;
    }
    if (type != R4_CAP_UNTYPED) {
        return 0;
    }
    return sim_chance(CHOOSER_WILD) ? sim_random(64) : sim_chance(3) ? R4_LARGE_BITS : 12 + sim_random(9);
}

static void generator_retype(struct chooser *chooser) {
    enum r4_cap_type type = object_type();
    uint64_t count = sim_chance(10) ? sim_random(R4_RETYPE_MAX + 2) : 1 + sim_random(4);
    setup_retype(chooser, type, object_log2(type), count);
}

static void generator_frame_map(struct chooser *chooser) {
    const struct r4_slot *space;
    chooser_invoke(chooser, R4_OP_FRAME_MAP, fits_unmapped_frame);
    bool large = chooser->slot != NULL && slot_size_log2(chooser->slot) == R4_LARGE_BITS;
    uint64_t address = place(sim_chance(4));
    chooser->call.argument[0] = chooser_cap(chooser, fits_pd, &space);
    chooser->call.argument[1] = large ? round_down(address, R4_LARGE_SIZE) : address;
    chooser->call.argument[2] = sim_chance(3) ? sim_random(16) : R4_READ | R4_WRITE;
}

static void generator_frame_map_proxies(struct chooser *chooser) {
    const struct r4_slot *space;
    chooser_invoke(chooser, R4_OP_FRAME_MAP_PROXIES, sim_chance(8) ? fits_unmapped_frame : fits_sole_frame);
    chooser->call.argument[0] = chooser_cap(chooser, fits_pd, &space);
    chooser->call.argument[1] = sim_chance(CHOOSER_WILD) ? sim_random(WINDOW_PAGES + 10) : sim_random(CHOOSER_PAGES);
}

static void generator_frame_protect(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_FRAME_PROTECT, fits_mapped_frame);
    chooser->call.argument[0] = sim_chance(8) ? sim_random(16) : R4_READ | (sim_random(4) * R4_WRITE);
}

static void generator_frame_unmap(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_FRAME_UNMAP, fits_mapped_frame);
}

/* Cap pages of the window's first table are still counted, and the table is not there: another one is refused. */
static bool window_table_is_gone(const struct instance *instance, const struct pd *pd) {
    return pd->cap_pages[0] != 0 && paging_entry(instance->direct, pd->root, R4_WINDOW_BASE, 1) == NULL;
}

static void generator_table_map(struct chooser *chooser) {
    const struct r4_slot *slot;
    chooser_invoke(chooser, R4_OP_PAGE_TABLE_MAP, fits_unmapped_table);
    uint64_t space = chooser_cap(chooser, fits_pd, &slot);
    const struct pd *pd = chooser_pd(chooser, slot);
    uint64_t address = pd != NULL && window_table_is_gone(chooser->instance, pd) ? R4_WINDOW_BASE : place(true);
    uint64_t level = pd == NULL || sim_chance(CHOOSER_WILD) ? sim_random(6) : setup_level(chooser, pd, address);
    chooser->call.argument[0] = space;
    chooser->call.argument[1] = address;
    chooser->call.argument[2] = level;
}

static void generator_table_unmap(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_PAGE_TABLE_UNMAP, fits_mapped_table);
}

static void generator_cap_page_map(struct chooser *chooser) {
    const struct r4_slot *space;
    chooser_invoke(chooser, R4_OP_CAP_PAGE_MAP, fits_unmapped_cap_page);
    chooser->call.argument[0] = chooser_cap(chooser, fits_pd, &space);
    chooser->call.argument[1] = sim_chance(CHOOSER_WILD) ? sim_random(WINDOW_PAGES + 10) : sim_random(CHOOSER_PAGES);
}

static void generator_cap_page_unmap(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_CAP_PAGE_UNMAP, fits_mapped_cap_page);
}

static void generator_configure(struct chooser *chooser) {
    const struct r4_slot *space;
    chooser_invoke(chooser, R4_OP_THREAD_CONFIGURE, fits_thread);
    chooser->call.argument[0] = chooser_cap(chooser, fits_pd, &space);
    chooser->call.argument[1] = sim_chance(CHOOSER_WILD) ? sim_random(1ULL << 48) : R4_ROOT_IMAGE;
    chooser->call.argument[2] = R4_ROOT_STACK_TOP;
    chooser->call.argument[3] = sim.step;
}

static void generator_schedule(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_THREAD_SCHEDULE, fits_thread);
    chooser->call.argument[0] = setup_place(chooser) + (sim_chance(CHOOSER_WILD) ? sim_random(1 << 24) : 0);
}

static void generator_start(struct chooser *chooser) { chooser_invoke(chooser, R4_OP_THREAD_START, fits_thread); }
static void generator_stop(struct chooser *chooser) { chooser_invoke(chooser, R4_OP_THREAD_STOP, fits_thread); }

static void generator_post(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_PEER_POST, fits_peer);
    chooser->call.argument[0] = chooser_find(chooser, fits_empty);
}

static void generator_handoff(struct chooser *chooser) {
    const struct r4_slot *memory;
    chooser_invoke(chooser, R4_OP_PEER_HANDOFF, sim_chance(8) ? fits_peer : fits_peer_to_receive_slot);
    chooser->call.argument[0] = chooser_cap(chooser, fits_handoff, &memory);
}

static void generator_assign(struct chooser *chooser) {
    const struct r4_slot *space;
    chooser_invoke(chooser, R4_OP_ASID_POOL_ASSIGN, fits_pool);
    chooser->call.argument[0] = chooser_cap(chooser, sim_chance(8) ? fits_any : fits_nameless_pd, &space);
}

static void generator_debug(struct chooser *chooser) {
    static const uint8_t operations[] = {R4_OP_DEBUG_WRITE, R4_OP_DEBUG_MILESTONE, R4_OP_DEBUG_WAIT, R4_OP_DEBUG_STAT};
    enum r4_operation operation = (enum r4_operation)operations[sim_random(R4_COUNT(operations))];
    chooser_invoke(chooser, operation, fits_debug);
    chooser->call.argument[0] = sim_random(8);
    chooser->call.argument[1] = sim_random(8);
    if (operation == R4_OP_DEBUG_MILESTONE) {
        chooser->call.argument[0] = chooser->instance->header->milestone + 1;
    }
}

static void generator_nonsense(struct chooser *chooser) {
    chooser_invoke(chooser, (enum r4_operation)sim_random(R4_OP_DEBUG_WAIT), fits_any);
    chooser->call.operation += sim_chance(10) ? R4_OP_COUNT : 0;
    for (uint32_t i = 0; i < 4; i++) {
        chooser->call.argument[i] = sim_random(UINT64_MAX) >> sim_random(64);
    }
}

static const struct {
    void (*generate)(struct chooser *);
    uint32_t weight;
    uint32_t remote; /* times sim.remoteness */
    uint32_t storm;  /* times sim.storm */
    bool breaks;     /* rare in a peaceful seed */
    uint32_t loans;  /* times sim.loans */
} choices[] = {
    {generator_copy, 8, 0, 40, false, 0},         {generator_mint, 3, 0, 0, false, 0},
    {generator_link, 8, 0, 10, false, 0},         {generator_move, 6, 0, 0, true, 0},
    {generator_delete, 7, 0, 1, true, 0},         {generator_revoke, 5, 1, 4, true, 0},
    {generator_inspect, 4, 0, 0, false, 0},       {generator_retype, 20, 0, 0, false, 0},
    {generator_frame_map, 10, 0, 0, false, 0},    {generator_frame_map_proxies, 2, 0, 0, false, 0},
    {generator_frame_protect, 3, 0, 0, false, 0}, {generator_frame_unmap, 4, 0, 0, true, 0},
    {generator_table_map, 6, 0, 0, false, 0},     {generator_table_unmap, 3, 0, 0, true, 0},
    {generator_cap_page_map, 4, 0, 0, false, 0},  {generator_cap_page_unmap, 1, 0, 0, true, 0},
    {generator_configure, 5, 0, 0, false, 0},     {generator_schedule, 4, 0, 0, false, 0},
    {generator_start, 4, 0, 0, false, 0},         {generator_stop, 3, 0, 0, true, 0},
    {generator_post, 2, 2, 0, false, 0},          {generator_handoff, 2, 3, 0, true, 0},
    {generator_assign, 2, 0, 0, false, 0},        {generator_debug, 2, 0, 0, false, 0},
    {generator_nonsense, 3, 0, 0, false, 0},      {setup_space, 24, 0, 0, false, 0},
    {setup_thread, 12, 0, 40, false, 0},          {loans_post, 0, 0, 0, false, 20},
    {loans_handoff, 0, 0, 0, false, 60},          {loans_split, 0, 0, 0, false, 30},
    {loans_map_page, 0, 0, 0, false, 30},         {loans_move, 0, 0, 0, false, 60},
    {loans_revoke, 0, 0, 0, false, 16},           {loans_delete, 0, 0, 0, false, 20},
};

static uint64_t weight_of(size_t choice) {
    uint64_t weight = choices[choice].weight + choices[choice].remote * sim.remoteness +
                      choices[choice].storm * sim.storm + choices[choice].loans * sim.loans;
    return choices[choice].breaks && sim.peace ? weight : weight * GENERATOR_PEACE;
}

static size_t choice_draw(void) {
    uint64_t total = 0;
    for (size_t i = 0; i < R4_COUNT(choices); i++) {
        total += weight_of(i);
    }
    uint64_t at = sim_random(total);
    size_t choice = 0;
    while (at >= weight_of(choice)) {
        at -= weight_of(choice);
        choice++;
    }
    return choice;
}

struct call generator_call(const struct instance *instance, struct thread *caller) {
    struct chooser chooser = {.instance = instance, .caller = caller};
    bool suicidal = sim_chance(GENERATOR_SUICIDAL);
    for (uint32_t try = 0; try == 0 || (try < CHOOSER_TRIES && chooser.failed); try++) {
        chooser = (struct chooser){.instance = instance, .caller = caller, .suicidal = suicidal};
        choices[choice_draw()].generate(&chooser);
    }
    return chooser.call;
}
